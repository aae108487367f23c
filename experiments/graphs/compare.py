#!/usr/bin/env python3
"""Does alignment help on other graphs? GAT, GATv2 and TransformerConv, plain and aligned, paired by seed and split.

  compare.py [--runs 20] [--datasets NAME ...] [--methods gan ct] [--attune FILE]

Options are attune's defaults, but for alignment in every step, as in the paper; nothing is tuned to a data set. Run s takes published split s mod 10 where
there are ten, else the public one (Planetoid) or a random one of its own, 20 nodes a class to train on. Every
sweep is a line of results/compare.jsonl; one that is there already is not run again. Writes results/compare.md.
"""
import argparse, json, os, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import sweeps

TEN = ["--split", "all"]
DATASETS = {
    "cora": [], "citeseer": [],
    "gnn-benchmark/cora": ["--split", "random"], "gnn-benchmark/citeseer": ["--split", "random"],
    "texas": TEN, "cornell": TEN, "wisconsin": TEN, "chameleon_filtered": TEN, "chameleon": TEN, "actor": TEN,
    "minesweeper": TEN, "squirrel": TEN,
    "amazon_photo": ["--split", "random"], "amazon_cs": ["--split", "random"], "coauthor_cs": ["--split", "random"],
}
MODELS = ["gat", "gatv2", "transformer"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--datasets", nargs="+", default=list(DATASETS))
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--methods", nargs="+", default=["gan", "ct"])
    parser.add_argument("--epochs", default="500", help="at most")
    parser.add_argument("--attune", default=os.path.join(HERE, "../../build/release/attune"))
    args = parser.parse_args()
    sweeps.find_data()
    log = sweeps.Log(os.path.join(HERE, "results/compare.jsonl"), args.attune)
    rows = []
    for dataset in args.datasets:
        for model in args.models:
            shared = ["--model", model, *DATASETS[dataset], "--epochs", args.epochs]
            plain = log.sweep(dataset, shared, args.runs)
            rows.append([dataset, model, sweeps.percent(plain), len(plain), "", "", "",
                         f"{sweeps.mean_of(plain, 'mmd'):.4f}", f"{sweeps.mean_of(plain, 'ece'):.3f}"])
            print(*rows[-1], sep=" | ", flush=True)
            for method in args.methods:
                runs = log.sweep(dataset, [*shared, "--align", method, "--align-every", "1"], args.runs)
                rows.append([dataset, model, sweeps.percent(runs), len(runs), "AA-" + method.upper(),
                             *sweeps.difference(sweeps.paired(runs, plain)),
                             f"{sweeps.mean_of(runs, 'mmd'):.4f}", f"{sweeps.mean_of(runs, 'ece'):.3f}"])
                print(*rows[-1], sep=" | ", flush=True)
    sweeps.write_table(os.path.join(HERE, "results/compare.md"),
                       ["data set", "network", "test accuracy, %", "n", "aligned", "to plain, points (95%)", "p",
                        "MMD of heads", "ECE"], rows)


main()
