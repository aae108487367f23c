#!/usr/bin/python3
"""Time and memory of a training step of transformer encoders against plain PyTorch, alternately in one run.

  encoder.py --peers DIR [--rounds 5] [--bench FILE]

DIR holds torch_encoder.py: the same layers as torch.nn modules, forward, mean squared error, backward and Adam. Every
round runs each program once in a process of its own, one after the other, so that a slow moment of the machine meets
both; reported are medians over the rounds and the most memory that a process held. Two threads each. PyTorch gets
OpenBLAS with OpenMP, tcmalloc where it is installed, and OMP_NUM_THREADS = 2. Writes results/encoder.json and
results/encoder.md.

Needs python3-torch, libopenblas0-openmp, libtcmalloc-minimal4, and encoder_bench (cmake --preset bench).
"""
import argparse, json, os, platform, re, statistics, subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"  # Debian's: the one that has Debian's torch
OPENBLAS = "/usr/lib/x86_64-linux-gnu/openblas-openmp"
TCMALLOC = "/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4"
SHAPES = {  # texts, tokens, channels, heads, layers; repetitions of PyTorch
    "small": ("4 layers of 256, 4 heads, 32 texts of 128", (32, 128, 256, 4, 4), 3),
    "albert_layer": ("1 layer of 768, 12 heads, 8 texts of 128", (8, 128, 768, 12, 1), 5),
}


def run(command, more=None):
    """Output of a process and the most memory it held, in MiB."""
    environment = os.environ | (more or {})
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{command[0]}: status {status}")
    return text, usage.ru_maxrss / 1024


def torch(args, shape, dropout):
    _, sizes, repetitions = SHAPES[shape]
    environment = {"OMP_NUM_THREADS": "2"}
    if os.path.isdir(OPENBLAS):
        environment["LD_LIBRARY_PATH"] = OPENBLAS
    if os.path.exists(TCMALLOC):
        environment["LD_PRELOAD"] = TCMALLOC
    program = (f"import sys; sys.path.insert(0, {os.path.abspath(args.peers)!r}); import torch, torch_encoder; "
               f"torch.set_num_threads(2); torch_encoder.run('x', *{sizes!r}, {dropout}, {repetitions})")
    text, memory = run([PYTHON, "-c", program], environment)
    return {"step_ms": float(re.search(r"train step ([\d.]+) ms", text).group(1)),
            "inference_ms": float(re.search(r"inference ([\d.]+) ms", text).group(1)), "memory_mib": memory}


def attune(args, shape, dropout):
    names = f"^(train/{shape}/threads:2/dropout%:{round(100 * dropout)}/|infer/{shape}/)"
    text, memory = run([args.bench, f"--benchmark_filter={names}", "--benchmark_min_time=1", "--benchmark_format=json"])
    step, inference = (bench["real_time"] for bench in json.loads(text)["benchmarks"])
    return {"step_ms": step, "inference_ms": inference, "memory_mib": memory}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bench", default=f"{HERE}/../../build/bench/tests/bench/encoder_bench")
    args = parser.parse_args()
    runs = []
    for number in range(args.rounds):
        for shape in SHAPES:
            for dropout in (0.1, 0.0):
                for name, program in (("attune", attune), ("torch_encoder.py", torch)):
                    runs.append({"round": number, "shape": shape, "dropout": dropout, "program": name}
                                | program(args, shape, dropout))
                    print(runs[-1], flush=True)
    lines = ["| encoder | dropout | program | step, ms | ratio | inference, ms | ratio | memory, MiB |",
             "|---|---|---|---|---|---|---|---|"]
    for shape, (label, _, _) in SHAPES.items():
        for dropout in (0.1, 0.0):
            of = {}
            for name in ("attune", "torch_encoder.py"):
                mine = [r for r in runs if (r["shape"], r["dropout"], r["program"]) == (shape, dropout, name)]
                of[name] = {key: statistics.median(r[key] for r in mine)
                            for key in ("step_ms", "inference_ms", "memory_mib")}
            base = of["attune"]
            for name, m in of.items():
                lines.append(f"| {label} | {dropout} | {name} | {m['step_ms']:.0f} | {m['step_ms'] / base['step_ms']:.1f} | "
                             f"{m['inference_ms']:.0f} | {m['inference_ms'] / base['inference_ms']:.1f} | "
                             f"{m['memory_mib']:.0f} |")
    os.makedirs(f"{HERE}/results", exist_ok=True)
    with open(f"{HERE}/results/encoder.json", "w") as file:
        json.dump({"machine": platform.processor() or platform.machine(), "threads": 2, "runs": runs}, file, indent=1)
        file.write("\n")
    with open(f"{HERE}/results/encoder.md", "w") as file:
        file.write("\n".join(lines) + "\n")
    print("\n".join(lines))


main()
