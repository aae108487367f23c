#!/usr/bin/env python3
"""Does alignment help a small encoder on GLUE-style tasks? Soft attention against AA-GAN, AA-OT and AA-CT on the same seeds.

  finetune.py [--encoder DIR] [--tasks NAME ...] [--runs 10] [--attune FILE]

Pretrains the encoder (pretrain.sh) unless it is there. The learning rate is chosen with soft attention, then lambda
of each distance at that rate, both by validation accuracy over two seeds of their own; the log of the choice,
results/tuning.jsonl, holds no figure of a part that a task is judged by. CoLA and RTE are judged by their validation parts, as
their test parts have no public labels, and SST-2 and MRPC choose for them. The parameters after the last step are kept,
nothing is chosen among epochs. Every sweep is a line of results/finetune.jsonl; one that is there
already is not run again. Writes results/finetune.md.
"""
import argparse, os, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import sweeps
import texts

TASKS = {"sst2": "sst2", "cola": "sst2", "trec": "trec", "mrpc": "mrpc", "rte": "mrpc"}  # and which has chosen for it
RATES = ["0.0003", "0.001"]
METHODS = {"gan": "AA-GAN", "ot": "AA-OT", "ct": "AA-CT"}
# A discriminator as slow as the heads it judges is left behind by them.
OPTIONS = {"gan": ["--align-lr-scale", "10"], "ot": [], "ct": []}
WEIGHTS = ["0.1", "0.01", "0.001"]
SHARED = ["--epochs", "3", "--keep", "last"]


def best(options, score):
    scores = {option: score(option) for option in options}
    return max(scores, key=scores.get)


class Tuning:
    """Chooses by validation alone, once for each task."""

    def __init__(self, encoder, attune):
        self.log = texts.Log(os.path.join(HERE, "results/tuning.jsonl"), attune, encoder, judged=False)
        self.chosen = {}

    def options(self, task, method):
        if (task, method) not in self.chosen:
            self.chosen[task, method] = self.choose(task, method)
            print(task, method, *self.chosen[task, method], flush=True)
        return self.chosen[task, method]

    def choose(self, task, method):
        def validation(*options):
            return sweeps.mean_of(self.log.sweep(task, [*SHARED, *options], runs=2, first_seed=1000), "chosen_by")

        if method == "soft":
            return ["--lr", best(RATES, lambda rate: validation("--lr", rate))]
        plain = [*self.options(task, "soft"), "--align", method, *OPTIONS[method]]
        return [*plain, "--align-weight", best(WEIGHTS, lambda weight: validation(*plain, "--align-weight", weight))]


def row(task, name, weight, runs, plain):
    score = sweeps.difference(sweeps.paired(runs, plain, "score")) if plain else ("", "")
    nll = sweeps.difference(sweeps.paired(runs, plain, "nll"))[1] if plain else ""
    return [task, runs[0]["metric"], name, weight, sweeps.percent(runs, "score"), len(runs), *score, f"{sweeps.mean_of(runs, 'ece'):.3f}",
            f"{sweeps.mean_of(runs, 'nll'):.3f}", nll, f"{sweeps.mean_of(runs, 'mmd_median'):.3f}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default=os.path.join(HERE, "../../build/text/encoder"))
    parser.add_argument("--tasks", nargs="+", default=list(TASKS))
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--attune", default=os.path.join(HERE, "../../build/release/attune"))
    args = parser.parse_args()
    sweeps.find_data()
    texts.pretrain(args.encoder, args.attune)
    tuning = Tuning(args.encoder, args.attune)
    log = texts.Log(os.path.join(HERE, "results/finetune.jsonl"), args.attune, args.encoder)
    rows = []
    for task in args.tasks:
        plain = None
        for method, name in {"soft": "soft", **METHODS}.items():
            options = tuning.options(TASKS[task], method)
            runs = log.sweep(task, [*SHARED, *options], args.runs)
            rows.append(row(task, name, options[-1] if plain else "", runs, plain))
            print(*rows[-1], sep=" | ", flush=True)
            plain = plain or runs
    sweeps.write_table(os.path.join(HERE, "results/finetune.md"),
                       ["task", "metric", "attention", "lambda", "score, %", "n", "to soft, points (95%)", "p", "ECE", "NLL",
                        "p of NLL", "MMD of heads"], rows)


if __name__ == "__main__":
    main()
