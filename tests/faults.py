#!/usr/bin/env python3
"""Hurts runs and shows that nothing is lost: kills training with SIGKILL at random moments, fails
each write, sync and rename of a checkpoint in turn, fills the disk, and takes the right to write.
After each the last good checkpoint must load, and the resumed run must end with the very bits of
one that was left alone. Apart from tests/run.sh, which kills a few runs only.

    tests/faults.py [--attune build/release/attune] [--kills 200] [--seed 0]

Disks of their own take root (a tmpfs is mounted), failing system calls takes strace; without them
those parts say that they were skipped. Ends with status 1 at the first promise that is broken.
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TRAINING = ["train", "--dataset", "citation-like:300", "--align", "ct", "--epochs", "600",
            "--patience", "0", "--checkpoint-every", "5", "--threads", "1", "--quiet"]
TIMES = ("command", "environment", "peak_rss_bytes", "seconds", "ms_per_epoch")


def check(truth, message):
    if not truth:
        sys.exit(f"faults.py: {message}")


def without_times(value):
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k not in TIMES}
    return [without_times(v) for v in value] if isinstance(value, list) else value


class Runs:
    """Training runs of one command; `expected` is the result of one that was left alone."""

    def __init__(self, attune, folder):
        self.attune = attune
        started = time.monotonic()
        self.expected = self.finish(folder / "whole")
        self.seconds = time.monotonic() - started

    def training(self, run, *more):
        return [self.attune, *TRAINING, "--resume" if self.loads(run) else "--out", run, *more]

    def loads(self, run):
        """Whether the run's folder holds a checkpoint; one that is there must load."""
        if not (run / "checkpoint.json").exists():
            return False
        done = subprocess.run([self.attune, "evaluate", "--checkpoint", run, "--quiet"],
                              capture_output=True, text=True)
        check(done.returncode == 0, f"{run}: the last checkpoint does not load:\n{done.stderr}")
        return True

    def finish(self, run):
        result = run.parent / f"{run.name}.json"
        done = subprocess.run(self.training(run, "--json", result), capture_output=True, text=True)
        check(done.returncode == 0, f"{run}: ended with {done.returncode}:\n{done.stderr}")
        return without_times(json.loads(result.read_text()))

    def expect_same_end(self, run, after):
        check(self.finish(run) == self.expected, f"{run}: ends otherwise after {after}")
        stale = [name for name in os.listdir(run) if name.endswith(".partial")]
        check(not stale, f"{run}: {stale} left behind after {after}")


def kill_training(runs, folder, kills, rng):
    """Each run is killed until it gets to its end between two kills."""
    done = runs_done = 0
    while done < kills:
        run = folder / f"killed-{runs_done}"
        for _ in range(8):
            child = subprocess.Popen(runs.training(run), stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0.005, 0.7 * runs.seconds))
            child.send_signal(signal.SIGKILL)
            done += child.wait() == -signal.SIGKILL
        runs.expect_same_end(run, "SIGKILL")
        shutil.rmtree(run)
        runs_done += 1
    return f"{done} kills over {runs_done} runs; every run ended with the same bits"


def kill_sweep(attune, folder, rng):
    """A sweep writes its result whole or not at all."""
    command = [attune, "sweep", *TRAINING[1:-5], "--runs", "4", "--quiet", "--json"]
    left = 0
    for i in range(20):
        result = folder / f"sweep-{i}.json"
        child = subprocess.Popen([*command, result], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.005, 1.5))
        child.send_signal(signal.SIGKILL)
        child.wait()
        if result.exists():
            json.loads(result.read_text())
            left += 1
    return f"20 kills; {left} results were written, each whole"


