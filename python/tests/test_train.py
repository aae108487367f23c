"""Training as the command does it, to the bit."""

import json
import os
import pathlib
import signal
import threading
import time

import numpy as np
import pytest

import attune

FAST = {"epochs": 30, "patience": 0, "seed": 3, "hidden_channels": 4, "heads": 2}
FAST_ARGUMENTS = ["--epochs", 30, "--patience", 0, "--seed", 3, "--hidden-channels", 4,
                  "--heads", 2]


def without_times(result):
    """What of a result must be the same wherever it was computed."""
    kept = {key: value for key, value in result.items() if key not in (
        "command", "peak_rss_bytes", "environment", "seconds", "dataset", "dataset_source",
        "dataset_sha256")}
    kept["config"] = {k: v for k, v in result["config"].items() if k not in ("dataset", "split")}
    kept["runs"] = [
        {k: v for k, v in run.items() if k not in ("seconds", "ms_per_epoch")}
        for run in result["runs"]
    ]
    return kept


def files(folder):
    return {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}


@pytest.mark.parametrize("extra", [
    {},
    {"model": "gatv2", "align": "ct", "align_samples": 16, "value_dropout": 0.3},
    {"model": "transformer", "align": "gan", "root_weight": False, "gan_bounded": True},
    {"model": "gcn", "lr": 0.01, "residual": True},
    {"batch_size": 10, "fan_outs": [5, 3]},
    {"model": "sage", "norm": "batch", "jumping": "cat", "drop_edge": 0.2},
    {"norm": "layer", "label_smoothing": 0.1, "lr_schedule": "cosine", "warmup_epochs": 5},
])
def test_the_same_bits_as_the_command(tmp_path, command, dataset, extra):
    npz = tmp_path / "communities.npz"
    dataset.save(str(npz))
    arguments = [
        f"--{name.replace('_', '-')}={str(value).lower().strip('[]').replace(' ', '')}"
        for name, value in extra.items()
    ]
    command("train", "--dataset", npz, *FAST_ARGUMENTS, *arguments, "--json", tmp_path / "a.json",
            "--out", tmp_path / "a", "--quiet")
    by_command = json.loads((tmp_path / "a.json").read_text())
    _, by_arrays = attune.train(dataset, out=tmp_path / "b", **FAST, **extra)
    _, by_name = attune.train(str(npz), out=tmp_path / "c", **FAST, **extra)
    assert len(by_command["runs"][0]["weights_sha256"]) == 64
    assert without_times(by_arrays) == without_times(by_command)
    assert without_times(by_name) == without_times(by_command)
    # All but the index, which tells the time that it took and where the data came from.
    one, other = files(tmp_path / "a"), files(tmp_path / "b")
    assert set(one) == set(other) and len(one) == 4
    for name in set(one) - {"checkpoint.json"}:
        assert one[name] == other[name], name


def test_what_is_saved_here_the_command_reads(tmp_path, command, dataset):
    npz = tmp_path / "communities.npz"
    dataset.save(str(npz))
    model, result = attune.train(dataset, **FAST)
    model.save(tmp_path / "run")
    command("predict", "--checkpoint", tmp_path / "run", "--dataset", npz, "--output",
            tmp_path / "nodes.csv", "--attention", tmp_path / "alpha.npz")
    table = np.genfromtxt(tmp_path / "nodes.csv", delimiter=",", names=True)
    np.testing.assert_array_equal(table["predicted"], model.predict())
    np.testing.assert_array_equal(
        np.stack([table["p0"], table["p1"], table["p2"]], axis=1).astype(np.float32),
        model.predict_proba().astype(np.float32),
    )
    graph, layers = model.attention()
    with np.load(tmp_path / "alpha.npz") as alpha:
        np.testing.assert_array_equal(np.stack([alpha["src"], alpha["dst"]]), graph.edge_index())
        assert len(layers) == 2
        for layer, coefficients in enumerate(layers):
            np.testing.assert_array_equal(alpha[f"layer{layer}"], coefficients)
    command("evaluate", "--checkpoint", tmp_path / "run", "--dataset", npz, "--json",
            tmp_path / "e.json")
    theirs, ours = json.loads((tmp_path / "e.json").read_text()), model.evaluate()
    for part in ("train", "validation", "test"):
        assert ours[part] == theirs[part]
    assert ours["test"]["accuracy"] == result["runs"][0]["test_accuracy"]


