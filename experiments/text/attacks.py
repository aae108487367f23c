#!/usr/bin/env python3
"""Are aligned heads harder to attack? Table 3 of the paper: the percentage of attacks that fail, soft against aligned heads.

  attacks.py [--encoder DIR] [--models DIR] [--tasks sst2 trec mrpc] [--methods gan ot ct] [--seeds 5] [--samples 500]
             [--attune FILE]

Every model, soft or aligned, seeds 0 and up, is fine-tuned as finetune.py has chosen it (domains.py has trained those of SST-2
already, if it ran) and attacked by TextFooler's, TextBugger's and BAE's recipes on the same test texts. Every attack is a line
of results/attacks.jsonl; one that is there already is not run again. Writes results/attacks.md and results/attacks_examples.md.
"""
import argparse, concurrent.futures, json, os, re, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import sweeps
import texts
from finetune import METHODS, SHARED, TASKS, Tuning

ATTACKS = {"TextFooler": ["--attack", "textfooler"], "TextBugger": ["--attack", "textbugger"], "BAE-R": ["--attack", "bae"]}
HEAD = ["task", "attack", "heads", "accuracy, %", "under attack, %", "failed attacks, %", "n", "to soft, points (95%)", "p",
        "words changed, %", "queries"]
EXAMPLES = 1  # a model: enough to read, few enough to quote
SHORTEST = 6  # words of an example


class Laboratory:
    def __init__(self, models, samples):
        self.models, self.samples, self.path = models, samples, os.path.join(HERE, "results/attacks.jsonl")
        self.found = texts.lines_of(self.path, models.encoder)

    def attack(self, task, options, seed, attack):
        """Counts and means of one model under one attack."""
        words = [*ATTACKS[attack], "--samples", str(self.samples)]
        command = " ".join([texts.Models.command(task, options, seed), "&& attune text attack", *words])
        if command not in self.found:
            model, _ = self.models.trained(task, options, seed)
            proposals = ["--proposals", self.models.encoder] if attack.startswith("BAE") else []
            result = self.models.run("attack", "--checkpoint", model, *words, *proposals)
            entry = {"command": command, "encoder": texts.digest(self.models.encoder), "seed": seed, "version": result["version"],
                     "summary": result["summary"], **({"examples": examples_of(result)} if seed == 0 else {})}
            with open(self.path, "a") as file:
                file.write(json.dumps(entry) + "\n")
            self.found[command] = entry
        return self.found[command]

    def runs(self, task, options, attack, seeds):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda seed: self.attack(task, options, seed, attack), range(seeds)))


def nested(runs, field, factor=1):
    """Mean over the models that have it; nothing where no attack succeeded."""
    values = [factor * run[field]["mean"] for run in runs if field in run]
    return f"{sum(values) / len(values):.1f}" if values else ""


def row_of(task, attack, name, runs, plain):
    runs, plain = ([{"seed": entry["seed"], **entry["summary"]} for entry in entries] for entries in (runs, plain))
    test = ["", ""] if runs == plain else sweeps.difference(sweeps.paired(runs, plain, "failed_share"))
    return [task, attack, name, *(sweeps.percent(runs, field) for field in ("accuracy_before", "accuracy_after", "failed_share")),
            len(runs), *test, nested(runs, "changed_share", 100), nested(runs, "queries")]


def shown(original, perturbed, changes):
    """Both texts with the changed words in bold, found again in the order of the text."""
    for text, side in ((original, "before"), (perturbed, "after")):
        at, out = 0, ""
        for change in changes:
            found = re.compile(r"(?<!\w)" + re.escape(change[side]) + r"(?!\w)").search(text, at)
            if found:
                out += text[at:found.start()] + "**" + change[side] + "**"
                at = found.end()
        yield (out + text[at:]).replace("|", "\\|")


def examples_of(result):
    """Of the attacks that succeeded, the one that changed the smallest share of the words, as it is shown."""
    fooled = [r for r in result["results"] if r["outcome"] == "succeeded" and r["words"] >= SHORTEST]
    fooled.sort(key=lambda r: (len(r["changes"]) / r["words"], r["example"]))
    lines = []
    for r in fooled[:EXAMPLES]:
        before, after = shown(r["original"], r["perturbed"], r["changes"])
        beside = f" (beside: {r['other']})" if "other" in r else ""
        lines.append(f"- {result['labels'][r['predicted_before']]} {max(r['probabilities_before']):.2f}: {before}{beside}\n"
                     f"  {result['labels'][r['predicted_after']]} {max(r['probabilities_after']):.2f}: {after}\n")
    return lines


def write_examples(path, examples):
    with open(path, "w") as file:
        file.write("# Texts before and after\n\nWhat was changed is bold; of each model of seed 0 the successful attack that "
                   "changed the smallest share of the words.\n")
        for title, lines in examples.items():
            file.write("\n".join(["", "## " + title, "", *lines]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    texts.arguments(parser)
    parser.add_argument("--tasks", nargs="+", default=["sst2", "trec", "mrpc"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=500)
    args = parser.parse_args()
    sweeps.find_data()
    texts.pretrain(args.encoder, args.attune)
    tuning, rows, examples = Tuning(args.encoder, args.attune), [], {}
    laboratory = Laboratory(texts.Models(args.models, args.attune, args.encoder), args.samples)
    for task in args.tasks:
        for attack in ATTACKS:
            plain = None
            for method in ["soft", *args.methods]:
                runs = laboratory.runs(task, [*SHARED, *tuning.options(TASKS[task], method)], attack, args.seeds)
                plain, name = plain or runs, METHODS.get(method, method)
                rows.append(row_of(task, attack, name, runs, plain))
                if method in ("soft", "ct"):
                    examples[f"{task}, {attack}, {name}"] = runs[0]["examples"]
                print(*rows[-1], sep=" | ", flush=True)
    sweeps.write_table(os.path.join(HERE, "results/attacks.md"), HEAD, rows)
    write_examples(os.path.join(HERE, "results/attacks_examples.md"), examples)


main()
