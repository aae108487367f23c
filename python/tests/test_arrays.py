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


def fitting(random):
    """An array that some argument wants."""
    return [
        random.standard_normal((40, 6)).astype("f4"),
        random.standard_normal((40, 1, 6)).astype("f4"),
        random.integers(0, 40, (2, 50)),
        random.integers(0, 2, 40),
        random.random(40) < 0.5,
        np.sort(random.integers(0, 41, 3)),
    ][random.integers(6)]


def wild(random):
    """An array of any shape, element type and content."""
    shape = tuple(int(n) for n in random.choice([0, 1, 2, 3, 6, 40, 41], random.integers(0, 5)))
    dtype = random.choice(["f4", "f8", ">f4", "i4", "i8", "u8", "b1", "c8", "O", "U2", "M8[s]"])
    array = np.asarray(random.standard_normal(shape) * 10.0 ** random.integers(-40, 40))
    return array.astype("i8").astype(dtype) if dtype == "M8[s]" else array.astype(dtype)


def anything(random):
    """An array, or nearly one, in any layout."""
    array = fitting(random) if random.random() < 0.8 else wild(random)
    if array.dtype.kind == "f" and array.size and random.random() < 0.2:
        array.flat[random.integers(array.size)] = random.choice([np.nan, np.inf, -np.inf, 1e-45])
    if array.dtype.kind == "i" and array.size and random.random() < 0.2:
        array.flat[random.integers(array.size)] = random.choice([-1, 2**31, 2**62, -(2**63)])
    if random.random() < 0.1:
        array = array.T
    if random.random() < 0.2 and array.ndim:
        array = array[::-1]
    if random.random() < 0.2:
        array.flags.writeable = False
    kind = random.random()
    return None if kind < 0.03 else array.tolist() if kind < 0.06 else array


@pytest.mark.filterwarnings("ignore")
def test_whatever_comes_is_taken_or_refused(graph):
    random = np.random.default_rng(12)
    layers = [attune.GATConv(6, 3, heads=2), attune.TransformerConv(6, 6)]
    calls = [
        lambda a, b, c: layers[0](a, graph),
        lambda a, b, c: layers[1]((a, b, c), graph),
        lambda a, b, c: layers[1].record(a, graph).backward(b),
        lambda a, b, c: attune.Graph(a),
        lambda a, b, c: attune.Graph(a, 41).with_self_loops(),
        lambda a, b, c: attune.Graph.from_csr(a, b),
        lambda a, b, c: attune.align(a, b, "mmd", query_mask=c, gradients=True),
        lambda a, b, c: attune.align(a, b, "ct", key_segments=c),
        lambda a, b, c: attune.Dataset(a, b, c, split="fraction:0.4/0.2"),
        lambda a, b, c: attune.Dataset(graph, a, np.arange(40) % 2, train=b),
    ]
    taken = [0] * len(calls)
    for trial in range(3000):
        number = trial % len(calls)
        try:
            calls[number](*(anything(random) for _ in range(3)))
            taken[number] += 1
        except (attune.Error, TypeError, ValueError, MemoryError):
            pass
    assert sum(count > 0 for count in taken) >= 5, taken
    assert max(taken) < 290, taken
