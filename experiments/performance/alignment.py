#!/usr/bin/env python3
"""Cost of aligned heads: a training step with and without them, and the distances on large clouds.

  alignment.py [--build build/bench] [--dataset cora] [--rounds 20] [--part steps|distances|growth|all]

Needs the programs of the preset `bench` (cmake --preset bench && cmake --build --preset bench) and, for the steps, the
data set. Writes results/alignment.json and results/alignment.md; a part that is not asked for keeps its last results.

steps      Epochs of plain and aligned training, validation included, in turns; the median over the rounds of the ratio
           of neighbours.
distances  Forward and backward of all-pairs distances, streamed and by their definitions with every matrix written out.
           Percent of peak: multiplications and additions of the products alone (conditional transport 8 products of
           n m 16 and 3 of the two networks' matrices with every point, discrepancy 6 of n m d, optimal transport one of
           n m d a sweep and 3 for the gradient) over the time of everything, exponentials included; peak: oneDNN's
           product of 1024 x 1024 matrices in the same run.
growth     All pairs of 5,000 to 40,000 points in 8 heads of 8 channels: time and memory beyond the clouds.
"""
import argparse, json, os, platform, subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = [f"{kind}:{w}:{every}:{nodes}" for nodes in ("needed", "all") for kind in ("gan", "ct", "mmd", "ot")
         for w, every in ((64, 1), (128, 1), (256, 1), (512, 1), (64, 2), (128, 2), (64, 4), (128, 4), (256, 8))
         if every == 1 or nodes == "needed"]
STEPS += ["none:all", "gan:0:1:needed", "gan:0:1:all", "gan:128:8:all", "ct:128:8:all"]
SWEEPS = 2 * 50 + 2 + 3  # of an optimal transport of 50 pairs: the annealing before them is not counted


def run(command, **more):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout)


def steps(args):
    rows, program = [], f"{args.build}/tests/bench/align_step_bench"
    for first in range(0, len(STEPS), 6):  # few runs at a time: each keeps its own network in the caches
        found = run([program, "--dataset", args.dataset, "--rounds", str(args.rounds), "--epochs", "16",
                     *STEPS[first:first + 6]])
        rows += found["rows"][1:] if rows else found["rows"]
    return {"dataset": args.dataset, "threads": found["threads"], "rows": rows}


def benchmarks(args, filter):
    # Random interleaving: a slow moment of the machine meets all of them.
    found = run([f"{args.build}/tests/bench/align_bench", f"--benchmark_filter={filter}", "--benchmark_format=json",
                 "--benchmark_min_time=0.1", "--benchmark_repetitions=3", "--benchmark_enable_random_interleaving=true",
                 "--benchmark_report_aggregates_only=true"])
    rows = []
    for b in found["benchmarks"]:
        if b.get("aggregate_name") != "median":
            continue
        name, *arguments = b["run_name"].split("/")
        sizes = dict(a.split(":") for a in arguments if ":" in a)
        rows.append({"name": name, **{k: int(v) for k, v in sizes.items()}, "ms": b["real_time"],
                     "per_second": b["items_per_second"], "megabytes": b.get("MB")})
    return rows


def flops_a_pair(name, d, w):
    hidden = 16
    networks = 2 * w * 3 * 2 * (2 * d * d + 2 * d * hidden + 2 * hidden * hidden)  # of both sides
    return {"ct": 8 * 2 * hidden + networks / w ** 2, "mmd": 6 * 2 * d, "ot": SWEEPS * 2 * d}[name]


def distances(args):
    rows = benchmarks(args, "peak|(streamed|dense|scaling)_(ct|mmd|ot)/")
    peak = {(r["name"], r["threads"]): r["per_second"] for r in rows if r["name"].endswith("_peak")}
    other = {(r["name"], r["w"], r["threads"], r["d"]): r["ms"] for r in rows}
    table = []
    for r in rows:
        if not r["name"].startswith("streamed_"):
            continue
        name = r["name"].removeprefix("streamed_")
        rate = r["per_second"] * flops_a_pair(name, r["d"], r["w"])
        table.append({"distance": name, **{k: r[k] for k in ("w", "heads", "threads", "d", "ms", "megabytes")},
                      "gflops": rate / 1e9, "of_sgemm": rate / peak["sgemm_peak", r["threads"]],
                      "of_fma": rate / peak["fma_peak", r["threads"]],
                      "dense_ms": other["dense_" + name, r["w"], r["threads"], r["d"]],
                      "scaling_ms": other.get(("scaling_" + name, r["w"], r["threads"], r["d"]))})
    return {"peak_gflops": {f"{name}, {threads} threads": value / 1e9 for (name, threads), value in peak.items()},
            "rows": table}