def test_what_the_command_saved_is_read_here(tmp_path, command, dataset):
    npz = tmp_path / "communities.npz"
    dataset.save(str(npz))
    command("train", "--dataset", npz, *FAST_ARGUMENTS, "--out", tmp_path / "run", "--quiet")
    command("predict", "--checkpoint", tmp_path / "run", "--output", tmp_path / "nodes.csv")
    model = attune.load(tmp_path / "run")
    predicted = np.genfromtxt(tmp_path / "nodes.csv", delimiter=",", names=True)["predicted"]
    np.testing.assert_array_equal(model.predict(dataset), predicted)
    with pytest.raises(ValueError, match="a model that was loaded has none of its own"):
        model.predict()
    # Saved again it is the same run, bytes and all.
    model.save(tmp_path / "again")
    assert files(tmp_path / "again") == files(tmp_path / "run")
    assert model.description["dataset"]["name"] == str(npz)
    assert "gat, 2 layers" in repr(model)


def test_a_saved_run_goes_on_to_the_same_end(tmp_path, dataset):
    _, whole = attune.train(dataset, **FAST)
    attune.train(dataset, out=tmp_path / "run", **{**FAST, "epochs": 12})
    model, resumed = attune.train(dataset, resume=tmp_path / "run", **FAST)
    assert resumed["runs"][0]["weights_sha256"] == whole["runs"][0]["weights_sha256"]
    # Nothing is left to run.
    again, once_more = attune.train(dataset, resume=tmp_path / "run", **FAST)
    assert once_more["runs"][0]["weights_sha256"] == whole["runs"][0]["weights_sha256"]
    np.testing.assert_array_equal(model.logits(), again.logits())
    again.save(tmp_path / "copy")
    assert files(tmp_path / "copy") == files(tmp_path / "run")
    with pytest.raises(attune.FileError, match="model.heads was 2, got 3"):
        attune.train(dataset, resume=tmp_path / "run", **{**FAST, "heads": 3})


def test_folders_are_not_overwritten_unasked(tmp_path, dataset):
    attune.train(dataset, out=tmp_path / "run", **FAST)
    with pytest.raises(ValueError, match="holds a checkpoint"):
        attune.train(dataset, out=tmp_path / "run", **FAST)
    with pytest.raises(ValueError, match="leave out"):
        attune.train(dataset, out=tmp_path / "run", resume=tmp_path / "other", **FAST)
    attune.train(dataset, out=tmp_path / "run", overwrite=True, **FAST)


def test_generated_data_sets_go_by_name():
    model, result = attune.train("citation-like:300", epochs=5, seed=1)
    assert result["dataset"] == "citation-like:300"
    assert result["runs"][0]["epochs"] == 5
    assert model.predict().shape == (300,)
    assert attune.load_dataset("citation-like:300").num_nodes == 300


def test_a_split_may_be_asked_for(dataset):
    _, first = attune.train(dataset, split="per-class:9/9:1", **FAST)
    assert first["runs"][0]["split"] == "per-class:9/9:1"
    divided = dataset.with_split("per-class:9/9:1")
    _, second = attune.train(divided, **FAST)
    assert first["runs"][0]["weights_sha256"] == second["runs"][0]["weights_sha256"]
    _, third = attune.train(dataset, split="per-class:9/9:all", **FAST)
    assert third["runs"][0]["split"] == "per-class:9/9:3"


