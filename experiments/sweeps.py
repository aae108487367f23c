"""What the experiments share: running `attune sweep` once for each question, paired statistics, tables."""
import json, math, os, statistics, subprocess, tempfile

FIELDS = ("test_accuracy", "val_accuracy", "mmd", "epochs", "ms_per_epoch")


def find_data():
    """Sets ATTUNE_DATA to ../shared/datasets beside the project, where that exists and nothing else is set."""
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../shared/datasets")
    if "ATTUNE_DATA" not in os.environ and os.path.isdir(beside):
        os.environ["ATTUNE_DATA"] = os.path.abspath(beside)


class Log:
    """A file of one line a sweep. What it holds already is not run again."""

    def __init__(self, path, attune, jobs=2, test=True):
        """test=False leaves every figure of test nodes out, so that nothing can be chosen by them."""
        self.path, self.attune, self.jobs, self.test = path, attune, jobs, test
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        self.found = {}
        if os.path.exists(path):
            for line in open(path):
                entry = json.loads(line)
                self.found[entry["command"]] = entry

    def sweep(self, dataset, options, runs, first_seed=0):
        command = " ".join(["attune sweep --dataset", dataset, *options, "--runs", str(runs), "--seed", str(first_seed)])
        if command not in self.found:
            with tempfile.NamedTemporaryFile(suffix=".json") as file:
                subprocess.run([self.attune, *command.split()[1:], "--quiet", "--jobs", str(self.jobs), "--json",
                                file.name], check=True)
                result = json.load(open(file.name))
            entry = {"command": command, "version": result["version"], "runs": [self.kept(r) for r in result["runs"]]}
            with open(self.path, "a") as file:
                file.write(json.dumps(entry) + "\n")
            self.found[command] = entry
        return self.found[command]["runs"]

    def kept(self, run):
        kept = {"seed": run["seed"], **{field: round(run[field], 6) for field in FIELDS}}
        if not self.test:
            del kept["test_accuracy"]
            return kept
        for field in ("nll", "ece", "roc_auc"):
            if run["test"].get(field) is not None:
                kept[field] = round(run["test"][field], 6)
        return kept


def mean_of(runs, field):
    return statistics.fmean(run[field] for run in runs)


def median_of(runs, field):
    return statistics.median(run[field] for run in runs)


def percent(runs, field="test_accuracy"):
    values = [100 * run[field] for run in runs]
    return f"{statistics.fmean(values):.2f} +- {statistics.stdev(values):.2f}"


def two_sided_p(t, freedom):
    """P(|T| > t) of Student's distribution, by Simpson's rule over its density up to t."""
    if math.isinf(t):
        return 0.0
    density = lambda x: math.exp(-(freedom + 1) / 2 * math.log1p(x * x / freedom))
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)
    steps, t = 20000, abs(t)
    inner = sum((4 if i % 2 else 2) * density(t * i / steps) for i in range(1, steps))
    return max(0.0, 1 - 2 * scale * (density(0) + inner + density(t)) * t / steps / 3)


def t_quantile(freedom):
    """t with two_sided_p(t) = 0.05, by bisection."""
    low, high = 1.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided_p(middle, freedom) > 0.05 else (low, middle)
    return low


def paired(runs, against, field="test_accuracy"):
    """Mean difference in percentage points, its 95% interval and the p-value of a paired t-test, seed by seed."""
    other = {run["seed"]: run[field] for run in against}
    differences = [100 * (run[field] - other[run["seed"]]) for run in runs]
    n, mean = len(differences), statistics.fmean(differences)
    error = statistics.stdev(differences) / math.sqrt(n)
    half = t_quantile(n - 1) * error
    p = two_sided_p(mean / error, n - 1) if error > 0 else (1.0 if mean == 0 else 0.0)
    return {"mean": mean, "low": mean - half, "high": mean + half, "p": p, "n": n}


def difference(test):
    p = f"{test['p']:.2g}" if test["p"] >= 1e-4 else "< 0.0001"
    return f"{test['mean']:+.2f} ({test['low']:+.2f} to {test['high']:+.2f})", p


def write_table(path, head, rows, notes=()):
    with open(path, "w") as file:
        file.write("| " + " | ".join(head) + " |\n" + "|" + "---|" * len(head) + "\n")
        for row in rows:
            file.write("| " + " | ".join(str(cell) for cell in row) + " |\n")
        for note in notes:
            file.write("\n" + note + "\n")
