"""No array brings the interpreter down: it is taken, or refused by name."""

import numpy as np
import pytest

import attune


@pytest.fixture
def layer():
    return attune.GATConv(6, 4)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((40, 6)), "GATConv.forward: x must be of float32, got float64"),
        (np.zeros((40, 6), ">f4"), "x must be of float32, got >f4"),
        (np.zeros((40, 6), int), "x must be of float32, got int64"),
        (np.zeros((40, 6), bool), "x must be of float32, got bool"),
        (np.zeros((40, 6), complex), "x must be of float32, got complex128"),
        (np.zeros((40, 6), object), "x must be of float32, got object"),
        (np.zeros((40, 6), "U3"), "x must be of float32, got <U3"),
        (np.zeros((40, 6), [("a", "f4")]), "x must be of float32, got"),
        (np.zeros((40, 6), "M8[s]"), "x must be of float32, got"),
        (np.zeros((40, 5), np.float32), r"x must be .*40.*6.*, got \[40, 5\]"),
        (np.zeros((39, 6), np.float32), r"got \[39, 6\]"),
        (np.zeros((0, 6), np.float32), r"got \[0, 6\]"),
        (np.zeros(240, np.float32), r"x must have 2 axes, got shape \[240\]"),
        (np.zeros((1, 40, 6), np.float32), r"x must have 2 axes, got shape \[1, 40, 6\]"),
        (np.zeros((1,) * 20, np.float32), "x must have 2 axes"),
        (np.float32(3), "x must be a numpy array, got float32"),
        ([[0.0] * 6] * 40, "x must be a numpy array, got list"),
        (None, "x must be a numpy array, got NoneType"),
        ((1, 2, 3), "x must be a numpy array, got int"),
    ],
)
def test_what_does_not_fit_is_refused(layer, graph, x, message):
    with pytest.raises(ValueError, match=message):
        layer(x, graph)


def test_any_layout_gives_the_same_bits(layer, graph, features):
    expected = layer(features, graph).tobytes()
    wide = np.zeros((40, 12), np.float32)
    wide[:, ::2] = features
    shifted = np.frombuffer(b"x" + features.tobytes(), np.uint8)[1:].view(np.float32)
    read_only = features.copy()
    read_only.flags.writeable = False
    backwards = features[::-1].copy()[::-1]
    for x in (np.asfortranarray(features), wide[:, ::2], shifted.reshape(40, 6), read_only,
              backwards, features.view(np.matrix)):
        assert layer(x, graph).tobytes() == expected
    assert not shifted.flags.aligned
    ours = attune.empty((40, 6))
    ours[...] = features
    assert layer(ours, graph).tobytes() == expected


def test_numbers_that_are_none_pass_through(layer, graph, features):
    features[7, 2] = np.nan
    output = layer(features, graph)
    assert np.isnan(output[7]).all()
    src, dst = graph.edge_index()
    untouched = np.setdiff1d(np.arange(40), dst[src == 7])
    assert np.isfinite(output[untouched]).all()


def test_graphs_without_nodes_and_without_edges(layer):
    nothing = attune.Graph(np.zeros((2, 0), int), 0)
    assert layer(np.zeros((0, 6), np.float32), nothing).shape == (0, 4)
    alone = attune.Graph(np.zeros((2, 0), int), 3).with_self_loops()
    assert layer(np.ones((3, 6), np.float32), alone).shape == (3, 4)


def test_the_graph_must_be_one(layer, features):
    for graph in (None, 3, np.zeros((2, 3), int)):
        with pytest.raises(TypeError):
            layer(features, graph)


@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3, 4, 5)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_empty_has_the_shape_asked_for(shape, dtype):
    array = attune.empty(shape, dtype)
    assert array.shape == shape and array.dtype == dtype and array.flags.writeable
    assert array.ctypes.data % 64 == 0


def test_empty_refuses_what_cannot_be():
    for shape in ((-1,), (1, 2, 3, 4, 5), (2**40, 2**40)):
        with pytest.raises(ValueError):
            attune.empty(shape)
    with pytest.raises((MemoryError, ValueError)):
        attune.empty((2**50,))
    with pytest.raises(ValueError, match="dtype: expected float32 or float64"):
        attune.empty((3,), "int8")


def test_threads_are_counted():
    attune.set_num_threads(3)
    assert attune.num_threads() == 3
    for n in (0, -1, 5000):
        with pytest.raises(ValueError, match="expected a number from 1 to 1024"):
            attune.set_num_threads(n)


def test_errors_have_a_family_and_python_s_own():
    assert issubclass(attune.ShapeError, attune.Error) and issubclass(attune.ShapeError, ValueError)
    assert issubclass(attune.InvalidArgument, ValueError)
    assert issubclass(attune.FileError, OSError) and issubclass(attune.FileError, ValueError)
    with pytest.raises(attune.FileError) as caught:
        attune.load("/no/such/folder")
    assert caught.value.path == "/no/such/folder/checkpoint.json"
    assert caught.value.position is None
    assert str(caught.value).startswith("/no/such/folder/checkpoint.json: ")