def test_features_may_be_sparse_and_graphs_directed(arrays):
    edges, features, labels = arrays
    rows, columns = np.nonzero(features)
    row_ptr = np.searchsorted(rows, np.arange(len(labels) + 1))
    one_way = attune.Graph(edges, len(labels))
    rule = "per-class:20/10"

    def with_features(features):
        return attune.Dataset(edges, features, labels, split=rule)

    dense = with_features(features)
    sparse = attune.Dataset(
        one_way, (features[rows, columns], columns, row_ptr, features.shape), labels, split=rule
    )
    assert dense.sha256 == sparse.sha256
    for ours, theirs in zip(dense.features[:3], sparse.features[:3]):
        np.testing.assert_array_equal(ours, theirs)
    assert dense.split == "per-class:20/10:0" and len(dense.train) == 60
    data, indices, indptr, shape = dense.features
    assert shape == features.shape
    np.testing.assert_allclose(np.add.reduceat(data, indptr[:-1][np.diff(indptr) > 0]), 1, 1e-5)
    assert with_features(features.astype(int)).sha256 == dense.sha256
    assert with_features(features.astype(float)).sha256 == dense.sha256
    assert with_features(features.astype(">f8")).sha256 == dense.sha256
    assert with_features(np.asfortranarray(features)).sha256 == dense.sha256


def test_scipy_matrices_are_taken(arrays, graph, features):
    sparse = pytest.importorskip("scipy.sparse")
    edges, words, labels = arrays
    matrix = sparse.csr_matrix(words)
    digests = {attune.Dataset(edges, x, labels, split="per-class:9/9").sha256
               for x in (matrix, words, matrix.astype(np.int8))}
    assert len(digests) == 1
    with pytest.raises(ValueError, match="must be in rows, as csr_matrix is, got csc_matrix"):
        attune.Dataset(edges, matrix.tocsc(), labels)
    layer = attune.GATConv(6, 3)
    np.testing.assert_allclose(
        layer(sparse.csr_matrix(features), graph), layer(features, graph), atol=1e-6
    )


def test_a_data_set_survives_a_file(tmp_path, dataset):
    dataset.save(str(tmp_path / "set.npz"))
    again = attune.load_dataset(tmp_path / "set.npz")
    for name in ("labels", "train", "validation", "test"):
        np.testing.assert_array_equal(getattr(again, name), getattr(dataset, name))
    for ours, theirs in zip(again.features[:3], dataset.features[:3]):
        assert ours.tobytes() == theirs.tobytes()
    assert again.graph.edge_index().tolist() == dataset.graph.edge_index().tolist()


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": np.zeros(120)}, "labels must be of integers, got float64"),
        ({"labels": np.zeros((120, 1), int)}, "labels must have 1 axis"),
        ({"labels": np.arange(120) - 5}, "labels of node 0: expected a class or -1 for none"),
        ({"labels": np.arange(120) * 2**33}, "labels of node 1: expected a class"),
        ({"labels": np.zeros(120, int)}, "two classes"),
        ({"labels": np.zeros(119, int)}, "node 119|119"),
        ({"labels": []}, "node|found none"),
        ({"features": np.zeros((119, 4), np.float32)}, "features of 120 nodes, found 119"),
        ({"features": np.zeros(120, np.float32)}, "features must have 2 axes"),
        ({"features": np.full((120, 2), np.nan)}, "feature 0 of node 0: expected a finite number"),
        ({"features": np.full((120, 2), 1e300)}, "expected a finite number, found inf"),
        ({"features": np.full((120, 2), 1j)}, "must be of float32, got complex128"),
        ({"features": np.full((120, 2), "a")}, "must be of float32"),
        ({"features": None}, "features must be a numpy array, got NoneType"),
        ({"features": (np.ones(2, np.float32), [0, 1], [0, 1])}, "row pointers|119|found 1"),
        ({"features": (np.ones(1, np.float32), [0, 1], [0] * 120 + [2])}, "a value for each of 2"),
        ({"features": (np.ones(2, np.float32), [1, 1], [0] * 120 + [2])}, "found 1 twice"),
        ({"features": (np.ones(1, np.float32), [-1], [0] * 120 + [1], (120, 3))}, "found -1"),
        ({"features": (np.ones(1, np.float32), [0], [0] * 120 + [1], (120, 2**40))}, "4194304"),
        ({"graph": np.zeros((2, 3))}, "graph must be of integers"),
        ({"graph": np.array([[0], [500]])}, "500"),
        ({"graph": np.array([[0], [-1]])}, "-1"),
        ({"train": np.zeros(120, bool)}, "train: expected at least one node, got none"),
        ({"train": np.ones(119, bool)}, r"train must be \[120\], got shape \[119\]"),
        ({"train": np.ones(120)}, "train must be of integers, got float64"),
        ({"train": [0, 1, 200]}, "train node 200: expected 0 to 119"),
        ({"train": [0, 1, 2], "test": [2]}, "node 2 is listed in train and in test"),
        ({"train": [0, 0, 1]}, "listed in train and in train"),
        ({"validation": [3]}, "train: expected nodes beside those of validation"),
        ({"train": [0, 1, 2], "split": "random:0"}, "a rule, got both"),
        ({"num_classes": 2}, "label of node"),
        ({"num_classes": 1}, "at least two classes, found 1"),
    ],
)
def test_bad_data_sets_are_refused_by_name(arrays, changes, message):
    edges, features, labels = arrays
    given = {"graph": edges, "features": features, "labels": labels, **changes}
    if "train" not in given and "validation" not in given:
        given["split"] = "per-class:9/9"
    with pytest.raises(ValueError, match=message):
        attune.Dataset(**given)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hiden_channels": 8}, 'unknown option "--hiden-channels".*"--hidden-channels"'),
        ({"model": "gta"}, "gta"),
        ({"align": "cct"}, "cct"),
        ({"heads": 0}, "heads must be"),
        ({"heads": "many"}, "many"),
        ({"heads": 1.5}, "1.5"),
        ({"epochs": 0}, "epochs"),
        ({"lr": float("nan")}, "learning_rate|nan"),
        ({"seed": -1}, "expected 0 or more, got -1"),
        ({"split": "halves"}, "halves"),
        ({"checkpoint_every": 0}, "checkpoint_every must be at least 1"),
        ({"threads": 5000}, "expected a number from 1 to 1024, got 5000"),
        ({"json": "x"}, 'unknown option "--json"'),
        ({"out=x --seed": "1"}, "unknown option"),
    ],
)
def test_bad_options_are_refused_by_name(dataset, options, message):
    with pytest.raises(ValueError, match=message):
        attune.train(dataset, **options)


