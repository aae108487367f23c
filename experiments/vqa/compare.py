#!/usr/bin/env python3
"""Does alignment help a small MCAN to answer questions, and to know when it cannot? Soft attention against AA-GAN, AA-OT and AA-CT.

  compare.py [--methods gan ot ct] [--data FOLDER] [--runs 10] [--attune FILE]

Generates the data set unless it is there. Lambda of each distance is chosen among 1, 0.1 and 0.01, the paper's, 0.001 and, where that
is the best of them, 0.0001, by validation accuracy over two seeds of their own; the log of the choice, results/tuning.jsonl, holds no figure of the test part. Every sweep is a line
of results/compare.jsonl; one that is there already is not run again. Writes results/lambda.md, compare.md, types.md, noise.md
and noise.svg.
"""
import argparse, os, statistics, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.dirname(HERE), os.path.join(HERE, "../performance")]
import questions
import svg_plot
import sweeps
from questions import METHODS, OPTIONS, TRAINING, VARIANCES, of_part

WEIGHTS = ["1", "0.1", "0.01", "0.001"]  # those of the paper, and one more
SMALLER = "0.0001"  # where the smallest of them is the best
MEASURES = {"accuracy": "accuracy, %", "pavpu": "PAvPU, %", "ece": "ECE, %"}
NOISY = "test noise 1"


def options_of(method, weight):
    return [*TRAINING, *([] if method == "soft" else ["--align", method, *OPTIONS[method], "--align-weight", weight])]


def best_of(found):
    """The weight with the highest mean accuracy."""
    return max(found, key=lambda weight: sweeps.mean_of(found[weight], "value"))


def choose(log):
    """Lambda of each method. Writes what each was worth."""
    def validation(method, weight):
        return of_part(log.sweep(options_of(method, weight), runs=2, first_seed=1000), "validation", "accuracy")

    rows, chosen = [], {"soft": ""}
    for method, name in METHODS.items():
        found = {weight: validation(method, weight) for weight in WEIGHTS}
        if best_of(found) == WEIGHTS[-1]:
            found[SMALLER] = validation(method, SMALLER)
        chosen[method] = best_of(found)
        rows.append([name, *(sweeps.percent(found[weight], "value") if weight in found else "" for weight in [*WEIGHTS, SMALLER]),
                     chosen[method]])
        print(*rows[-1], sep=" | ", flush=True)
    table("lambda", ["attention", *(f"lambda {weight}" for weight in [*WEIGHTS, SMALLER]), "chosen"], rows,
          ["Validation accuracy, %, two seeds that are not among those of the other tables."])
    return chosen


def table(name, head, rows, notes=()):
    sweeps.write_table(os.path.join(HERE, "results", name + ".md"), head, rows, notes)


def compared(runs, plain, part, measure):
    """Mean and deviation; against soft attention the difference in points and its p."""
    values = of_part(runs, part, measure)
    if runs is plain:
        return [sweeps.percent(values, "value"), "", ""]
    return [sweeps.percent(values, "value"), *sweeps.difference(sweeps.paired(values, of_part(plain, part, measure), "value"))]


def write_tables(found, chosen):
    names = {"soft": "soft", **METHODS}
    plain = found["soft"]
    rows = []
    for part, inputs in (("test", "clean"), (NOISY, "noise of variance 1")):
        for measure, title in MEASURES.items():
            rows += [[inputs, title, names[method], chosen[method], *compared(runs, plain, part, measure), len(runs)]
                     for method, runs in found.items()]
    rows += [["clean", "MMD of heads", names[method], chosen[method], f"{sweeps.mean_of(runs, 'mmd_median'):.3f}", "", "", len(runs)]
             for method, runs in found.items()]
    table("compare", ["inputs", "measure", "attention", "lambda", "mean and deviation", "to soft, points (95%)", "p", "n"], rows)
    types = sorted(name for name in plain[0]["parts"]["test"] if name.startswith(("accuracy.", "pavpu.")))
    rows = [[inputs, kind.replace(".", ", "), names[method], *compared(runs, plain, part, kind)]
            for part, inputs in (("test", "clean"), (NOISY, "noise of variance 1")) for kind in types for method, runs in found.items()]
    table("types", ["inputs", "measure, answers", "attention", "mean and deviation, %", "to soft, points (95%)", "p"], rows)


def write_noise(found):
    names = {"soft": "soft", **METHODS}
    parts = {"0": "test", **{variance: f"test noise {variance}" for variance in VARIANCES}}
    rows = [[measure, names[method], *(sweeps.percent(of_part(runs, part, measure), "value") for part in parts.values())]
            for measure in MEASURES for method, runs in found.items()]
    table("noise", ["measure, %", "attention", *(f"variance {variance}" for variance in parts)], rows)
    panels = []
    for measure, title in MEASURES.items():
        means = {method: [(float(variance), 100 * sweeps.mean_of(of_part(runs, part, measure), "value")) for variance, part in parts.items()]
                 for method, runs in found.items()}
        most = max(y for points in means.values() for _, y in points)
        step = 20 if most > 40 else 5
        axis = svg_plot.LinearAxis(title, lambda y: f"{y:.0f}", [step * i for i in range(int(most / step) + 2)])
        panel = svg_plot.Panel(title, f"test questions, mean of {len(found['soft'])} seeds",
                               svg_plot.LinearAxis("variance of the noise added to regions", lambda x: f"{x:g}", [0, 1, 2, 3, 4]), axis)
        for colour, (method, points) in enumerate(means.items()):
            panel.add(names[method], points, colour)
        panels.append(panel)
    svg_plot.write(os.path.join(HERE, "results/noise.svg"), panels, "Accuracy, PAvPU and ECE under noise, soft and aligned attention")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    questions.add_arguments(parser)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), help="to compare with soft attention; lambda is chosen for all")
    parser.add_argument("--runs", type=int, default=10)
    args = parser.parse_args()
    questions.generate(args.data, args.attune)
    chosen = choose(questions.Log(os.path.join(HERE, "results/tuning.jsonl"), args.attune, args.data, judged=False))
    log = questions.Log(os.path.join(HERE, "results/compare.jsonl"), args.attune, args.data)
    found = dict.fromkeys(["soft", *args.methods])
    for method in sorted(found, key=["soft", "gan", "ct", "ot"].index):  # the slowest last
        found[method] = log.sweep(options_of(method, chosen[method]), args.runs)
        accuracy = sweeps.percent(of_part(found[method], "test", "accuracy"), "value")
        print(method, accuracy, f"{statistics.median(run['ms_per_step'] for run in found[method]):.2f} ms a step", flush=True)
    write_tables(found, chosen)
    write_noise(found)


if __name__ == "__main__":
    main()
