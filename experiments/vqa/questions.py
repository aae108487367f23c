"""What the experiments on visual questions share: the data set that they generate, sweeps that run once."""
import hashlib, json, os, subprocess, tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
METHODS = {"gan": "AA-GAN", "ot": "AA-OT", "ct": "AA-CT"}
# A discriminator as slow as the heads it judges is left behind by them: experiments/text.
OPTIONS = {"gan": ["--align-lr-scale", "10"], "ot": [], "ct": []}
VARIANCES = ["0.1", "0.5", "1", "2", "4"]
SCENES = ["--train-scenes", "2500", "--validation-scenes", "300", "--test-scenes", "450", "--min-objects", "3", "--max-objects", "5",
          "--questions", "12", "--noise", "0.2", "--answer-noise", "0.1"]
# Questions of one hop. What small models do not learn in a minute (comparisons, places, two hops) tells methods apart by luck alone.
FAMILIES = {"existence", "counting", "attribute"}
TRAINING = ["--epochs", "24", "--batch-size", "32", "--lr", "0.001", "--dropout", "0", "--attention-dropout", "0.1",
            "--word-deviation", "1"]


def add_arguments(parser):
    parser.add_argument("--data", default=os.path.join(HERE, "../../build/vqa/scenes"), help="generated unless it is there")
    parser.add_argument("--attune", default=os.path.join(HERE, "../../build/release/attune"))


def generate(folder, attune):
    """Makes the data set unless it is there."""
    if os.path.exists(folder):
        return
    with tempfile.TemporaryDirectory(dir=made(os.path.dirname(folder))) as temporary:
        whole = os.path.join(temporary, "scenes")
        subprocess.run([attune, "vqa", "generate", "--output", whole, *SCENES], check=True)
        for part in ("train", "val", "test"):
            keep_families(os.path.join(whole, f"v2_OpenEnded_scenes_{part}_questions.json"),
                          os.path.join(whole, f"v2_scenes_{part}_annotations.json"))
        os.rename(whole, folder)


def made(folder):
    os.makedirs(folder, exist_ok=True)
    return folder


def keep_families(questions, annotations):
    """Rewrites a part with the questions of FAMILIES alone."""
    asked, answered = json.load(open(questions)), json.load(open(annotations))
    answered["annotations"] = [one for one in answered["annotations"] if one["question_type"] in FAMILIES]
    kept = {one["question_id"] for one in answered["annotations"]}
    asked["questions"] = [one for one in asked["questions"] if one["question_id"] in kept]
    for path, content in ((questions, asked), (annotations, answered)):
        with open(path, "w") as file:
            json.dump(content, file)


def digest(folder):
    """Of the questions and annotations of all parts."""
    names = sorted(name for name in os.listdir(folder) if name.endswith(".json"))
    return hashlib.sha256(b"".join(open(os.path.join(folder, name), "rb").read() for name in names)).hexdigest()


def run(attune, folder, *words):
    """Result of a subcommand of `attune vqa`."""
    with tempfile.TemporaryDirectory() as temporary:
        file = os.path.join(temporary, "result.json")
        subprocess.run([attune, *words[:2], "vqa", *words[2:], "--data", folder, "--quiet", "--json", file], check=True)
        return json.load(open(file))


class Log:
    """A file of one line a sweep. What it holds of the data set already is not run again."""

    def __init__(self, path, attune, folder, judged=True):
        """judged=False leaves every figure of the test part out, so that nothing can be chosen by it."""
        self.path, self.attune, self.folder, self.judged = path, attune, folder, judged
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.data, self.found = digest(folder), {}
        if os.path.exists(path):
            entries = [json.loads(line) for line in open(path)]
            self.found = {entry["command"]: entry for entry in entries if entry["data"] == self.data}

    def sweep(self, options, runs, first_seed=0):
        measured = ["--noise-variance", ",".join(VARIANCES)] if self.judged else ["--pavpu-samples", "0"]
        words = ["sweep", *options, *measured]
        command = " ".join(["attune vqa", *words, "--runs", str(runs), "--seed", str(first_seed)])
        if command not in self.found:
            first, second = self.halves(words, runs, first_seed)
            entry = {"command": command, "version": first["version"], "data": self.data, "parameters": first["parameters"],
                     "runs": [self.kept(one) for one in first["runs"] + second["runs"]]}
            with open(self.path, "a") as log:
                log.write(json.dumps(entry) + "\n")
            self.found[command] = entry
        return self.found[command]["runs"]

    def halves(self, words, runs, first_seed):
        """The seeds in two processes of one thread each, which on two cores is faster than one of two jobs."""
        half = runs // 2
        shares = ((half, first_seed), (runs - half, first_seed + half))
        with ThreadPoolExecutor() as pool:
            return pool.map(lambda share: run(self.attune, self.folder, "--threads", "1", *words, "--runs", str(share[0]), "--seed",
                                              str(share[1])), shares)

    def kept(self, one):
        names = ("seed", "best_epoch", "ms_per_step", "align_loss", "align_parameters", "mmd", "mmd_median")
        kept = {name: rounded(one[name]) for name in names if name in one}
        parts = one["parts"] if self.judged else {"validation": one["parts"]["validation"]}
        kept["parts"] = {part: {name: rounded(value) for name, value in sorted(measures.items())} for part, measures in parts.items()}
        return kept


def rounded(value):
    return round(value, 5) if isinstance(value, float) else value


def of_part(runs, part, measure):
    """The runs with one measure of one part, for sweeps.paired() and the like."""
    return [{"seed": one["seed"], "value": one["parts"][part][measure]} for one in runs if measure in one["parts"][part]]