def test_unknown_data_sets_are_refused():
    with pytest.raises(ValueError, match="coraa"):
        attune.train("coraa")
    with pytest.raises(ValueError):
        attune.train("")
    with pytest.raises(TypeError):
        attune.train(None)


def test_numbers_of_numpy_are_numbers(dataset):
    _, result = attune.train(dataset, epochs=np.int64(3), lr=np.float32(0.25), seed=np.uint8(2),
                             residual=np.bool_(True), align=None)
    assert result["runs"][0]["epochs"] == 3 and result["config"]["learning_rate"] == 0.25
    assert result["config"]["residual"] is True and result["align"] == "none"


def test_the_number_of_threads_changes_nothing(dataset):
    digests = {
        attune.train(dataset, threads=threads, **FAST)[1]["runs"][0]["weights_sha256"]
        for threads in (1, 2, 3)
    }
    assert len(digests) == 1


def test_every_epoch_is_told(dataset):
    seen = []
    attune.train(dataset, callback=seen.append, align="mmd", **FAST)
    assert [epoch["epoch"] for epoch in seen] == list(range(1, 31))
    assert seen[-1]["train_loss"] < seen[0]["train_loss"]
    assert all(0 <= epoch["val_accuracy"] <= 1 and epoch["align_loss"] > 0 for epoch in seen)


def test_what_a_callback_raises_ends_the_run(tmp_path, dataset):
    def stop(epoch):
        if epoch["epoch"] == 7:
            raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        attune.train(dataset, callback=stop, out=tmp_path / "run", **FAST)
    _, resumed = attune.train(dataset, resume=tmp_path / "run", **FAST)
    _, whole = attune.train(dataset, **FAST)
    assert resumed["runs"][0]["weights_sha256"] == whole["runs"][0]["weights_sha256"]


def test_control_c_ends_the_run_and_it_is_saved(tmp_path, dataset):
    begun = threading.Event()

    def interrupt():
        begun.wait(30)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    endless = {**FAST, "epochs": 10**9}
    begin = time.monotonic()
    begun.set()
    with pytest.raises(KeyboardInterrupt):
        attune.train(dataset, out=tmp_path / "run", checkpoint_every=10**9, **endless)
    thread.join()
    assert time.monotonic() - begin < 60
    epochs = json.loads((tmp_path / "run/checkpoint.json").read_text())["progress"]["epoch"]
    assert 0 < epochs < 10**9
    assert attune.load(tmp_path / "run").predict(dataset).shape == (120,)


