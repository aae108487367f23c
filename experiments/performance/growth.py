#!/usr/bin/env python3
"""How time and memory grow: training epochs with the edges of the graph, distances with the points they compare, and
both with the threads.

  growth.py [--parts edges distances threads] [--attune FILE] [--graphs FOLDER] [--edges N ...] [--positions N ...]
            [--rounds 3]

edges      Epochs of plain training (forward, backward, step, evaluation of 500 validation nodes) that compute all nodes
           (`--compute all`), two layers of 8 x 8 heads and one head a class. Graphs of `attune datasets generate`: degrees
           of a power law, 20 on average, 1,433 words of which a node has 18, kept sparse. Memory is what an epoch
           takes beyond graph, features and parameters, and what the process takes in all.
distances  Forward and backward of all pairs, 8 heads of 8 channels; optimal transport with 4 pairs of updates at eps = 0.01
           after its annealing. Memory beyond the clouds and their gradients.
threads    Epochs as above on Cora and on a graph of a million edges, with 1, 2, 4 and 8 threads in turns.

Every measure is a line of results/growth.jsonl and is not repeated if it is there: a run that was interrupted goes on,
and removing lines measures them again. The least of the rounds goes to results/growth.md and results/growth_*.svg.
Graphs are kept in --graphs.
"""
import argparse, json, os, subprocess, tempfile

import svg_plot

HERE = os.path.dirname(os.path.abspath(__file__))
LOG = f"{HERE}/results/growth.jsonl"
DEGREE = 20
MODELS = {"gat": "GAT", "gatv2": "GATv2", "transformer": "Transformer"}
DISTANCES = {"gan": "GAN", "ct": "CT", "mmd": "MMD", "ot": "OT"}
EDGES = [10**5, 3 * 10**5, 10**6, 3 * 10**6, 10**7, 3 * 10**7]
POSITIONS = [256, 1024, 4096, 10000, 20000, 40000]
THREADS = [1, 2, 4, 8]
SIZES = {"cora": "Cora, 10,556 edges", "1000000": "a million edges"}


class Log:
    """Measures by what was measured. A key is there once."""

    def __init__(self, path):
        self.path, self.lines = path, {}
        if os.path.exists(path):
            with open(path) as file:
                for line in file:
                    measure = json.loads(line)
                    self.lines[self.key(measure["of"])] = measure

    @staticmethod
    def key(of):
        return json.dumps(of, sort_keys=True)

    def measure(self, of, run):
        if self.key(of) in self.lines:
            return
        measure = {"of": of, **run()}
        self.lines[self.key(of)] = measure
        with open(self.path, "a") as file:
            file.write(json.dumps(measure) + "\n")
        print(json.dumps(measure), flush=True)

    def find(self, **of):
        return [m for m in self.lines.values() if of.items() <= m["of"].items()]

    def least(self, what, **of):
        """Of the rounds: whatever else the machine does adds to a time."""
        return min((m[what] for m in self.find(**of)), default=None)


def bench(args, *options):
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/bench.json"
        subprocess.run([args.attune, "bench", "--quiet", "--json", file, *map(str, options)], check=True)
        with open(file) as opened:
            found = json.load(opened)
    common = {"cpu": found["environment"]["cpu"], "isa": found["environment"]["isa"],
              "rss_mb": found["environment"]["peak_rss_bytes"] / 1e6}
    if "machine" in found:
        common["machine"] = {name: found["machine"][name] for name in ("bytes_per_second", "flops")}
    return found, common


