#!/usr/bin/env python3
"""What alignment costs a small encoder: time of a training step on SST-2, soft attention against AA-GAN, AA-OT and AA-CT.

  steps.py [--encoder DIR] [--rounds 7] [--steps 150] [--threads 2] [--attune FILE]

The methods take turns, so that all of them meet the same machine; the ratios are medians over the rounds of the ratio within a
round. Lambda does not change the time. Writes results/steps.md.
"""
import argparse, os, statistics, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import sweeps
import texts
from finetune import METHODS, OPTIONS


def measure(args, method):
    """Milliseconds a step, parameters and those of the regulariser."""
    align = [] if method == "soft" else ["--align", method, *OPTIONS[method]]
    with tempfile.TemporaryDirectory() as folder:
        models = texts.Models(folder, args.attune, args.encoder, threads=args.threads)
        result = models.run("train", "--task", "sst2", *align, "--steps", str(args.steps), "--keep", "last", "--model",
                            args.encoder, "--out", os.path.join(folder, "run"))
    run = result["runs"][0]
    return run["ms_per_step"], result["parameters"], run.get("align_parameters", 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default=os.path.join(HERE, "../../build/text/encoder"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--attune", default=os.path.join(HERE, "../../build/release/attune"))
    args = parser.parse_args()
    sweeps.find_data()
    texts.pretrain(args.encoder, args.attune)
    found = {method: [] for method in ["soft", *METHODS]}
    for _ in range(args.rounds):
        for method, measured in found.items():
            measured.append(measure(args, method))
    rows = []
    for method, measured in found.items():
        ratio = statistics.median(m[0] / s[0] for m, s in zip(measured, found["soft"]))
        rows.append([METHODS.get(method, method), f"{measured[0][1]:,}", f"{measured[0][2]:,}",
                     f"{statistics.median(m[0] for m in measured):.2f}", f"{ratio:.2f}"])
        print(*rows[-1], sep=" | ", flush=True)
    sweeps.write_table(os.path.join(HERE, "results/steps.md"),
                       ["attention", "parameters", "of the regulariser", "ms a step", "to soft"], rows,
                       [f"SST-2, batches of 32, {args.threads} threads, {args.rounds} rounds of {args.steps} steps."])


if __name__ == "__main__":
    main()