def test_other_threads_run_meanwhile(dataset):
    ticks = []
    done = threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    begin = time.monotonic()
    attune.train(dataset, **{**FAST, "epochs": 1500})
    end = time.monotonic()
    done.set()
    thread.join()
    assert sum(begin < at < end for at in ticks) > 10


def test_two_runs_at_a_time_are_as_one(dataset):
    found = {}

    def run(seed):
        found[seed] = attune.train(dataset, **{**FAST, "seed": seed})[1]["runs"][0]

    threads = [threading.Thread(target=run, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in (1, 2):
        alone = attune.train(dataset, **{**FAST, "seed": seed})[1]["runs"][0]
        assert found[seed]["weights_sha256"] == alone["weights_sha256"]


def test_parameters_can_be_changed_and_are_saved(tmp_path, dataset):
    model, _ = attune.train(dataset, **FAST)
    assert "layers.0.weight" in model.parameters
    before = model.logits()
    model.parameters["layers.1.bias"][...] += 1
    np.testing.assert_allclose(model.logits(), before + 1, atol=1e-5)
    model.save(tmp_path / "run")
    np.testing.assert_array_equal(attune.load(tmp_path / "run").logits(dataset), model.logits())


def test_a_model_refuses_other_data(dataset):
    model, _ = attune.train(dataset, **FAST)
    other = attune.load_dataset("citation-like:300")
    with pytest.raises(ValueError, match="the model takes 24 features and 3 classes"):
        model.predict(other)
    assert model.evaluate(dataset.with_split("per-class:9/9:2"))["test"]["accuracy"] > 0


def test_heads_of_a_model_are_those_that_are_measured(dataset):
    model, result = attune.train(dataset, **FAST)
    heads = model.heads()
    assert [queries.shape for queries, _ in heads] == [(120, 2, 4), (120, 1, 3)]
    mmd = sum(attune.align(queries, keys, "mmd").loss for queries, keys in heads)
    assert mmd == pytest.approx(result["runs"][0]["mmd"], rel=1e-6)


def test_several_graphs_and_labels(tmp_path, command, dataset):
    folder = f"{tmp_path}/graphs/"
    command("datasets", "generate", "--graphs", 6, "--nodes", 30, "--labels", 4, "--output", folder)
    graphs = attune.load_dataset(folder)
    assert graphs.num_graphs == 6 and graphs.multi_label and not len(graphs.labels)
    assert graphs.targets.shape == (graphs.num_nodes, 4) and not graphs.targets.flags.writeable
    command("train", "--dataset", folder, *FAST_ARGUMENTS, "--batch-size", 2, "--out",
            tmp_path / "run", "--json", tmp_path / "a.json", "--quiet")
    model, result = attune.train(folder, batch_size=2, **FAST)
    assert without_times(result) == without_times(json.loads((tmp_path / "a.json").read_text()))
    labels = model.predict()
    assert labels.dtype == bool and labels.shape == (graphs.num_nodes, 4)
    np.testing.assert_array_equal(labels, model.predict_proba() > 0.5)
    assert model.evaluate()["test"]["micro_f1"] == result["runs"][0]["test"]["micro_f1"]
    np.testing.assert_array_equal(attune.load(tmp_path / "run").predict(graphs), labels)
    with pytest.raises(ValueError, match="gives a node several labels; nodes of communities have"):
        model.predict(dataset)
    assert dataset.targets is None and dataset.num_graphs == 1 and not dataset.multi_label


def test_damaged_checkpoints_are_refused(tmp_path, dataset):
    model, _ = attune.train(dataset, **FAST)
    model.save(tmp_path / "run")
    for path in sorted((tmp_path / "run").iterdir()):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(attune.FileError):
            attune.load(tmp_path / "run")
        path.write_bytes(whole)
    assert attune.load(tmp_path / "run").predict(dataset).shape == (120,)
