"""What the tests share."""

import os
import pathlib
import subprocess

import numpy as np
import pytest

import attune

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "tests/parity/fixtures"


@pytest.fixture(autouse=True)
def few_threads():
    before = attune.num_threads()
    attune.set_num_threads(2)
    yield
    attune.set_num_threads(before)


@pytest.fixture
def reference():
    """Inputs, outputs and gradients in float64 from PyTorch, by the name of the file."""
    return lambda name: dict(np.load(FIXTURES / f"{name}.npz", allow_pickle=False))


@pytest.fixture
def graph():
    """40 nodes and some 200 edges, with self-loops."""
    random = np.random.default_rng(3)
    edges = random.integers(0, 40, size=(2, 200))
    return attune.Graph(edges, 40).with_self_loops()


@pytest.fixture
def features():
    return np.random.default_rng(4).standard_normal((40, 6)).astype(np.float32)


@pytest.fixture
def command():
    """Runs the attune command."""
    path = os.environ["ATTUNE_COMMAND"]

    def run(*arguments):
        done = subprocess.run(
            [path, *map(str, arguments), "--threads", "2"],
            capture_output=True, text=True, timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def two_communities(num_nodes=120, num_features=24, seed=0):
    """Edges, features and labels of a graph whose classes one can learn."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, num_nodes)
    same = labels[:, None] == labels[None, :]
    joined = random.random((num_nodes, num_nodes)) < np.where(same, 0.08, 0.01)
    edges = np.array(np.nonzero(np.triu(joined, 1)))
    words = random.random((num_nodes, num_features)) < 0.1
    words |= (np.arange(num_features) % 3 == labels[:, None]) & (random.random(words.shape) < 0.3)
    return edges, words.astype(np.float32), labels


@pytest.fixture
def arrays():
    return two_communities()


@pytest.fixture
def dataset(arrays):
    edges, features, labels = arrays
    order = np.random.default_rng(1).permutation(len(labels))
    return attune.Dataset(
        edges, features, labels, train=order[:30], validation=order[30:60], test=order[60:],
        name="communities",
    )
