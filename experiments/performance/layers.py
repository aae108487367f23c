#!/usr/bin/env python3
"""Time and memory of one attention layer, forward and backward, on power-law graphs of two million and ten million edges.

  layers.py [--graphs 100k 1m] [--rounds 3] [--attune FILE] [--benchmarks FILE] [--folder DIR]

Graphs of `attune datasets generate`, with self-loops: 100k nodes and 2.0M edges, 1M nodes and 10.0M edges. 128 dense
features a node, whose gradient is wanted too; two threads. Every measure is a process of its own that first measures the
machine: its triad bandwidth, which is the copy bandwidth beside each time, and its matrix product. The rounds take all
measures in turn; the table has medians.

DGL's times are those of the orientation figures: one GATConv on a 2-core AVX2 machine of 34 GB/s. "scaled" has them at this
machine's bandwidth: times 34 over the bandwidth measured beside.

Bound: the bytes that the fused algorithm moves (a row an edge for every gather, the coefficients, the dense arrays) at
that bandwidth, or its operations at the measured matrix product, whichever takes longer.
Memory: at most output, gradients of features and parameters, and 4 E H floats, beyond the features, the parameters and the
output's gradient, which are given.
Hub: one node with a million edges in and a million out among 100k nodes; needs `cmake --preset bench`.

Writes results/layers.json and results/layers.md.
"""
import argparse, json, os, re, statistics, subprocess, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
GRAPHS = {"100k": (100000, 19), "1m": (1000000, 9)}
LAYERS = ["gat", "gatv2", "transformer"]
SHAPES = ["8x8", "4x64"]
DGL_SECONDS = {("100k", "8x8"): 0.73, ("100k", "4x64"): 1.7, ("1m", "8x8"): 6.5, ("1m", "4x64"): 15.7}
DGL_BANDWIDTH = 34e9
REPEAT = {"100k": 9, "1m": 3}


def make_graph(args, name):
    path = f"{args.folder}/{name}.npz"
    nodes, degree = GRAPHS[name]
    if not os.path.exists(path):
        subprocess.run([args.attune, "datasets", "generate", "--nodes", str(nodes), "--degree", str(degree), "--features",
                        "32", "--words", "2", "--output", path], check=True, capture_output=True)
    return path


def time_layer(args, path, repeat, layer, shape, reorder):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run([args.attune, "bench", "--only", "layers", "--dataset", path, "--threads", "2", "--repeat",
                        str(repeat), "--layers", layer, "--shapes", shape, "--json", file.name]
                       + (["--reorder"] if reorder else []), check=True, capture_output=True)
        result = json.load(open(file.name))
    return result["machine"] | result["layers"][0]


def time_hub(args):
    """Milliseconds by layer, shape and threads."""
    text = subprocess.run([args.benchmarks, "--benchmark_filter=backward/hub", "--benchmark_format=json",
                           "--benchmark_min_time=0.1"], check=True, capture_output=True, text=True).stdout
    times = {}
    for run in json.loads(text)["benchmarks"]:
        name, heads, channels, threads = re.match(
            r"(\w+)_forward_backward/hub/heads:(\d+)/channels:(\d+)/threads:(\d+)", run["name"]).groups()
        times[f"{name} {heads}x{channels} {threads}"] = run["real_time"] / 1000
    return times


def measure(args):
    runs = []
    for number in range(args.rounds):
        for graph in args.graphs:
            path = make_graph(args, graph)
            for shape in SHAPES:
                for layer in LAYERS:
                    for reorder in (False, True):
                        run = {"round": number, "graph": graph, "shape": shape, "reorder": reorder}
                        runs.append(run | time_layer(args, path, REPEAT[graph], layer, shape, reorder))
                        print(json.dumps(runs[-1]), flush=True)
    return runs


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def layer_row(runs, graph, layer, shape):
    found = [r for r in runs if (r["graph"], r["layer"], r["shape"]) == (graph, layer, shape)]
    plain, ordered = ([r for r in found if r["reorder"] == on] for on in (False, True))
    if not plain:
        return None
    ms, bandwidth, bound = (median(plain, key) for key in ("ms", "bytes_per_second", "bound_ms"))
    dgl = DGL_SECONDS.get((graph, shape)) if layer == "GATConv" else None
    to_dgl = f"{1000 * dgl / ms:.1f} | {1000 * dgl * DGL_BANDWIDTH / bandwidth / ms:.1f}" if dgl else "- | -"
    peak, allowed = plain[0]["peak_mb"], plain[0]["allowed_mb"]
    return (f"| {graph} | {layer} {shape} | {ms:.0f} | {bandwidth / 1e9:.1f} | {bound:.0f} | {100 * bound / ms:.0f} % | {to_dgl} | "
            f"{peak:.0f} | {allowed:.0f} | {peak / allowed:.2f} | {median(ordered, 'ms'):.0f} |")


def hub_rows(hub):
    for name in sorted({key.rsplit(" ", 1)[0] for key in hub}):
        one, two = hub[name + " 1"], hub[name + " 2"]
        yield f"| {name} | {one:.0f} | {two:.0f} | {one / two:.2f} |"


def table(result):
    lines = ["| graph | layer | ms | GB/s | bound, ms | reached | times DGL | scaled | peak, MB | allowed, MB | ratio | ms, reordered |",
             "|---|---|---|---|---|---|---|---|---|---|---|---|"]
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
