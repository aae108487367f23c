#!/usr/bin/env python3
"""The graph table of the paper: GAT, plain and aligned by each distance, paired by seed.

  table4.py [--runs 100] [--datasets cora citeseer] [--methods gan ot ct mmd] [--attune FILE]

Runs `attune sweep` for every method on the same seeds, and compares each with plain GAT seed by
seed. Options of each method are those of table4.json, which search.py chose on validation accuracy.
A sweep whose result file is there already, with as many runs and the same options, is not run again.
Writes results/table4_DATASET_METHOD.json, results/table4.md and results/table4.json.
"""
import argparse, json, os, subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
PAPER = {"cora": {"none": 83.00, "gan": 83.78, "ct": 83.80},
         "citeseer": {"none": 72.50, "gan": 73.32, "ct": 73.49},
         "pubmed": {"none": 77.26, "gan": 78.77, "ct": 78.79}}
NAMES = {"none": "GAT", "gan": "AA-GAN", "ot": "AA-OT", "ct": "AA-CT", "mmd": "AA-MMD"}


def sweep(args, dataset, method, options):
    path = f"results/table4_{dataset}_{method}.json"
    command = [args.attune, "sweep", "--quiet", "--dataset", dataset, "--align", method, "--runs", str(args.runs),
               "--jobs", "2", "--json", path, *options]
    if method != "none":
        command += ["--against", f"results/table4_{dataset}_none.json"]
    if os.path.exists(path):
        found = json.load(open(path))
        if found["command"] == " ".join(["attune", *command[1:]]):
            return found
    subprocess.run(command, check=True)
    return json.load(open(path))


def percent(x, digits=2):
    return f"{100 * x:.{digits}f}"


def row(dataset, method, result):
    test = result["test_accuracy"]
    cells = [dataset, NAMES[method], f"{percent(test['mean'])} +- {percent(test['std'])}", str(test["n"])]
    paired = result.get("paired_test")
    if paired:
        low, high = paired["ci95"]
        cells += [f"{100 * paired['mean_difference']:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})",
                  f"{paired['p_t']:.2g}"]
    else:
        cells += ["", ""]
    runs = result["runs"]
    mean = lambda pick: sum(pick(run) for run in runs) / len(runs)
    cells += [f"{mean(lambda run: run['mmd']):.4f}", f"{mean(lambda run: run['test']['nll']):.3f}",
              f"{mean(lambda run: run['test']['ece']):.3f}"]
    published = PAPER[dataset].get(method)
    return cells + [f"{published:.2f}" if published else ""]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--datasets", nargs="+", default=["cora", "citeseer"])
    parser.add_argument("--methods", nargs="+", default=["gan", "ot", "ct", "mmd"])
    parser.add_argument("--attune", default="../../build/release/attune")
    os.chdir(HERE)
    args = parser.parse_args()
    if "ATTUNE_DATA" not in os.environ and os.path.isdir("../../../shared/datasets"):
        os.environ["ATTUNE_DATA"] = "../../../shared/datasets"
    os.makedirs("results", exist_ok=True)
    chosen = json.load(open("table4.json"))
    head = ["data set", "method", "test accuracy, %", "n", "difference to GAT, points (95%)", "p",
            "MMD of heads", "NLL", "ECE", "paper, %"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    table = {}
    for dataset in args.datasets:
        for method in ["none", *args.methods]:
            result = sweep(args, dataset, method, chosen[method]["options"] if method != "none" else [])
            table.setdefault(dataset, {})[method] = {key: result[key] for key in ("test_accuracy", "paired_test")
                                                     if key in result}
            lines.append("| " + " | ".join(row(dataset, method, result)) + " |")
            print(lines[-1], flush=True)
    with open("results/table4.md", "w") as file:
        file.write("\n".join(lines) + "\n")
    with open("results/table4.json", "w") as file:
        json.dump(table, file, indent=1)
        file.write("\n")


main()
