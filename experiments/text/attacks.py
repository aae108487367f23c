#!/usr/bin/env python3
"""Are aligned heads harder to attack? Table 3 of the paper: the percentage of attacks that fail, soft against aligned heads.

  attacks.py [--encoder DIR] [--tasks sst2 trec mrpc] [--methods gan ct ot] [--weights 0.01 0.001] [--epochs 3] [--seeds 5]
             [--samples 500] [--work DIR] [--attune FILE]

Pretrains a small encoder unless one is given, fine-tunes it with soft heads and with heads aligned by each distance, seeds 0
and up, and attacks every model by TextFooler's, TextBugger's and BAE's recipes on the same test texts. Where there are
several weights, lambda of each distance and task is chosen on validation accuracy with a seed of its own (1000): the
largest whose accuracy is within a point of the best. Every attack is a line of results/attacks.jsonl; one that is there
already is not run again, nor is a model trained that --work (build/attacks) holds. Writes results/attacks.md and
results/attacks_examples.md.
"""
import argparse, json, os, re, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import sweeps

PRETRAINING = ["--hidden", "128", "--layers", "2", "--heads", "4", "--max-length", "64", "--epochs", "12", "--lr", "0.001",
               "--batch-size", "128"]
TRAINING = ["--max-length", "64", "--lr", "0.0005"]
CHOOSING_SEED = 1000
ATTACKS = {"TextFooler": ["--attack", "textfooler"], "TextBugger": ["--attack", "textbugger"], "BAE-R": ["--attack", "bae"]}
HEAD = ["task", "attack", "heads", "lambda", "accuracy, %", "under attack, %", "failed attacks, %", "n",
        "to soft, points (95%)", "p", "words changed, %", "queries"]


class Laboratory:
    def __init__(self, args):
        self.args = args
        self.encoder = args.encoder or os.path.join(args.work, "encoder")
        self.log = os.path.join(HERE, "results/attacks.jsonl")
        self.found = {}
        os.makedirs(args.work, exist_ok=True)
        if os.path.exists(self.log):
            for line in open(self.log):
                entry = json.loads(line)
                self.found[entry["key"]] = entry

    def attune(self, *words):
        subprocess.run([self.args.attune, "text", *words, "--quiet"], check=True)

    def pretrain(self):
        if not os.path.exists(os.path.join(self.encoder, "model.safetensors")):
            self.attune("pretrain", *PRETRAINING, "--out", self.encoder, "--json", self.encoder + ".json")

    def train(self, task, method, weight, seed):
        """Folder of a fine-tuned model, and what its training found."""
        name = "-".join([task.replace("/", "_"), method, *([] if method == "soft" else [weight]), str(seed)])
        folder = os.path.join(self.args.work, name)
        if not os.path.exists(folder + ".json"):
            align = [] if method == "soft" else ["--align", method, "--align-weight", weight]
            self.attune("train", "--task", task, "--model", self.encoder, *TRAINING, "--epochs", str(self.args.epochs),
                        *align, "--seed", str(seed), "--out", folder, "--overwrite", "--json", folder + ".json")
        return folder, json.load(open(folder + ".json"))["runs"][0]

    def choose_weight(self, task, method):
        """The largest lambda whose validation accuracy is within a point of the best."""
        weights = sorted(self.args.weights, key=float, reverse=True)
        if len(weights) == 1:
            return weights[0]
        scores = {}
        for weight in weights:
            parts = self.train(task, method, weight, CHOOSING_SEED)[1]["parts"]
            scores[weight] = next(parts[part]["accuracy"] for part in ("validation", "held_out") if part in parts)
        good = [weight for weight in weights if scores[weight] >= max(scores.values()) - 0.01]
        print(task, method, "lambda", good[0], scores, flush=True)
        return good[0]

    def attack(self, task, method, weight, seed, attack):
        """Counts and means of one model under one attack."""
        folder, run = self.train(task, method, weight, seed)
        options = [*ATTACKS[attack], "--samples", str(self.args.samples)]
        key = " ".join([task, method, weight, f"seed {seed}", run["weights_sha256"][:16], *options])
        result = folder + "-" + attack.lower() + ".json"
        if key not in self.found:
            proposals = ["--proposals", self.encoder] if attack.startswith("BAE") else []
            self.attune("attack", "--checkpoint", folder, *options, *proposals, "--json", result)
            whole = json.load(open(result))
            entry = {"key": key, "seed": seed, "version": whole["version"], "seconds": round(whole["seconds"], 1),
                     "summary": whole["summary"]}
            with open(self.log, "a") as file:
                file.write(json.dumps(entry) + "\n")
            self.found[key] = entry
        return {"seed": seed, **self.found[key]["summary"]}, result


