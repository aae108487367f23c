#!/usr/bin/python3
"""What an epoch spends its time on, and how much of it is not the network's own arithmetic.

  profile.py [--datasets cora citeseer] [--threads 2] [--epochs 4000] [--attune FILE]

Runs `attune train` under perf (linux-perf) and sorts samples of the main thread, whose time line is
the epoch's, by what they belong to:

  tape         attune::autograd
  allocation   the pool, its lock, malloc
  scheduling   oneTBB, waiting for the other thread, the kernel
  random       Philox
  primitives   oneDNN outside its generated code: finding and starting a primitive
  arithmetic   everything else

Start and end of the program (loading, the final MMD) are left out by name. Writes
results/profile_DATASET.txt.
"""
import argparse, collections, os, re, subprocess, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
NOT_EPOCH = re.compile(r"^(attune::align|attune::data|SHA256|attune::core::sha256|inflate|_dl_|do_lookup|hwy::platform|"
                       r"attune::sparse::CsrMatrix::CsrMatrix|attune::sparse::select_rows|attune::graph)")
KINDS = [
    ("tape", lambda dso, symbol: symbol.startswith("attune::autograd")),
    ("random", lambda dso, symbol: "philox" in symbol or "RandomStream" in symbol),
    ("allocation", lambda dso, symbol: re.search(r"pool_allocate|pool_release|operator (new|delete)|malloc|free|"
                                                 r"pthread_mutex|lll_lock", symbol)),
    ("primitives", lambda dso, symbol: "libdnnl" in dso or "onednn" in symbol),
    ("scheduling", lambda dso, symbol: "libtbb" in dso or "tbb::" in symbol or "kernel" in dso or "yield" in symbol),
]


def samples(args, dataset):
    """(dso, symbol) -> share of the main thread's samples that belong to epochs, in percent."""
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/perf.data"
        subprocess.run(["perf", "record", "-q", "-F", "8000", "-o", data, args.attune, "train", "--quiet", "--dataset",
                        dataset, "--threads", str(args.threads), "--epochs", str(args.epochs), "--patience", "0"],
                       check=True)
        text = subprocess.run(["perf", "script", "-i", data, "-F", "pid,tid,ip,sym,dso"], check=True, capture_output=True,
                              text=True).stdout
    counts = collections.Counter()
    for line in text.splitlines():
        found = re.match(r"\s*(\d+)/(\d+)\s+[0-9a-f]+ (.*) \((.*)\)$", line)
        if found and found[1] == found[2] and not NOT_EPOCH.match(found[3]):
            counts[os.path.basename(found[4]), found[3]] += 1
    total = sum(counts.values())
    return {key: 100 * count / total for key, count in counts.items()}


def kind_of(dso, symbol):
    return next((name for name, belongs in KINDS if belongs(dso, symbol)), "arithmetic")


def report(shares):
    by_kind = collections.Counter()
    for key, share in shares.items():
        by_kind[kind_of(*key)] += share
    overhead = sum(share for kind, share in by_kind.items() if kind != "arithmetic")
    lines = [f"{share:6.2f} %  {kind}" for kind, share in by_kind.most_common()]
    lines += [f"{overhead:6.2f} %  all but arithmetic", ""]
    for (dso, symbol), share in sorted(shares.items(), key=lambda item: -item[1])[:40]:
        name = re.sub(r"attune::core::FunctionRef<[^>]*>::FunctionRef<(.*?)\(.*", r"loop of \1", symbol)
        lines.append(f"{share:6.2f} %  {kind_of(dso, symbol):<10}  {dso:<16}  {name[:110]}")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", nargs="+", default=["cora", "citeseer"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=4000)
    parser.add_argument("--attune", default=f"{HERE}/../../build/release/attune")
    args = parser.parse_args()
    os.environ.setdefault("ATTUNE_DATA", f"{HERE}/../../../shared/datasets")
    os.makedirs(f"{HERE}/results", exist_ok=True)
    for dataset in args.datasets:
        text = f"{dataset}, {args.threads} threads, {args.epochs} epochs of train, main thread\n\n"
        text += report(samples(args, dataset))
        print(text)
        with open(f"{HERE}/results/profile_{dataset}.txt", "w") as file:
            file.write(text)


main()
