#!/usr/bin/env python3
"""Time of a training epoch against plain PyTorch programs, alternately in one run.

  time.py [--rounds 7] [--peers DIR] [--data DIR] [--attune FILE]

Needs python3-torch, python3-scipy, python3-numpy and libopenblas0-openmp. Every round runs each
program once, one after the other, so that a slow moment of the machine meets all of them. attune's
epochs include the evaluation of the validation nodes, as do those of torch_gat.py; those of
torch_gat_tuned.py are forward, backward and step alone. Reports medians over the rounds, and their
ratios. Writes results/time.json and results/time.md.
"""
import argparse, json, os, re, statistics, subprocess, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"  # Debian's: the one that has Debian's torch


def output(command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def attune(args, dataset):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        output([args.attune, "train", "--quiet", "--dataset", dataset, "--threads", "2", "--epochs", "400",
                "--patience", "0", "--json", file.name])
        return json.load(open(file.name))["runs"][0]["ms_per_epoch"]


def tuned(args, dataset):
    text = output([PYTHON, f"{args.peers}/torch_gat_tuned.py", f"{args.data}/planetoid", dataset, "200", "0", "2"])
    return float(re.search(r"([\d.]+) ms/epoch", text).group(1))


def plain(args, dataset):
    text = output([PYTHON, f"{args.peers}/torch_gat.py", "--data-dir", args.data, "--dataset", dataset,
                   "--epochs", "40", "--threads", "2"])
    return json.loads(text)["ms_per_epoch"]


PROGRAMS = {"attune": attune, "torch_gat_tuned.py": tuned, "torch_gat.py": plain}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers", default=f"{HERE}/../../../shared/peers")
    parser.add_argument("--data", default=os.environ.get("ATTUNE_DATA", f"{HERE}/../../../shared/datasets"))
    parser.add_argument("--attune", default=f"{HERE}/../../build/release/attune")
    args = parser.parse_args()
    os.environ["ATTUNE_DATA"] = args.data
    result, lines = {}, ["| data set | program | ms an epoch | times attune |", "|---|---|---|---|"]
    for dataset in ("cora", "citeseer"):
        times = {name: [] for name in PROGRAMS}
        for _ in range(args.rounds):
            for name, program in PROGRAMS.items():
                times[name].append(program(args, dataset))
        medians = {name: statistics.median(values) for name, values in times.items()}
        for name, median in medians.items():
            lines.append(f"| {dataset} | {name} | {median:.2f} | {median / medians['attune']:.1f} |")
        result[dataset] = {"ms_per_epoch": times, "median": medians}
    text = "\n".join(lines) + "\n"
    print(text, end="")
    os.makedirs(f"{HERE}/results", exist_ok=True)
    with open(f"{HERE}/results/time.json", "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    with open(f"{HERE}/results/time.md", "w") as file:
        file.write(text)


main()