def fail_calls(runs, folder):
    """The n-th write, sync or rename of the process fails, for all n of the first savings."""
    if not shutil.which("strace"):
        return "skipped: no strace"
    cases = [(call, error, n) for call, error in
             (("write", "ENOSPC"), ("fsync", "EIO"), ("rename", "EIO")) for n in range(1, 25)]
    refused = 0
    for call, error, n in cases:
        run = folder / f"failed-{call}-{n}"
        trace = folder / "trace"
        done = subprocess.run(
            ["strace", "-f", "-o", trace, "-e", f"trace={call}",
             "-e", f"inject={call}:error={error}:when={n}", *runs.training(run)],
            capture_output=True, text=True)
        if not trace.exists() or "ptrace" in done.stderr:
            return f"skipped: strace cannot trace here ({done.stderr.strip()[:80]})"
        injected = "(INJECTED)" in trace.read_text()
        check(not injected or done.returncode in (1, 2) or call == "write",
              f"{call} number {n} failed and the command ended with {done.returncode}")
        if done.returncode != 0:
            refused += 1
            check(str(run) in done.stderr, f"{call} number {n}: the file is not named:\n{done.stderr}")
        runs.expect_same_end(run, f"a failed {call}, number {n}")
        shutil.rmtree(run)
    return f"{len(cases)} calls failed one at a time, {refused} runs stopped and named the file; all resumed to the same bits"


@contextlib.contextmanager
def small_disk(folder, size):
    disk = folder / f"disk-{size}"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def may_mount(folder):
    probe = folder / "probe"
    probe.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", probe], capture_output=True)
    if done.returncode == 0:
        subprocess.run(["umount", probe], check=True)
    return done.returncode == 0


def disk_use(run):
    return sum(file.stat().st_size for file in run.iterdir())


def fill_disk(runs, folder):
    """A disk with room for a part of a second checkpoint beside the first, then one with more."""
    if not may_mount(folder):
        return "skipped: a disk cannot be mounted"
    saved = disk_use(folder / "whole")
    tried = []
    for share in (0.3, 0.7, 1.0, 1.2, 1.5, 1.8):
        size = int(saved * share)
        with small_disk(folder, size) as disk:
            run = disk / "run"
            done = subprocess.run(runs.training(run), capture_output=True, text=True)
            check(done.returncode in (1, 2) and "No space left" in done.stderr,
                  f"a disk of {size} bytes: status {done.returncode}, {done.stderr}")
            tried.append(runs.loads(run))
            subprocess.run(["mount", "-o", f"remount,size={saved * 10}", disk], check=True)
            runs.expect_same_end(run, f"a full disk of {size} bytes")
    return (f"{len(tried)} sizes of disk, {sum(tried)} with a checkpoint on it when it was full; "
            "all ended with the same bits once there was room")


def take_rights(runs, folder, rng):
    """The disk becomes read-only while a run is saved to it."""
    if not may_mount(folder):
        return "skipped: a disk cannot be mounted"
    stopped = 0
    with small_disk(folder, disk_use(folder / "whole") * 50) as disk:
        for i in range(10):
            run = disk / f"run-{i}"
            child = subprocess.Popen(runs.training(run), stdout=subprocess.DEVNULL,
                                     stderr=subprocess.PIPE, text=True)
            time.sleep(rng.uniform(0.02, runs.seconds * 0.7))
            while subprocess.run(["mount", "-o", "remount,ro", disk],
                                 capture_output=True).returncode:  # a file is being written
                time.sleep(0.0005)
            message = child.communicate()[1]
            if child.returncode:
                stopped += 1
                check(re.search("Read-only", message), f"the reason is not told: {message}")
                check(child.returncode in (1, 2), f"ended with {child.returncode}")
            subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
            runs.expect_same_end(run, "a disk that was read-only")
    check(stopped, "no run met the read-only disk")
    return f"10 runs, {stopped} stopped by a read-only disk; all resumed to the same bits"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    repository = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--attune", default=repository / "build/release/attune", type=pathlib.Path)
    parser.add_argument("--kills", default=200, type=int)
    parser.add_argument("--seed", default=0, type=int)
    options = parser.parse_args()
    check(options.attune.exists(), f"--attune {options.attune}: not there; build it")
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        runs = Runs(options.attune, folder)
        for title, part in (("training killed", lambda: kill_training(runs, folder, options.kills, rng)),
                            ("sweep killed", lambda: kill_sweep(options.attune, folder, rng)),
                            ("calls that fail", lambda: fail_calls(runs, folder)),
                            ("full disk", lambda: fill_disk(runs, folder)),
                            ("read-only disk", lambda: take_rights(runs, folder, rng))):
            print(f"{title}: {part()}", flush=True)


if __name__ == "__main__":
    main()