def nested(runs, field, factor=1):
    """Mean over the models that have it; nothing where no attack succeeded."""
    values = [factor * run[field]["mean"] for run in runs if field in run]
    return f"{sum(values) / len(values):.1f}" if values else ""


def row_of(task, attack, method, weight, runs, plain):
    test = ["", ""] if method == "soft" else sweeps.difference(sweeps.paired(runs, plain, "failed_share"))
    return [task, attack, method, weight if method != "soft" else "", sweeps.percent(runs, "accuracy_before"),
            sweeps.percent(runs, "accuracy_after"), sweeps.percent(runs, "failed_share"), len(runs), *test,
            nested(runs, "changed_share", 100), nested(runs, "queries")]


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


def write_examples(path, results, count=4):
    """Of seed 0: the attacks that changed the smallest share of the words, none shorter than six."""
    with open(path, "w") as file:
        file.write("# Texts before and after\n\nWhat was changed is bold; of each model the successful attacks that changed "
                   "the smallest share of the words.\n")
        for title, result in results:
            whole = json.load(open(result))
            labels = whole["labels"]
            fooled = [r for r in whole["results"] if r["outcome"] == "succeeded" and r["words"] >= 6]
            fooled.sort(key=lambda r: (len(r["changes"]) / r["words"], r["example"]))
            file.write(f"\n## {title}\n")
            for r in fooled[:count]:
                before, after = shown(r["original"], r["perturbed"], r["changes"])
                beside = f" (beside: {r['other']})" if "other" in r else ""
                file.write(f"\n- {labels[r['predicted_before']]} {max(r['probabilities_before']):.2f}: {before}{beside}\n"
                           f"  {labels[r['predicted_after']]} {max(r['probabilities_after']):.2f}: {after}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder")
    parser.add_argument("--tasks", nargs="+", default=["sst2", "trec", "mrpc"])
    parser.add_argument("--methods", nargs="+", default=["gan", "ct", "ot"])
    parser.add_argument("--weights", nargs="+", default=["0.01", "0.001"])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--work", default=os.path.join(HERE, "../../build/attacks"))
    parser.add_argument("--attune", default=os.path.join(HERE, "../../build/release/attune"))
    args = parser.parse_args()
    sweeps.find_data()
    laboratory = Laboratory(args)
    laboratory.pretrain()
    rows, examples = [], []
    for task in args.tasks:
        weights = {"soft": "0", **{method: laboratory.choose_weight(task, method) for method in args.methods}}
        for attack in ATTACKS:
            runs = {}
            for method, weight in weights.items():
                found = [laboratory.attack(task, method, weight, seed, attack) for seed in range(args.seeds)]
                runs[method] = [summary for summary, _ in found]
                if method in ("soft", "ct") and os.path.exists(found[0][1]):
                    examples.append((f"{task}, {attack}, {method}", found[0][1]))
                rows.append(row_of(task, attack, method, weight, runs[method], runs["soft"]))
                print(*rows[-1], sep=" | ", flush=True)
            sweeps.write_table(os.path.join(HERE, "results/attacks.md"), HEAD, rows)
            write_examples(os.path.join(HERE, "results/attacks_examples.md"), examples)


main()
