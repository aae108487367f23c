#!/usr/bin/env python3
"""Chooses the network and the options of each alignment distance by mean validation accuracy.

  search.py [--runs 10] [--first-seed 1000] [--methods gan ot ct mmd] [--attune FILE]

First the network that carries the heads, without alignment, from CARRIERS: for each data set the one with the
highest mean validation accuracy. Then each distance, on that network with the options of CANDIDATES and on a GAT with
those of ON_GAT, again for each data set.
Seeds are not those of table4.py, and figures of test nodes are neither kept nor printed. Every sweep is a
line of results/search.jsonl; one that is there already is not run again. Writes table4.json and results/search.md.
"""
import argparse, json, os, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import sweeps

VALUES = ["--value-dropout", "0.6"]
V2 = ["--model", "gatv2", *VALUES]
TRANSFORMER = ["--model", "transformer", "--no-root-weight"]
CARRIERS = [[], VALUES, [*VALUES, "--dropout", "0.7"], [*VALUES, "--weight-decay", "0.001"],
            ["--model", "gatv2"], V2, [*TRANSFORMER], [*TRANSFORMER, *VALUES], [*TRANSFORMER, *VALUES, "--dropout", "0.7"],
            [*V2, "--weight-decay", "0.001"], [*V2, "--hidden-channels", "16"], [*V2, "--lr", "0.01"],
            [*V2, "--dropout", "0.7"], [*V2, "--dropout", "0.8"], [*V2, "--attention-dropout", "0.3"],
            [*V2, "--dropout", "0.7", "--weight-decay", "0.001"], [*V2, "--out-heads", "8"],
            [*V2, "--weight-decay", "0.001", "--hidden-channels", "16"],
            [*V2, "--dropout", "0.7", "--hidden-channels", "16"]]


def weight(*values):
    return [["--align-weight", value] for value in values]


CANDIDATES = {
    "gan": [*weight("0.01", "0.1"), ["--align-layers", "hidden"], ["--align-reversal", "10"]],
    "ct": [*weight("0.01", "0.1"), ["--align-layers", "hidden"], ["--ct-cost", "chord"]],
    "mmd": weight("0.01", "0.1", "1"),
    "ot": [*weight("0.01", "0.1"), ["--ot-cost", "cosine", "--align-weight", "0.1"]],
}
ON_GAT = [[], ["--gat-heads", "logit"]]


def options_text(options):
    return " ".join(options) or "defaults"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--methods", nargs="*", default=list(CANDIDATES))
    parser.add_argument("--datasets", nargs="+", default=["cora", "citeseer"])
    parser.add_argument("--attune", default=os.path.join(HERE, "../../build/release/attune"))
    args = parser.parse_args()
    sweeps.find_data()
    log = sweeps.Log(os.path.join(HERE, "results/search.jsonl"), args.attune, test=False)
    rows = []

    def best(kind, dataset, candidates):
        tried = []
        for network, extra in candidates:
            options = [*network, *extra]
            runs = log.sweep(dataset, options, args.runs, args.first_seed)
            tried.append((sweeps.mean_of(runs, "val_accuracy"), {"network": network, "align": extra}))
            rows.append([dataset, kind, options_text(options), sweeps.percent(runs, "val_accuracy"),
                         f"{sweeps.mean_of(runs, 'mmd'):.4f}"])
            print(*rows[-1], sep=" | ", flush=True)
        return max(tried, key=lambda entry: entry[0])[1]

    chosen = {}
    for dataset in args.datasets:
        carrier = best("none", dataset, [(network, []) for network in CARRIERS])
        chosen[dataset] = {"none": carrier}
        for method in args.methods:
            align = ["--align", method, "--align-every", "1"]  # every step, as in the paper
            candidates = [(carrier["network"], [*align, *extra]) for extra in CANDIDATES[method]]
            chosen[dataset][method] = best(
                method, dataset, candidates + [(VALUES, [*align, *extra]) for extra in ON_GAT])
    with open(os.path.join(HERE, "table4.json"), "w") as file:
        json.dump(chosen, file, indent=1)
        file.write("\n")
    note = f"Means and standard deviations over seeds {args.first_seed} to {args.first_seed + args.runs - 1}."
    sweeps.write_table(os.path.join(HERE, "results/search.md"),
                       ["data set", "distance", "options", "validation accuracy, %", "MMD of heads"], rows, [note])


main()
