#!/usr/bin/env python3
"""How strong should alignment be? Test accuracy, distance and calibration against lambda, paired by seed.

  ablation.py [--runs 20] [--datasets cora citeseer] [--methods gan ot ct mmd] [--attune FILE]

The plain GAT of Velickovic et al. with lambda from 0.001 to 1 and everything else at its default, seeds 0 and up. A
description of what lambda does, from which nothing was chosen. Every sweep is a line of
results/ablation.jsonl; one that is there already is not run again. Writes results/ablation.md.
"""
import argparse, os, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import sweeps

WEIGHTS = ["0.001", "0.01", "0.1", "1"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--datasets", nargs="+", default=["cora", "citeseer"])
    parser.add_argument("--methods", nargs="+", default=["gan", "ot", "ct", "mmd"])
    parser.add_argument("--attune", default=os.path.join(HERE, "../../build/release/attune"))
    args = parser.parse_args()
    sweeps.find_data()
    log = sweeps.Log(os.path.join(HERE, "results/ablation.jsonl"), args.attune)
    rows = []
    for dataset in args.datasets:
        plain = log.sweep(dataset, [], args.runs)
        for method, value in [("none", "0"), *((m, w) for m in args.methods for w in WEIGHTS)]:
            runs = plain if method == "none" else log.sweep(
                dataset, ["--align", method, "--align-every", "1", "--align-weight", value], args.runs)
            mmd = sweeps.mean_of(runs, "mmd")
            test = ["", ""] if method == "none" else sweeps.difference(sweeps.paired(runs, plain))
            rows.append([dataset, method, value, sweeps.percent(runs), len(runs), *test, f"{mmd:.4f}",
                         f"{sweeps.mean_of(plain, 'mmd') / max(mmd, 1e-12):.1f}", f"{sweeps.mean_of(runs, 'nll'):.3f}",
                         f"{sweeps.mean_of(runs, 'ece'):.3f}"])
            print(*rows[-1], sep=" | ", flush=True)
    sweeps.write_table(os.path.join(HERE, "results/ablation.md"),
                       ["data set", "distance", "lambda", "test accuracy, %", "n", "to plain GAT, points (95%)", "p",
                        "MMD of heads", "smaller by a factor of", "NLL", "ECE"], rows)


main()
