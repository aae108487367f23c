"""Attention that looks at features of the edges."""

import numpy as np
import pytest

import attune

LAYERS = [attune.GATConv, attune.GATv2Conv, attune.TransformerConv]


@pytest.fixture
def edge_features(graph):
    return np.random.default_rng(5).standard_normal((graph.num_edges, 3))


def made(layer_class, **options):
    return layer_class(6, 4, heads=2, edge_channels=3, dtype="float64", seed=1, **options)


def test_gat_is_the_formula(graph, features, edge_features):
    layer = made(attune.GATConv, bias=False)
    z = (features @ layer.parameters["weight"]).reshape(40, 2, 4)
    f = (edge_features @ layer.parameters["edge_weight"]).reshape(-1, 2, 4)
    src, dst = graph.edge_index()
    logit = (
        (z * layer.parameters["att_dst"]).sum(2)[dst]
        + (z * layer.parameters["att_src"]).sum(2)[src]
        + (f * layer.parameters["att_edge"]).sum(2)
    )
    weight = np.exp(np.where(logit > 0, logit, 0.2 * logit))
    total = np.zeros((40, 2))
    np.add.at(total, dst, weight)
    alpha = weight / total[dst]
    out = np.zeros((40, 2, 4))
    np.add.at(out, dst, alpha[:, :, None] * z[src])

    x = features.astype(np.float64)
    np.testing.assert_allclose(layer.attention(x, graph, edge_features), alpha, rtol=0, atol=1e-12)
    found = layer(x, graph, edge_features)
    np.testing.assert_allclose(found, out.reshape(40, 8), rtol=0, atol=1e-12)


@pytest.mark.parametrize("layer_class", LAYERS)
def test_gradients_are_those_of_differences(layer_class, graph, features, edge_features):
    layer = made(layer_class)
    x = features.astype(np.float64)
    upstream = np.random.default_rng(6).standard_normal((40, 8))
    gradients = layer.record(x, graph, edge_features).backward(upstream)
    assert set(gradients) == {"x", "edge_features", *layer.parameters}

    def slope(array, place, step=1e-6):
        before = array[place]
        array[place] = before + step
        above = (layer(x, graph, edge_features) * upstream).sum()
        array[place] = before - step
        below = (layer(x, graph, edge_features) * upstream).sum()
        array[place] = before
        return (above - below) / (2 * step)

    for place in [(0, 0), (17, 2), (graph.num_edges - 1, 1)]:
        expected = slope(edge_features, place)
        assert gradients["edge_features"][place] == pytest.approx(expected, rel=1e-6, abs=1e-8)
    expected = slope(layer.parameters["edge_weight"], (2, 5))
    assert gradients["edge_weight"][2, 5] == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_ones_own_edges_are_put_in_order():
    graph = attune.Graph([[2, 0, 1], [1, 1, 2]], 4).with_self_loops()
    ordered = graph.order_edge_features(np.array([[1.0], [3.0], [5.0]]))
    assert ordered.dtype == np.float64
    src, dst = graph.edge_index()
    found = {(int(s), int(d)): float(v) for s, d, v in zip(src, dst, ordered[:, 0])}
    # Added self-loops have the mean of the edges into their node, or zero.
    assert found == {
        (2, 1): 1, (0, 1): 3, (1, 2): 5, (0, 0): 0, (1, 1): 2, (2, 2): 5, (3, 3): 0
    }
    assert graph.order_edge_features(np.ones((3, 2), np.float32)).dtype == np.float32
    with pytest.raises(attune.InvalidArgument, match="edge"):
        graph.order_edge_features(np.ones((2, 1)))
    with pytest.raises(attune.ShapeError, match="features"):
        graph.order_edge_features(np.ones(3))


@pytest.mark.parametrize("layer_class", LAYERS)
def test_features_that_do_not_fit_are_refused(layer_class, graph, features, edge_features):
    layer = made(layer_class)
    x = features.astype(np.float64)
    with pytest.raises(attune.ShapeError, match="edge_features"):
        layer(x, graph)
    with pytest.raises(attune.ShapeError, match="edge_features"):
        layer(x, graph, edge_features[:-1])
    with pytest.raises(attune.ShapeError, match="edge_features"):
        layer.record(x, graph, edge_features[:, :2])
    with pytest.raises(attune.ShapeError, match="edge_features"):
        layer(x, graph, edge_features.astype(np.float32))
    with pytest.raises(attune.InvalidArgument, match="edge_channels"):
        layer_class(6, 4, edge_channels=-1)


@pytest.mark.parametrize("layer_class", [attune.GATConv, attune.GCNConv, attune.SAGEConv])
def test_layers_that_look_at_none_refuse_them(layer_class, graph, features):
    layer = layer_class(6, 4)
    with pytest.raises((attune.InvalidArgument, attune.ShapeError), match="edge"):
        layer(features, graph, np.ones((graph.num_edges, 3), np.float32))
