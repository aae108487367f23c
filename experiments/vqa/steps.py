#!/usr/bin/env python3
"""What alignment costs a small MCAN: time of a training step, soft attention against AA-GAN, AA-OT and AA-CT.

  steps.py [--data FOLDER] [--rounds 7] [--steps 300] [--threads 1] [--attune FILE]

The methods take turns, so that all of them meet the same machine; the ratios are medians over the rounds of the ratio within a
round. Lambda does not change the time. Writes results/steps.md.
"""
import argparse, os, statistics, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.dirname(HERE))
import questions
import sweeps
from questions import METHODS, OPTIONS, TRAINING

PAPER = {"soft": "43.3 M, 0.25 s", "gan": "43.4 M, 0.31 s", "ct": "43.4 M, 0.36 s"}


WARM_UP = 100  # steps of the shorter of two runs, whose difference has neither the first steps nor the validation at the end


def train(args, method, steps):
    align = [] if method == "soft" else ["--align", method, *OPTIONS[method]]
    return questions.run(args.attune, args.data, "--threads", str(args.threads), "train", *TRAINING, *align, "--steps", str(steps),
                         "--eval-every", str(steps), "--pavpu-samples", "0")


def measure(args, method):
    """Mean milliseconds a step, parameters and those of the regulariser."""
    before, result = train(args, method, WARM_UP), train(args, method, WARM_UP + args.steps)
    run = result["runs"][0]
    seconds = run["seconds"] - before["runs"][0]["seconds"]
    return 1e3 * seconds / args.steps, result["parameters"], run.get("align_parameters", 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    questions.add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    questions.generate(args.data, args.attune)
    found = {method: [] for method in ["soft", *METHODS]}
    for _ in range(args.rounds):
        for method, measured in found.items():
            measured.append(measure(args, method))
    rows = []
    for method, measured in found.items():
        ratio = statistics.median(m[0] / s[0] for m, s in zip(measured, found["soft"]))
        rows.append([METHODS.get(method, method), f"{measured[0][1]:,}", f"{measured[0][2]:,}",
                     f"{statistics.median(m[0] for m in measured):.2f}", f"{ratio:.2f}", PAPER.get(method, "")])
        print(*rows[-1], sep=" | ", flush=True)
    sweeps.write_table(os.path.join(HERE, "results/steps.md"),
                       ["attention", "parameters", "of the regulariser", "ms a step", "to soft", "paper"], rows,
                       [f"Batches of 32 questions, {args.threads} thread, mean of {args.steps} steps, median of {args.rounds} rounds. "
                        "Every second step is aligned. The paper's times are of another machine and a larger model."])


if __name__ == "__main__":
    main()
