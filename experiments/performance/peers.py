#!/usr/bin/python3
"""Time of a training epoch of the standard GAT against plain PyTorch programs, alternately in one run.

  peers.py [--rounds 7] [--datasets cora citeseer pubmed] [--peers DIR] [--data DIR] [--attune FILE]

Every round runs each program once, one after the other, so that a slow moment of the machine meets
all of them. Reports medians over the rounds and their ratios; writes results/peers.json and
results/peers.md, where data sets that are not asked for keep their rows. Two threads each.

  attune               forward, backward, step and the evaluation of the validation nodes; only the
                       nodes that the two losses depend on are computed
  attune, all nodes    the same with --compute all: every node in both passes, as the peers do
  torch_gat_tuned.py   forward, backward and step alone, the hardest to beat; "with validation" adds
                       its forward pass without dropout
  torch_gat.py         with validation, dense and sparse features

The peers get what makes them fastest: OpenBLAS with OpenMP by LD_LIBRARY_PATH, tcmalloc by
LD_PRELOAD where it is installed, OMP_NUM_THREADS = 2.

pubmed is the public graph and split; its feature file is not public everywhere, and where it is
missing, rows of as many words as the known ones have are drawn for all programs alike.

Needs python3-torch, python3-scipy, python3-numpy, libopenblas0-openmp, libtcmalloc-minimal4.
"""
import argparse, glob, json, os, pickle, platform, re, statistics, subprocess, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"  # Debian's: the one that has Debian's torch
OPENBLAS = "/usr/lib/x86_64-linux-gnu/openblas-openmp"
TCMALLOC = "/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4"
PUBMED_OPTIONS = ["--out-heads", "8", "--lr", "0.01", "--weight-decay", "0.001"]  # as in the GAT paper


def peer_environment():
    environment = {"OMP_NUM_THREADS": "2"}
    if os.path.isdir(OPENBLAS):
        environment["LD_LIBRARY_PATH"] = OPENBLAS
    if os.path.exists(TCMALLOC):
        environment["LD_PRELOAD"] = TCMALLOC
    return environment


def output(command, more=None):
    environment = os.environ | (more or {})
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def attune(args, dataset, compute):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        output([args.attune, "train", "--quiet", "--data-dir", args.data, "--dataset", dataset, "--threads", "2",
                "--epochs", "100" if dataset == "pubmed" else "300", "--patience", "0", "--compute", compute,
                "--json", file.name]
               + (PUBMED_OPTIONS if dataset == "pubmed" else []))
        return {"": json.load(open(file.name))["runs"][0]["ms_per_epoch"]}


def tuned(args, dataset):
    text = output([PYTHON, f"{args.peers}/torch_gat_tuned.py", f"{args.data}/planetoid", dataset, "100", "0", "2"],
                  peer_environment())
    epoch = float(re.search(r"([\d.]+) ms/epoch", text).group(1))
    return {"": epoch, ", with validation": epoch + float(re.search(r"([\d.]+) ms/inference", text).group(1))}


def plain(args, dataset, features):
    text = output([PYTHON, f"{args.peers}/torch_gat.py", "--data-dir", args.data, "--dataset", dataset,
                   "--features", features, "--epochs", "25", "--threads", "2"], peer_environment())
    return {"": json.loads(text)["ms_per_epoch"]}


PROGRAMS = {
    "attune": lambda args, dataset: attune(args, dataset, "needed"),
    "attune, all nodes": lambda args, dataset: attune(args, dataset, "all"),
    "torch_gat_tuned.py": tuned,
    "torch_gat.py, sparse": lambda args, dataset: plain(args, dataset, "sparse"),
    "torch_gat.py, dense": lambda args, dataset: plain(args, dataset, "dense"),
}


def with_pubmed_features(data, folder):
    """A copy of the data folder (by links) in which PubMed is complete."""
    import numpy as np, scipy.sparse as sp, warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    os.makedirs(f"{folder}/planetoid")
    for file in glob.glob(f"{data}/planetoid/ind.*"):
        os.symlink(os.path.abspath(file), f"{folder}/planetoid/{os.path.basename(file)}")
    missing = f"{folder}/planetoid/ind.pubmed.allx"
    if os.path.exists(missing):
        return data
    known = pickle.load(open(f"{data}/planetoid/ind.pubmed.x", "rb"), encoding="latin1").tocsr()
    rows = len(pickle.load(open(f"{data}/planetoid/ind.pubmed.ally", "rb"), encoding="latin1")) - known.shape[0]
    random = np.random.default_rng(0)
    words = random.choice(np.diff(known.indptr), rows)
    columns = [np.sort(random.choice(known.shape[1], count, replace=False)) for count in words]
    drawn = sp.csr_matrix((random.choice(known.data, words.sum()), np.concatenate(columns),
                           np.concatenate([[0], words.cumsum()])), (rows, known.shape[1]))
    with open(missing, "wb") as file:
        pickle.dump(sp.vstack([known, drawn]).tocsr().astype(np.float32), file, protocol=2)
    return folder


def machine():
    model = re.search(r"model name\s*:\s*(.*)", open("/proc/cpuinfo").read()).group(1)
    return {"processor": model, "cores": os.cpu_count(), "system": platform.platform(),
            "peer_environment": peer_environment()}


def measure(args, dataset):
    times = {}
    for _ in range(args.rounds):
        for name, program in PROGRAMS.items():
            for suffix, ms in program(args, dataset).items():
                times.setdefault(name + suffix, []).append(ms)
    return times


def earlier_datasets():
    try:
        return json.load(open(f"{HERE}/results/peers.json"))["datasets"]
    except FileNotFoundError:
        return {}


def table_rows(dataset, median):
    return [f"| {dataset} | {name} | {ms:.2f} | {ms / median['attune']:.1f} | {ms / median['attune, all nodes']:.1f} |"
            for name, ms in median.items()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--datasets", nargs="+", default=["cora", "citeseer", "pubmed"])
    parser.add_argument("--peers", default=f"{HERE}/../../../shared/peers")
    parser.add_argument("--data", default=os.environ.get("ATTUNE_DATA", f"{HERE}/../../../shared/datasets"))
    parser.add_argument("--attune", default=f"{HERE}/../../build/release/attune")
    args = parser.parse_args()
    os.makedirs(f"{HERE}/results", exist_ok=True)
    result = {"machine": machine(), "datasets": earlier_datasets()}
    with tempfile.TemporaryDirectory() as folder:
        args.data = with_pubmed_features(args.data, folder)
        for dataset in args.datasets:
            times = measure(args, dataset)
            median = {name: statistics.median(values) for name, values in times.items()}
            result["datasets"][dataset] = {"ms_per_epoch": times, "median": median}
            print("\n".join(table_rows(dataset, median)), flush=True)
    with open(f"{HERE}/results/peers.json", "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    lines = ["| data set | program | ms an epoch | times attune | times attune, all nodes |", "|---|---|---|---|---|"]
    for dataset, found in result["datasets"].items():
        lines += table_rows(dataset, found["median"])
    with open(f"{HERE}/results/peers.md", "w") as file:
        file.write("\n".join(lines) + "\n")


main()
