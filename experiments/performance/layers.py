#!/usr/bin/env python3
"""Time and memory of one attention layer, forward and backward, on power-law graphs of two million and ten million edges.

  layers.py [--graphs 100k 1m communities] [--rounds N] [--attune FILE] [--benchmarks FILE] [--folder DIR] [--under COMMAND]

Graphs of `attune datasets generate`, with self-loops: 100k nodes and 2.0M edges, 1M nodes and 10.0M edges, and, for the
reordering, 1M nodes and 10.0M edges of which 99 % stay inside one of 5,000 communities whose nodes have any numbers. 128
dense features a node, whose gradient is wanted too; two threads. Every measure is a process of its own, which measures the
machine right before and right after the layer: the copy bandwidth beside each time is the mean of both triads. The table has
medians of the rounds.

DGL's times are those of the orientation figures: one GATConv on a 2-core AVX2 machine of 34 GB/s. "scaled" has them at this
machine's bandwidth: times 34 over the bandwidth measured beside.

Bound: all bytes of the fused algorithm (a row an edge for every lookup, coefficients, dense arrays) at that bandwidth, or
its operations at the measured matrix product, whichever takes longer. Steps: the same product by product and pass by pass,
one after another, with looked-up rows at the speed measured for prefetched rows of that size from any place of such a table.
Memory: allowed are output, gradients of features and parameters, and 4 E H floats, beyond the features, the parameters and the
output's gradient, which are given. Asked for: what the layer has in use at most; held: what the process holds at most beyond
what it held before the steps, by the system's count.
Hub: one node with a million edges in and a million out among 100k nodes; needs `cmake --preset bench`.

Writes results/layers.json and results/layers.md.
"""
import argparse, json, os, re, statistics, subprocess, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
GRAPHS = {"100k": ["--nodes", "100000", "--degree", "19"],
          "1m": ["--nodes", "1000000", "--degree", "9"],
          "communities": ["--nodes", "1000000", "--degree", "10", "--classes", "5000", "--homophily", "0.99"]}
LAYERS = ["gat", "gatv2", "transformer"]
SHAPES = ["8x8", "4x64"]
DGL_SECONDS = {("100k", "8x8"): 0.73, ("100k", "4x64"): 1.7, ("1m", "8x8"): 6.5, ("1m", "4x64"): 15.7}
DGL_BANDWIDTH = 34e9
REPEAT = {"100k": 9, "1m": 5, "communities": 5}


def make_graph(args, name):
    path = f"{args.folder}/{name}.npz"
    if not os.path.exists(path):
        subprocess.run([args.attune, "datasets", "generate", *GRAPHS[name], "--features", "32", "--words", "2", "--output",
                        path], check=True, capture_output=True)
    return path


def time_layer(args, path, repeat, layer, shape, reorder):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run(args.under + [args.attune, "bench", "--only", "layers", "--dataset", path, "--threads", "2", "--repeat",
                        str(repeat), "--layers", layer, "--shapes", shape, "--json", file.name]
                       + (["--reorder"] if reorder else []), check=True, capture_output=True)
        result = json.load(open(file.name))
    return result["layers"][0]


def time_hub(args):
    """Milliseconds by layer, shape and threads."""
    text = subprocess.run(args.under + [args.benchmarks, "--benchmark_filter=backward/hub", "--benchmark_format=json",
                           "--benchmark_min_time=0.1"], check=True, capture_output=True, text=True).stdout
    times = {}
    for run in json.loads(text)["benchmarks"]:
        name, heads, channels, threads = re.match(
            r"(\w+)_forward_backward/hub/heads:(\d+)/channels:(\d+)/threads:(\d+)", run["name"]).groups()
        times[f"{name} {heads}x{channels} {threads}"] = run["real_time"] / 1000
    return times


def cases(graph):
    """Layer, shape, reordered or not: with communities GATConv alone, which is the one most of its lookups."""
    for shape in SHAPES:
        for layer in LAYERS if graph != "communities" else ["gat"]:
            for reorder in (False, True) if layer == "gat" else (False,):
                yield layer, shape, reorder