def graph(args, edges):
    path = f"{args.graphs}/edges-{edges}.npz"
    if not os.path.exists(path):
        os.makedirs(args.graphs, exist_ok=True)
        subprocess.run([args.attune, "datasets", "generate", "--quiet", "--output", path, "--degree", str(DEGREE),
                        "--nodes", str(edges // DEGREE)], check=True)
    return path


def epoch(args, dataset, model, threads, repeat):
    found, common = bench(args, "--only", "epoch", "--dataset", dataset, "--models", model, "--aligns", "none",
                          "--compute", "all", "--threads", threads, "--repeat", repeat)
    row = found["epoch"][0]
    return {"ms": row["ms"], "peak_mb": row["peak_mb"], "nodes": found["num_nodes"], "edges": found["num_edges"],
            "nonzeros": found["num_nonzeros"], **common}


def measure_edges(args, log):
    for edges in args.edges:
        for turn in range(args.rounds if edges <= 3 * 10**6 else 1):
            for model in MODELS:
                log.measure({"part": "edges", "model": model, "edges": edges, "round": turn},
                            lambda: epoch(args, graph(args, edges), model, 2, 3 if edges <= 10**6 else 1))


def measure_distances(args, log):
    for positions in args.positions:
        for turn in range(args.rounds if positions <= 4096 else 1):
            for distance in DISTANCES:
                def run():
                    found, common = bench(args, "--only", "alignment", "--dataset", "citation-like:100", "--threads", 2,
                                          "--distances", distance, "--positions", positions, "--ot-iterations", 4,
                                          "--repeat", 5 if positions <= 4096 else 1)
                    row = found["alignment"][0]
                    return {"ms": row["ms"], "peak_mb": row["peak_mb"], "flops": row["flops"], **common}
                log.measure({"part": "distances", "distance": distance, "positions": positions, "round": turn}, run)


def measure_threads(args, log):
    for size in SIZES:
        dataset = size if size == "cora" else None
        for turn in range(args.rounds):
            for threads in THREADS:
                for model in MODELS:
                    log.measure({"part": "threads", "size": size, "model": model, "threads": threads, "round": turn},
                                lambda: epoch(args, dataset or graph(args, int(size)), model, threads, 20 if dataset else 3))


def milliseconds(value):
    return f"{value / 1000:g} s" if value >= 1000 else f"{value:g} ms"


def megabytes(value):
    return f"{value / 1000:g} GB" if value >= 1000 else f"{value:g} MB"


def count(value):
    return f"{value / 1e6:g}M" if value >= 1e6 else f"{value / 1e3:g}k" if value >= 1e4 else f"{value:,}"


def guide(points, power, to):
    """From the first point to `to`, with a slope of `power`."""
    x, y = points[0]
    return [(x, y), (to, y * (to / x) ** power)]


def plot_edges(log):
    edges = sorted({m["of"]["edges"] for m in log.find(part="edges")})
    if not edges:
        return
    panels = []
    for what, title, name_of in (("ms", "Time of a training epoch", milliseconds), ("peak_mb", "Memory of an epoch", megabytes)):
        panel = svg_plot.Panel(title, {"ms": "all nodes computed, two threads", "peak_mb": "beyond graph, features, parameters"}[what],
                               svg_plot.LogAxis("edges", count, edges), svg_plot.LogAxis("", name_of))
        for colour, (model, name) in enumerate(MODELS.items()):
            panel.add(name, [(e, log.least(what, part="edges", model=model, edges=e)) for e in edges
                             if log.find(part="edges", model=model, edges=e)], colour)
        panel.add_guide("as the edges", guide(panel.lines[0][1], 1, edges[-1]))
        panels.append(panel)
    svg_plot.write(f"{HERE}/results/growth_edges.svg", panels, "Epoch time and memory against the number of edges")


def plot_distances(log):
    sizes = sorted({m["of"]["positions"] for m in log.find(part="distances")})
    if not sizes:
        return
    panels = []
    for what, title, name_of in (("ms", "Time of a distance", milliseconds), ("peak_mb", "Memory of a distance", megabytes)):
        panel = svg_plot.Panel(title, {"ms": "all pairs, forward and backward, 8 x 8 heads", "peak_mb": "beyond clouds and gradients"}[what],
                               svg_plot.LogAxis("points w", count, [w for w in sizes if w != 20000]), svg_plot.LogAxis("", name_of))
        for colour, (distance, name) in enumerate(DISTANCES.items()):
            panel.add(name, [(w, log.least(what, part="distances", distance=distance, positions=w)) for w in sizes
                             if log.find(part="distances", distance=distance, positions=w)], colour)
        lines = {name: line for name, line, _ in panel.lines}
        for name, of, power in (("as w²", "MMD", 2), ("as w", "GAN", 1)) if what == "ms" else (("as w", "GAN", 1),):
            if of in lines:
                panel.add_guide(name, guide(lines[of], power, sizes[-1]))
        panels.append(panel)
    svg_plot.write(f"{HERE}/results/growth_distances.svg", panels, "Time and memory of the distances against the points")


def plot_threads(log):
    if not log.find(part="threads"):
        return
    panels = []
    for size, name in SIZES.items():
        panel = svg_plot.Panel(f"Epochs on {name}", "time over that of one thread, two cores",
                               svg_plot.LogAxis("threads", str, THREADS),
                               svg_plot.LinearAxis("", lambda y: f"{y:g}", [0, 0.25, 0.5, 0.75, 1, 1.25]))
        for colour, (model, label) in enumerate(MODELS.items()):
            one = log.least("ms", part="threads", size=size, model=model, threads=1)
            panel.add(label, [(t, log.least("ms", part="threads", size=size, model=model, threads=t) / one)
                              for t in THREADS if log.find(part="threads", size=size, model=model, threads=t)], colour)
        panel.add_guide("both cores", [(1, 1), (2, 0.5), (8, 0.5)])
        panels.append(panel)
    svg_plot.write(f"{HERE}/results/growth_threads.svg", panels, "Epoch time against the number of threads")


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head),
            *("| " + " | ".join(map(str, row)) + " |" for row in rows), ""]


def short(value, digits=3):
    return "" if value is None else f"{value:,.{max(0, digits - len(str(int(value))))}f}"


def markdown(log):
    lines = ["# Growth", "", machine(log), ""]
    edges = sorted({m["of"]["edges"] for m in log.find(part="edges")})
    if edges:
        lines += ["## Epochs against edges", "", "![](growth_edges.svg)", ""]
        rows = []
        for e in edges:
            found = log.find(part="edges", edges=e)[0]
            row = [f"{found['edges']:,}", f"{found['nodes']:,}"]
            for what in ("ms", "peak_mb", "rss_mb"):
                row += [short(log.least(what, part="edges", model=model, edges=e)) for model in MODELS]
            rows.append(row)
        lines += table(["edges", "nodes"] + [f"{name}, {unit}" for unit in ("ms", "MB", "MB process") for name in MODELS.values()], rows)
        lines += ["Edges are directed, self-loops apart. Two threads.", ""]
    sizes = sorted({m["of"]["positions"] for m in log.find(part="distances")})
    if sizes:
        lines += ["## Distances against points", "", "![](growth_distances.svg)", ""]
        rows = [[f"{w:,}"] + [short(log.least(what, part="distances", distance=d, positions=w)) for what in ("ms", "peak_mb")
                              for d in DISTANCES] for w in sizes]
        lines += table(["w"] + [f"{name}, {unit}" for unit in ("ms", "MB") for name in DISTANCES.values()], rows)
    if log.find(part="threads"):
        lines += ["## Epochs against threads", "", "![](growth_threads.svg)", ""]
        rows = [[name, label] + [short(log.least("ms", part="threads", size=size, model=model, threads=t)) for t in THREADS]
                for size, name in SIZES.items() for model, label in MODELS.items()]
        lines += table(["graph", "network"] + [f"{t} threads, ms" if t > 1 else "1 thread, ms" for t in THREADS], rows)
    return "\n".join(lines)


def machine(log):
    measures = list(log.lines.values())
    speeds = [m["machine"] for m in measures if "machine" in m]
    text = f"{measures[0]['cpu']} ({measures[0]['isa']}), 2 cores."
    if speeds:
        text += (f" Triad {max(s['bytes_per_second'] for s in speeds) / 1e9:.0f} GB/s, product of 1,536 x 1,536 matrices "
                 f"{max(s['flops'] for s in speeds) / 1e9:.0f} GFLOP/s, the best of {len(speeds)} runs.")
    return text + " The least of the rounds in growth.jsonl, each the median of some turns."


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = {"edges": measure_edges, "distances": measure_distances, "threads": measure_threads}
    parser.add_argument("--parts", nargs="*", choices=list(parts), default=list(parts), help="none: only draw what is there")
    parser.add_argument("--attune", default=f"{HERE}/../../build/release/attune")
    parser.add_argument("--graphs", default=f"{tempfile.gettempdir()}/attune-growth")
    parser.add_argument("--edges", nargs="+", type=int, default=EDGES)
    parser.add_argument("--positions", nargs="+", type=int, default=POSITIONS)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    os.environ.setdefault("ATTUNE_DATA", f"{HERE}/../../../shared/datasets")
    os.makedirs(f"{HERE}/results", exist_ok=True)
    log = Log(LOG)
    for part in args.parts:
        parts[part](args, log)
    for plot in (plot_edges, plot_distances, plot_threads):
        plot(log)
    with open(f"{HERE}/results/growth.md", "w") as file:
        file.write(markdown(log))


if __name__ == "__main__":
    main()
