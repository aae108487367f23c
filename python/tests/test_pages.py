"""What the pages show in Python works as it stands."""

import pathlib
import re

import numpy as np
import pytest

import attune

TREE = pathlib.Path(__file__).resolve().parents[2]


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```", (TREE / page).read_text(), re.M | re.S)


@pytest.fixture
def names(arrays, tmp_path, monkeypatch):
    """What the pages take for granted."""
    monkeypatch.chdir(tmp_path)
    edge_index, features, labels = arrays
    random = np.random.default_rng(2)
    part = random.integers(0, 3, len(labels))
    return {
        "attune": attune,
        "edge_index": edge_index,
        "features": features,
        "labels": labels,
        "num_nodes": len(labels),
        "train_mask": part == 0,
        "val_mask": part == 1,
        "test_mask": part == 2,
        "other_dataset": attune.Dataset(edge_index[:, ::2], features, labels, split="per-class:9/9"),
        "x": random.standard_normal((len(labels), 16)).astype(np.float32),
        "in_channels": 16,
        "edge_attr": random.standard_normal((edge_index.shape[1], 3)).astype(np.float32),
        "graph": attune.Graph(edge_index, len(labels), symmetric=True).with_self_loops(),
        "pretrained": random.standard_normal((16, 32)).astype(np.float32),
        "grad_output": np.ones((len(labels), 32), np.float32),
        "t": 1,
    }


@pytest.mark.parametrize("page", ["README.md", "python/README.md"])
def test_code_of_pages_runs(page, names):
    found = blocks(page)
    assert found
    for code in found:
        # Real data may not be there: drawn data stands in for it.
        exec(code.replace('"cora"', '"citation-like:300"'), names)
    assert names["model"].predict(names["dataset"]).shape == (names["num_nodes"],)
