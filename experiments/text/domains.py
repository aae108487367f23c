#!/usr/bin/env python3
"""Does alignment help out of domain? Trained on SST-2, tested on other reviews; trained on SICK, tested on SNLI and MNLI.

  domains.py [--encoder DIR] [--models DIR] [--runs 10] [--methods gan ot ct] [--attune FILE]

Every model, soft or aligned, seeds 0 and up, is fine-tuned as its task has chosen it (see finetune.py), then measured as it is
on the texts of other sources: nothing of them is trained on or chosen by. MR is left out, SST-2 being made of it. Every model
is a line of results/domains.jsonl; one that is there already is not run again. Writes results/domains.md.
"""
import argparse, concurrent.futures, json, os, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import sweeps
import texts
from finetune import METHODS, SHARED, Tuning

OTHERS = {
    "sst2": ["textfooler/imdb", "textfooler/yelp", "uci/imdb", "uci/yelp", "uci/amazon_cells", "cr", "movie_reviews"],
    "sick": ["textfooler/snli", "textfooler/mnli_matched", "textfooler/mnli_mismatched"],
}


class Measured:
    """What is known of each model on its own task and on others."""

    def __init__(self, models):
        self.models, self.path = models, os.path.join(HERE, "results/domains.jsonl")
        self.found = texts.lines_of(self.path, models.encoder)

    def measure(self, task, options, seed):
        """Accuracy and calibration of one model on its own test part and on other tasks."""
        model, trained = self.models.trained(task, options, seed)
        parts = {task: trained["runs"][0]["parts"][trained["judged_by"]]}
        for other in OTHERS[task]:
            parts[other] = texts.largest(self.models.run("evaluate", "--checkpoint", model, "--task", other))
        return {name: {key: round(part[key], 6) for key in ("accuracy", "ece", "nll")} for name, part in parts.items()}

    def runs(self, task, options, count):
        def one(seed):
            command = texts.Models.command(task, options, seed)
            if command not in self.found:
                return {"command": command, "encoder": texts.digest(self.models.encoder), "seed": seed,
                        "parts": self.measure(task, options, seed)}
            return self.found[command]

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            entries = list(pool.map(one, range(count)))
        with open(self.path, "a") as file:
            for entry in entries:
                if entry["command"] not in self.found:
                    file.write(json.dumps(entry) + "\n")
        return {name: [{"seed": e["seed"], **e["parts"][name]} for e in entries] for name in entries[0]["parts"]}


def rows_of(task, runs):
    for name in [task, *OTHERS[task]]:
        for method, parts in runs.items():
            plain = runs["soft"][name]
            tests = [part for field in ("accuracy", "ece") for part in
                     (sweeps.difference(sweeps.paired(parts[name], plain, field)) if method != "soft" else ("", ""))]
            yield [task, name, METHODS.get(method, method), sweeps.percent(parts[name], "accuracy"), len(plain), *tests[:2],
                   f"{sweeps.mean_of(parts[name], 'ece'):.3f}", *tests[2:]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    texts.arguments(parser)
    parser.add_argument("--runs", type=int, default=10)
    args = parser.parse_args()
    sweeps.find_data()
    texts.pretrain(args.encoder, args.attune)
    tuning, rows = Tuning(args.encoder, args.attune), []
    measured = Measured(texts.Models(args.models, args.attune, args.encoder))
    for task in OTHERS:
        runs = {method: measured.runs(task, [*SHARED, *tuning.options(task, method)], args.runs)
                for method in ["soft", *args.methods]}
        rows += rows_of(task, runs)
        for row in rows[-len(runs) * (1 + len(OTHERS[task])):]:
            print(*row, sep=" | ", flush=True)
    sweeps.write_table(os.path.join(HERE, "results/domains.md"),
                       ["trained on", "tested on", "attention", "accuracy, %", "n", "to soft, points (95%)", "p", "ECE",
                        "ECE to soft, points (95%)", "p"], rows)


main()
