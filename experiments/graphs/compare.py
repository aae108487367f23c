#!/usr/bin/env python3
"""Does alignment help on other graphs? GAT, GATv2 and TransformerConv, plain and aligned, paired by seed and split.

  compare.py [--runs 20] [--datasets NAME ...] [--attune FILE]

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
    "cora": [], "citeseer": [], "gnn-benchmark/citeseer": ["--split", "random"],
    "texas": TEN, "cornell": TEN, "wisconsin": TEN, "chameleon": TEN, "chameleon_filtered": TEN, "actor": TEN,
    "minesweeper": TEN,
}
LARGER = {  # hours on two cores; by name alone
    "gnn-benchmark/cora": ["--split", "random"], "squirrel": TEN,
    "amazon_photo": ["--split", "random"], "amazon_cs": ["--split", "random"], "coauthor_cs": ["--split", "random"],
}
MODELS = ["gat", "gatv2", "transformer"]


METHODS = ["gan", "ct"]


def score_of(runs):
    """What is compared: accuracy, or, of two classes (minesweeper, where 80 % are of one), the area under the ROC curve."""
    return "roc_auc" if "roc_auc" in runs[0] else "test_accuracy"


def figures(runs):
    return f"{sweeps.mean_of(runs, 'mmd'):.4f}", f"{sweeps.mean_of(runs, 'ece'):.3f}"


class Tables:
    def __init__(self):
        self.rows, self.short, self.tests = [], [], []

    def add(self, dataset, model, plain, aligned):
        score = score_of(plain)
        self.rows.append([dataset, model, sweeps.percent(plain, score), len(plain), "", "", "", *figures(plain)])
        changes = []
        for method, runs in aligned.items():
            test = sweeps.paired(runs, plain, score)
            self.tests.append((test, f"AA-{method.upper()} on {dataset} with {model}"))
            self.rows.append([dataset, model, sweeps.percent(runs, score), len(runs), "AA-" + method.upper(),
                              *sweeps.difference(test), *figures(runs)])
            changes.append(f"{test['mean']:+.1f}" + ("*" if test["p"] < 0.05 else ""))
        if not self.short or self.short[-1][0] != dataset:
            self.short.append([dataset])
        self.short[-1].append(f"{100 * sweeps.mean_of(plain, score):.1f} ({', '.join(changes)})")

    def summary(self):
        low = [(test, name) for test, name in self.tests if test["p"] < 0.05]
        survive = [f"{name} ({test['mean']:+.2f})" for test, name in low if test["p"] < 0.05 / len(self.tests)]
        return (f"Of {len(self.tests)} comparisons, {len(low)} have p < 0.05 where chance alone gives "
                f"{0.05 * len(self.tests):.0f}: {sum(t['mean'] > 0 for t, _ in low)} up, {sum(t['mean'] < 0 for t, _ in low)} down. "
                f"After Bonferroni's correction: {', '.join(survive) or 'none'}.")

    def write(self, path):
        sweeps.write_table(path, ["data set", "network", "test score, %", "n", "aligned", "to plain, points (95%)", "p",
                                  "MMD of heads", "ECE"], self.rows,
                           ["Score: accuracy; of minesweeper the area under the ROC curve.", self.summary()])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--datasets", nargs="+", default=list(DATASETS))
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--epochs", default="500", help="at most")
    parser.add_argument("--attune", default=os.path.join(HERE, "../../build/release/attune"))
    args = parser.parse_args()
    sweeps.find_data()
    log = sweeps.Log(os.path.join(HERE, "results/compare.jsonl"), args.attune)
    tables = Tables()
    for dataset in args.datasets:
        for model in args.models:
            shared = ["--model", model, *{**DATASETS, **LARGER}[dataset], "--epochs", args.epochs]
            plain = log.sweep(dataset, shared, args.runs)
            aligned = {m: log.sweep(dataset, [*shared, "--align", m, "--align-every", "1"], args.runs) for m in METHODS}
            tables.add(dataset, model, plain, aligned)
        print(" | ".join(tables.short[-1]), flush=True)
    tables.write(os.path.join(HERE, "results/compare.md"))
    print(tables.summary())


main()