def growth(args):
    found = run([f"{args.build}/tests/bench/align_bench", "--benchmark_filter=growth", "--benchmark_format=json"])
    rows = []
    for b in found["benchmarks"]:
        name, *arguments = b["run_name"].split("/")
        w = int(dict(a.split(":") for a in arguments if ":" in a)["w"])
        rows.append({"distance": name.removeprefix("growth_"), "w": w, "seconds": b["real_time"] / 1e3,
                     "megabytes": b["MB"]})
    return {"heads": 8, "d": 8, "threads": 2, "rows": rows}


def markdown(result):
    lines = ["# Cost of aligned heads", "", f"{result['machine']}, commit {result['commit']}.", ""]
    if "steps" in result:
        s = result["steps"]
        lines += [f"## A training epoch on {s['dataset']}, validation included, {s['threads']} threads", "",
                  f"Plain: {s['rows'][0]['ms']:.3f} ms. w points a step; every: steps from one that aligns to the next; "
                  "nodes: heads of those that the step computes anyway (`--compute needed`), or of all. Milliseconds move with what "
                  "else the machine did; ratios are of neighbours.", "",
                  "| distance | w | every | nodes | ms | times plain |", "|---|---|---|---|---|---|"]
        for row in s["rows"][1:]:
            if row["align"] == "none:all":
                lines.append(f"| none | | | all, in both passes | {row['ms']:.3f} | {row['ratio']:.2f} |")
                continue
            kind, w, every, nodes = row["align"].split(":")
            lines.append(f"| {kind.upper()} | {'all' if w == '0' else w} | {every} | {nodes} | {row['ms']:.3f} | "
                         f"{row['ratio']:.2f} |")
        lines.append("")
    if "distances" in result:
        d = result["distances"]
        peaks = "; ".join(f"{name} {value:.0f}" for name, value in sorted(d["peak_gflops"].items()))
        lines += ["## All pairs, forward and backward, 8 heads", "", f"Peaks in GFLOP/s: {peaks}.", "",
                  "| distance | w | d | threads | ms | GFLOP/s | of sgemm | of FMA | naive ms | naive / streamed | scaling / streamed |",
                  "|---|---|---|---|---|---|---|---|---|---|---|"]
        for r in sorted(d["rows"], key=lambda r: (r["distance"], r["d"], r["threads"], r["w"])):
            lines.append(f"| {r['distance'].upper()} | {r['w']} | {r['d']} | {r['threads']} | {r['ms']:.2f} | "
                         f"{r['gflops']:.0f} | {100 * r['of_sgemm']:.0f} % | {100 * r['of_fma']:.0f} % | "
                         f"{r['dense_ms']:.2f} | {r['dense_ms'] / r['ms']:.1f} | "
                         + (f"{r['scaling_ms'] / r['ms']:.1f} |" if r["scaling_ms"] else "|"))
        lines += ["", "Naive: the same algorithm, every matrix of a head written out, oneDNN's products, vectorised "
                  "exponentials. Scaling: Sinkhorn's iterations on the kept kernel matrix instead of logarithms, which leave the "
                  "range of float32 at costs of some tens of eps.", ""]
    if "growth" in result:
        g = result["growth"]
        lines += [f"## Growth: {g['heads']} heads, d = {g['d']}, {g['threads']} threads", "",
                  "| distance | w | seconds | MB beyond the clouds |", "|---|---|---|---|"]
        for r in g["rows"]:
            lines.append(f"| {r['distance'].upper()} | {r['w']:,} | {r['seconds']:.2f} | {r['megabytes']:.1f} |")
        lines += ["", "Optimal transport with 4 pairs of updates at eps = 0.1.", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=f"{HERE}/../../build/bench")
    parser.add_argument("--dataset", default="cora")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--part", choices=["steps", "distances", "growth", "all"], default="all")
    args = parser.parse_args()
    os.makedirs(f"{HERE}/results", exist_ok=True)
    path = f"{HERE}/results/alignment"
    result = json.load(open(f"{path}.json")) if os.path.exists(f"{path}.json") else {}
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    result["machine"] = f"{model}, {os.cpu_count()} cores"
    result["commit"] = subprocess.run(["git", "-C", HERE, "rev-parse", "--short", "HEAD"], check=True,
                                      capture_output=True, text=True).stdout.strip()
    for part in (steps, distances, growth):
        if args.part in (part.__name__, "all"):
            result[part.__name__] = part(args)
    for ending, text in ((".json", json.dumps(result, indent=1) + "\n"), (".md", markdown(result))):
        with open(path + ending, "w") as file:
            file.write(text)
    print(markdown(result))


if __name__ == "__main__":
    main()
