"""Layers against references in float64, and what goes in and out of them."""

import numpy as np
import pytest

import attune

LAYERS = [
    attune.GATConv, attune.GATv2Conv, attune.TransformerConv, attune.GCNConv, attune.SAGEConv
]

# attune's name of each parameter, and the reference's, whose matrices are [out, in].
NAMES = {
    "gat": {"weight": "w", "att_src": "att_src", "att_dst": "att_dst", "bias": "bias"},
    "gatv2": {
        "src_weight": "w_src", "src_bias": "b_src", "dst_weight": "w_dst", "dst_bias": "b_dst",
        "att": "att", "bias": "bias",
    },
    "transformer": {
        f"{part}_{kind}": f"{kind[0]}_{part}"
        for part in ("query", "key", "value", "skip")
        for kind in ("weight", "bias")
    },
}
CLASSES = {
    "gat": attune.GATConv, "gatv2": attune.GATv2Conv, "transformer": attune.TransformerConv
}


def read(fixture, prefix, name):
    value = fixture[prefix + name]
    return value.T if name.startswith("w") else value


def layer_of(kind, fixture, dtype):
    layer = CLASSES[kind](
        fixture["x"].shape[1], fixture["q"].shape[2], heads=int(fixture["heads"]),
        concat=bool(fixture["concat"]), expect_self_loops=False, dtype=dtype,
    )
    assert set(layer.parameters) == set(NAMES[kind])
    for ours, theirs in NAMES[kind].items():
        layer.parameters[ours][...] = read(fixture, "param_", theirs)
    return layer


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("heads", ["concat", "mean"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_outputs_and_gradients_of_the_reference(reference, kind, heads, dtype):
    # Entries are of order one and sums have a few dozen terms: what remains is rounding.
    close = {"rtol": 0, "atol": 1e-13 if dtype == "float64" else 1e-5}
    fixture = reference(f"layer_{kind}_{heads}")
    graph = attune.Graph(np.stack([fixture["src"], fixture["dst"]]), 12, duplicates="keep")
    layer = layer_of(kind, fixture, dtype)
    x = fixture["x"].astype(dtype)
    alpha = fixture["alpha"][graph.input_edge]

    assert layer(x, graph).dtype == dtype
    np.testing.assert_allclose(layer(x, graph), fixture["out"], **close)
    np.testing.assert_allclose(layer.attention(x, graph), alpha, **close)
    for found, expected in zip(layer.heads(x, graph), (fixture["q"], fixture["k"])):
        np.testing.assert_allclose(found, expected, **close)

    record = layer.record(x, graph, heads=True, attention=True)
    np.testing.assert_allclose(record.output, fixture["out"], **close)
    np.testing.assert_allclose(record.attention, alpha, **close)
    np.testing.assert_allclose(record.queries, fixture["q"], **close)
    np.testing.assert_allclose(record.keys, fixture["k"], **close)
    gradients = record.backward(fixture["upstream"].astype(dtype))
    assert set(gradients) == {"x", *NAMES[kind]}
    np.testing.assert_allclose(gradients["x"], fixture["grad_x"], **close)
    for ours, theirs in NAMES[kind].items():
        np.testing.assert_allclose(gradients[ours], read(fixture, "grad_", theirs), **close)


def test_gcn_is_the_formula(graph, features):
    layer = attune.GCNConv(6, 3, dtype="float64", seed=5)
    dense = np.zeros((40, 40))
    src, dst = graph.edge_index()
    dense[dst, src] = 1
    scale = np.diag(dense.sum(axis=1) ** -0.5)
    layer.parameters["bias"][...] = [1, 2, 3]
    x = features.astype(np.float64)
    expected = scale @ dense @ scale @ x @ layer.parameters["weight"] + [1, 2, 3]
    np.testing.assert_allclose(layer(x, graph), expected, atol=1e-13)
    with pytest.raises(ValueError, match="GCNConv: the layer has no attention coefficients"):
        layer.attention(x, graph)
    with pytest.raises(ValueError, match="GCNConv: the layer has no queries and keys"):
        layer.heads(x, graph)


def test_sage_is_the_formula(graph, features):
    layer = attune.SAGEConv(6, 3, dtype="float64", seed=5)
    dense = np.zeros((40, 40))
    src, dst = graph.edge_index()
    dense[dst, src] = 1
    np.fill_diagonal(dense, 0)
    means = dense / np.maximum(dense.sum(axis=1, keepdims=True), 1)
    layer.parameters["bias"][...] = [1, 2, 3]
    x = features.astype(np.float64)
    own, heard = layer.parameters["root_weight"], layer.parameters["neighbour_weight"]
    np.testing.assert_allclose(
        layer(x, graph), x @ own + means @ x @ heard + [1, 2, 3], atol=1e-13)


@pytest.mark.parametrize("layer_class", LAYERS)
def test_gradients_are_those_of_differences(graph, features, layer_class):
    layer = layer_class(6, 3, dtype="float64", seed=2)
    random = np.random.default_rng(6)
    x = features.astype(np.float64)
    upstream = random.standard_normal((40, 3))
    gradients = layer.record(x, graph).backward(upstream)

    def value():
        return (layer(x, graph) * upstream).sum()

    for name, array in {"x": x, **layer.parameters}.items():
        for index in random.integers(0, array.size, 4):
            before = array.flat[index]
            array.flat[index] = before + 1e-6
            above = value()
            array.flat[index] = before - 1e-6
            below = value()
            array.flat[index] = before
            difference = (above - below) / 2e-6
            assert gradients[name].flat[index] == pytest.approx(difference, abs=1e-6), name


def test_gradients_flow_from_queries_and_keys(graph, features):
    layer = attune.GATv2Conv(6, 4, heads=2, dtype="float64")
    x = features.astype(np.float64)
    record = layer.record(x, graph, heads=True)
    found = attune.align(record.queries, record.keys, "mmd", gradients=True)
    gradients = record.backward(
        grad_queries=found.gradients["queries"], grad_keys=found.gradients["keys"]
    )
    weight = layer.parameters["dst_weight"]
    before = weight[0, 0]
    losses = []
    for step in (1e-6, -1e-6):
        weight[0, 0] = before + step
        losses.append(attune.align(*layer.heads(x, graph), "mmd").loss)
    weight[0, 0] = before
    assert gradients["dst_weight"][0, 0] == pytest.approx((losses[0] - losses[1]) / 2e-6, abs=1e-7)
    assert not gradients["att"].any()  # has no part in it


def test_a_record_is_differentiated_once(graph, features):
    record = attune.GATConv(6, 3).record(features, graph)
    with pytest.raises(ValueError, match="expected a gradient, got None for all"):
        record.backward()
    with pytest.raises(ValueError, match=r"grad_output must be \[40, 3\], got \[40, 2\]"):
        record.backward(np.zeros((40, 2), np.float32))
    with pytest.raises(ValueError, match="grad_queries: nothing of the kind was recorded"):
        record.backward(grad_queries=np.zeros((40, 1, 3), np.float32))
    record.backward(np.ones((40, 3), np.float32))
    with pytest.raises(ValueError, match="differentiated before"):
        record.backward(np.ones((40, 3), np.float32))


def test_dropout_is_a_function_of_seed_and_step(graph, features):
    layer = attune.GATConv(6, 4, heads=2, dropout=0.5, attention_dropout=0.5)

    def output(**how):
        return layer.record(features, graph, training=True, **how).output

    np.testing.assert_array_equal(output(seed=1, step=2), output(seed=1, step=2))
    assert not np.array_equal(output(seed=1, step=2), output(seed=1, step=3))
    assert not np.array_equal(output(seed=1, step=2), output(seed=2, step=2))
    np.testing.assert_array_equal(layer.record(features, graph).output, layer(features, graph))


@pytest.mark.parametrize("layer_class", LAYERS)
def test_the_same_bits_on_any_number_of_threads(graph, features, layer_class):
    layer = layer_class(6, 8)
    found = []
    for threads in (1, 2, 3):
        attune.set_num_threads(threads)
        record = layer.record(features, graph)
        gradients = record.backward(record.output)
        found.append([record.output.tobytes()] + [g.tobytes() for g in gradients.values()])
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("layer_class", LAYERS)
def test_sparse_features_are_as_good(graph, features, layer_class):
    features = np.where(features > 0.5, features, 0)
    rows, columns = np.nonzero(features)
    row_ptr = np.searchsorted(rows, np.arange(41))
    layer = layer_class(6, 3)
    triple = (features[rows, columns], columns, row_ptr)
    np.testing.assert_allclose(layer(triple, graph), layer(features, graph), atol=1e-6)
    np.testing.assert_allclose(layer((*triple, (40, 6)), graph), layer(features, graph), atol=1e-6)
    gradients = layer.record(triple, graph).backward(np.ones((40, 3), np.float32))
    assert set(gradients) == set(layer.parameters)
    with pytest.raises(ValueError, match=r"x: expected columns 0 to 5, got 6"):
        layer((triple[0], columns + 1, row_ptr), graph)
    with pytest.raises(ValueError, match="a tuple of 2"):
        layer(triple[:2], graph)
    with pytest.raises(ValueError, match=r"must be \[40, columns\] as its indptr says"):
        layer((*triple, (41, 6)), graph)


def test_parameters_are_those_of_the_layer(graph, features):
    layer = attune.GATConv(6, 4, heads=2, seed=1)
    before = layer(features, graph)
    assert layer.num_parameters == sum(array.size for array in layer.parameters.values())
    layer.parameters["bias"] += 1
    np.testing.assert_allclose(layer(features, graph), before + 1, rtol=1e-6)
    assert not np.array_equal(attune.GATConv(6, 4, heads=2, seed=2)(features, graph), before)
    np.testing.assert_array_equal(attune.GATConv(6, 4, heads=2, seed=1)(features, graph), before)


def test_options_are_read_back():
    layer = attune.GATConv(6, 4, heads=2, concat=False, activation="elu", reported="logit")
    options = layer.options
    assert options["heads"] == 2 and options["concat"] is False
    assert options["activation"] == "elu" and options["reported"] == "logit"
    assert layer.output_channels == 4 and layer.dtype == "float32"
    assert "activation" in repr(layer)
    options["heads"] = 9
    assert layer.options["heads"] == 2


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"heads": 0}, ValueError, "GATConv: heads must be 1 to"),
        ({"heads": 1.5}, ValueError, "GATConv: heads must be a whole number, got 1.5"),
        ({"heads": 2**70}, ValueError, "GATConv: heads must be a whole number"),
        ({"dropout": 1}, ValueError, r"dropout must be in \[0, 1\), got 1"),
        ({"dropout": float("nan")}, ValueError, r"dropout must be in \[0, 1\)"),
        ({"dropout": "much"}, ValueError, "dropout must be a number, got 'much'"),
        ({"bias": 1}, ValueError, "bias must be True or False, got 1"),
        ({"activation": "gelu"}, ValueError, 'activation must be "none", "elu", "relu"'),
        ({"dtype": "float16"}, ValueError, 'expected float32 or float64, got "float16"'),
        ({"head": 2}, TypeError, 'unknown option "head".*did you mean "heads"'),
        ({"seed": -1}, TypeError, ""),
    ],
)
def test_bad_options_are_refused_by_name(keywords, error, message):
    with pytest.raises(error, match=message):
        attune.GATConv(6, 4, **keywords)


def test_sizes_are_checked():
    with pytest.raises(ValueError, match="in_channels must be 1 to"):
        attune.GATConv(0, 4)
    with pytest.raises(TypeError):
        attune.GATConv(6)


def test_a_graph_without_self_loops_is_refused(features):
    with pytest.raises(ValueError, match="self-loop"):
        attune.GATConv(6, 4)(features, attune.Graph([[0], [1]], 40))
    assert attune.GATConv(6, 4, expect_self_loops=False)(
        features, attune.Graph([[0], [1]], 40)
    ).shape == (40, 4)
