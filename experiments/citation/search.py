#!/usr/bin/env python3
"""Chooses the options of each alignment distance by mean validation accuracy.

  search.py [--runs 8] [--first-seed 1000] [--methods gan ot ct mmd] [--attune FILE]

Tries the candidates below on Cora and CiteSeer with seeds that table4.py does not use, and takes for
each distance the one with the highest mean of the two data sets' mean validation accuracies. Test
accuracy is neither read nor printed. Writes table4.json and results/search.md.
"""
import argparse, json, os, subprocess, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CANDIDATES = {
    "gan": [[], ["--gat-heads", "logit"], ["--align-layers", "hidden"], ["--align-weight", "0.03"],
            ["--align-weight", "0.003"], ["--align-reversal", "10"]],
    "ct": [[], ["--gat-heads", "logit"], ["--align-layers", "hidden"], ["--align-weight", "0.03"],
           ["--align-weight", "0.003"], ["--align-support", "edges"]],
    "ot": [[], ["--gat-heads", "logit"], ["--align-layers", "hidden"], ["--align-weight", "0.1"],
           ["--ot-eps", "0.1"]],
    "mmd": [[], ["--gat-heads", "logit"], ["--align-layers", "hidden"], ["--align-weight", "0.1"],
            ["--mmd-sigma-median"]],
}


def validation_accuracy(args, dataset, method, options):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run([args.attune, "sweep", "--quiet", "--dataset", dataset, "--align", method, "--runs",
                        str(args.runs), "--seed", str(args.first_seed), "--jobs", "2", "--json", file.name, *options],
                       check=True)
        runs = json.load(open(file.name))["runs"]
    return sum(run["val_accuracy"] for run in runs) / len(runs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--methods", nargs="+", default=list(CANDIDATES))
    parser.add_argument("--attune", default="../../build/release/attune")
    os.chdir(HERE)
    args = parser.parse_args()
    if "ATTUNE_DATA" not in os.environ and os.path.isdir("../../../shared/datasets"):
        os.environ["ATTUNE_DATA"] = "../../../shared/datasets"
    os.makedirs("results", exist_ok=True)
    chosen = json.load(open("table4.json")) if os.path.exists("table4.json") else {}
    lines = [f"Mean validation accuracy, %, of seeds {args.first_seed} to {args.first_seed + args.runs - 1}.", "",
             "| distance | options | Cora | CiteSeer | mean |", "|---|---|---|---|---|"]
    plain = [validation_accuracy(args, dataset, "none", []) for dataset in ("cora", "citeseer")]
    for method in ["none", *args.methods]:
        best = None
        for options in CANDIDATES.get(method, [[]]):
            values = plain if method == "none" else [validation_accuracy(args, dataset, method, options)
                                                     for dataset in ("cora", "citeseer")]
            mean = sum(values) / 2
            lines.append(f"| {method} | {' '.join(options) or 'defaults'} | {100 * values[0]:.2f} | "
                         f"{100 * values[1]:.2f} | {100 * mean:.2f} |")
            print(lines[-1], flush=True)
            if best is None or mean > best["validation_accuracy"]:
                best = {"options": options, "validation_accuracy": mean}
        if method != "none":
            chosen[method] = best
    with open("table4.json", "w") as file:
        json.dump(chosen, file, indent=1)
        file.write("\n")
    with open("results/search.md", "w") as file:
        file.write("\n".join(lines) + "\n")


main()