def measure(args):
    runs = []
    for number in range(args.rounds):
        for graph in args.graphs:
            path = make_graph(args, graph)
            for layer, shape, reorder in cases(graph):
                run = {"round": number, "graph": graph, "shape": shape, "reorder": reorder}
                runs.append(run | time_layer(args, path, REPEAT[graph], layer, shape, reorder))
                print(json.dumps(runs[-1]), flush=True)
    return runs


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def bandwidth(run):
    return (run["bytes_before"] + run["bytes_after"]) / 2


def layer_row(runs, graph, layer, shape):
    found = [r for r in runs if (r["graph"], r["layer"], r["shape"]) == (graph, layer, shape)]
    plain, ordered = ([r for r in found if r["reorder"] == on] for on in (False, True))
    if not plain:
        return None
    ms, bound, steps = (median(plain, key) for key in ("ms", "bound_ms", "steps_ms"))
    copies = statistics.median(map(bandwidth, plain))
    dgl = DGL_SECONDS.get((graph, shape)) if layer == "GATConv" else None
    to_dgl = f"{1000 * dgl / ms:.1f} | {1000 * dgl * DGL_BANDWIDTH / copies / ms:.1f}" if dgl else "- | -"
    peak, process, allowed = plain[0]["peak_mb"], median(plain, "process_mb"), plain[0]["allowed_mb"]
    return (f"| {graph} | {layer} {shape} | {ms:.0f} | {copies / 1e9:.1f} | {median(plain, 'gathered_bytes') / 1e9:.1f} | "
            f"{median(plain, 'flops') / 1e9:.0f} | {bound:.0f} | {100 * bound / ms:.0f} % | {steps:.0f} | {100 * steps / ms:.0f} % | "
            f"{to_dgl} | {peak:.0f} | {process:.0f} | {allowed:.0f} | {max(peak, process) / allowed:.2f} | "
            f"{format(median(ordered, 'ms'), '.0f') if ordered else '-'} |")


def hub_rows(hub):
    for name in sorted({key.rsplit(" ", 1)[0] for key in hub}):
        one, two = hub[name + " 1"], hub[name + " 2"]
        yield f"| {name} | {one:.0f} | {two:.0f} | {one / two:.2f} |"


def table(result):
    lines = ["| graph | layer | ms | copies, GB/s | lookups, GB/s | products, GFLOP/s | bound, ms | reached | steps, ms | reached "
             "| times DGL | scaled | asked for, MB | held, MB | allowed, MB | ratio | ms, reordered |", "|---" * 17 + "|"]
    for graph in GRAPHS:
        for layer in ["GATConv", "GATv2Conv", "TransformerConv"]:
            lines += [row for shape in SHAPES if (row := layer_row(result["runs"], graph, layer, shape))]
    if result["hub_ms"]:
        lines += ["", "| hub of a million edges | ms, 1 thread | ms, 2 threads | ratio |", "|---|---|---|---|"]
        lines += hub_rows(result["hub_ms"])
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", nargs="+", default=list(GRAPHS), choices=list(GRAPHS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--under", type=str.split, default=[], help="command that runs each measure, such as nice -n -10")
    parser.add_argument("--attune", default=f"{HERE}/../../build/release/attune")
    parser.add_argument("--benchmarks", default=f"{HERE}/../../build/bench/tests/bench/graph_bench")
    parser.add_argument("--folder", default=f"{tempfile.gettempdir()}/attune-layers", help="where graphs are kept")
    args = parser.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    os.makedirs(f"{HERE}/results", exist_ok=True)
    processor = re.search(r"model name\s*:\s*(.*)", open("/proc/cpuinfo").read()).group(1)
    result = {"processor": processor, "cores": os.cpu_count(), "runs": measure(args),
              "hub_ms": time_hub(args) if os.path.exists(args.benchmarks) else {}}
    with open(f"{HERE}/results/layers.json", "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    with open(f"{HERE}/results/layers.md", "w") as file:
        file.write(table(result))
    print(table(result), end="")


if __name__ == "__main__":
    main()
