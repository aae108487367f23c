"""What the experiments on texts share: the encoder that they fine-tune, sweeps that run once, fine-tuned models that are kept."""
import hashlib, json, os, re, subprocess, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def pretrain(encoder, attune):
    """Makes the encoder unless it is there."""
    if not os.path.exists(os.path.join(encoder, "model.safetensors")):
        subprocess.run([os.path.join(HERE, "pretrain.sh"), encoder], check=True, env={**os.environ, "ATTUNE": attune})


def largest(result):
    """Measures of the labelled part that is a test, else of the only one."""
    parts = result["parts"]
    return parts["test"] if "test" in parts else next(iter(parts.values()))


def digest(encoder):
    return hashlib.sha256(open(os.path.join(encoder, "model.safetensors"), "rb").read()).hexdigest()


def lines_of(path, encoder):
    """What a log holds of this encoder, by command."""
    if not os.path.exists(path):
        return {}
    entries = [json.loads(line) for line in open(path)]
    return {entry["command"]: entry for entry in entries if entry["encoder"] == digest(encoder)}


class Log:
    """A file of one line a sweep. What it holds of the encoder already is not run again."""

    def __init__(self, path, attune, encoder, jobs=2, judged=True):
        """judged=False leaves every figure of the parts that tasks are judged by out, so that nothing can be chosen by them."""
        self.path, self.attune, self.encoder, self.jobs, self.judged = path, attune, encoder, jobs, judged
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.found = lines_of(path, encoder)

    def sweep(self, task, options, runs, first_seed=0):
        words = ["text", "sweep", "--task", task, *options, "--runs", str(runs), "--seed", str(first_seed)]
        command = "attune " + " ".join(words)
        if command not in self.found:
            with tempfile.TemporaryDirectory() as folder:
                file = os.path.join(folder, "result.json")
                subprocess.run([self.attune, *words, "--model", self.encoder, "--jobs", str(self.jobs), "--quiet", "--json",
                                file], check=True)
                result = json.load(open(file))
            entry = {"command": command, "version": result["version"], "encoder": result["config"]["encoder_sha256"],
                     "runs": [self.kept(run, result) for run in result["runs"]]}
            with open(self.path, "a") as log:
                log.write(json.dumps(entry) + "\n")
            self.found[command] = entry
        return self.found[command]["runs"]

    def kept(self, run, result):
        kept = {"seed": run["seed"], "metric": result["metric"], "parameters": result["parameters"] + run.get("align_parameters", 0),
                "mmd_median": run["mmd_median"], "ms_per_step": run["ms_per_step"]}
        if self.judged:
            judged = run["parts"][result["judged_by"]]
            kept.update(score=judged[result["metric"]], nll=judged["nll"], ece=judged["ece"])
        elif result["validation"] != result["judged_by"]:
            kept["chosen_by"] = run["parts"][result["validation"]][result["metric"]]
        return {key: round(value, 6) if isinstance(value, float) else value for key, value in kept.items()}


class Models:
    """Fine-tuned models, a folder each: trained once, looked at by several experiments."""

    def __init__(self, folder, attune, encoder, threads=1):
        """One thread each unless told otherwise: seeds run side by side."""
        self.folder, self.attune, self.encoder, self.threads = folder, attune, encoder, threads
        os.makedirs(folder, exist_ok=True)

    def run(self, *words):
        """Result of a subcommand of `attune text`."""
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "result.json")
            subprocess.run([self.attune, "--threads", str(self.threads), "text", *words, "--quiet", "--json", file], check=True)
            return json.load(open(file))

    @staticmethod
    def command(task, options, seed):
        return " ".join(["attune text train --task", task, *options, "--seed", str(seed)])

    def trained(self, task, options, seed):
        """Folder of the model, and what its training found."""
        command = self.command(task, options, seed)
        name = re.sub("[^a-z0-9]", "_", task) + "-" + hashlib.sha256((command + digest(self.encoder)).encode()).hexdigest()[:12]
        model = os.path.join(self.folder, name)
        if not os.path.exists(model + ".json"):
            result = self.run(*command.split()[2:], "--model", self.encoder, "--out", model, "--overwrite")
            with open(model + ".new", "w") as file:
                json.dump(result, file)
            os.rename(model + ".new", model + ".json")
        return model, json.load(open(model + ".json"))


def arguments(parser):
    """The options that the experiments on models have in common."""
    parser.add_argument("--encoder", default=os.path.join(HERE, "../../build/text/encoder"))
    parser.add_argument("--models", default=os.path.join(HERE, "../../build/text/models"), help="where fine-tuned models are kept")
    parser.add_argument("--methods", nargs="+", default=["gan", "ot", "ct"])
    parser.add_argument("--attune", default=os.path.join(HERE, "../../build/release/attune"))
