"""Distances against references in float64."""

import numpy as np
import pytest

import attune

KINDS = ["gan", "ot", "ct", "mmd"]


def positions_first(x):
    samples, heads, n, channels = x.shape
    return x.transpose(0, 2, 1, 3).reshape(samples * n, heads, channels)


def call_of(fixture):
    """Arguments of a distance as the fixture has them."""
    q, k = fixture["Q"], fixture["K"]
    return {
        "queries": np.ascontiguousarray(positions_first(q)),
        "keys": np.ascontiguousarray(positions_first(k)),
        "query_mask": fixture["mask_q"].reshape(-1) != 0,
        "key_mask": fixture["mask_k"].reshape(-1) != 0,
        "query_segments": np.arange(q.shape[0] + 1) * q.shape[2],
        "key_segments": np.arange(k.shape[0] + 1) * k.shape[2],
    }


def distance_of(kind, fixture, call, **options):
    if kind in ("gan", "ct"):
        options["hidden"] = fixture["param_fc1_w"].shape[0]
    distance = attune.Distance(kind, call["queries"], call["keys"], **options)
    for name, array in distance.parameters.items():
        array[...] = fixture[f"param_{name}"]
    return distance


@pytest.mark.parametrize("shape", ["small", "masked", "rect"])
@pytest.mark.parametrize("kind", ["gan", "ct", "mmd"])
def test_losses_and_gradients_of_the_reference(reference, kind, shape):
    fixture = reference(f"{kind}_{shape}")
    call = call_of(fixture)
    distance = distance_of(kind, fixture, call)
    loss, per_head, gradients = distance(**call, gradients=True)
    close = {"rtol": 1e-9, "atol": 1e-11}
    np.testing.assert_allclose(loss, fixture["loss"], **close)
    np.testing.assert_allclose(per_head, fixture["loss_bh"], **close)
    np.testing.assert_allclose(gradients["queries"], positions_first(fixture["grad_Q"]), **close)
    np.testing.assert_allclose(gradients["keys"], positions_first(fixture["grad_K"]), **close)
    for name in distance.parameters:
        # The discriminator of gan and the critic of ct ascend: their signs are turned.
        sign = 1 if name.startswith("nav") else -1
        np.testing.assert_allclose(gradients[name], sign * fixture[f"grad_{name}"], **close)


def test_transport_of_the_reference(reference):
    fixture = reference("ot_small")
    call = call_of(fixture)
    distance = distance_of("ot", fixture, call, ot_tolerance=1e-12, ot_iterations=100000)
    loss, per_head, gradients = distance(**call, gradients=True)
    np.testing.assert_allclose(per_head, fixture["loss_bh"], rtol=1e-6)
    np.testing.assert_allclose(
        gradients["queries"], positions_first(fixture["grad_fixed_Q"]), atol=1e-5
    )
    assert loss == pytest.approx(float(fixture["loss"]), rel=1e-6)


def clouds(n=20, heads=2, channels=4, dtype=np.float32):
    random = np.random.default_rng(8)
    return (
        random.standard_normal((n, heads, channels)).astype(dtype),
        random.standard_normal((n, heads, channels)).astype(dtype) + 1,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_one_call_and_a_distance_agree(kind):
    queries, keys = clouds()
    found = attune.align(queries, keys, kind, gradients=True, seed=4)
    assert found.per_head.shape == (1, 2)
    assert found.loss == pytest.approx(found.per_head.sum(), rel=1e-6)
    assert found.gradients["queries"].shape == queries.shape
    distance = attune.Distance(kind, queries, keys, seed=4)
    assert distance(queries, keys)[0] == found.loss
    assert distance(queries, keys)[2] is None
    assert set(found.gradients) == {"queries", "keys", *distance.parameters}
    assert attune.align(queries, keys, kind).gradients is None
    if kind in ("gan", "ct"):
        assert attune.align(queries, keys, kind, seed=5).loss != found.loss


def test_mmd_is_the_formula():
    queries, keys = clouds(dtype=np.float64)
    total = 0
    for q, k in zip(queries.transpose(1, 0, 2), keys.transpose(1, 0, 2)):
        def mean_kernel(a, b):
            return np.exp(-((a[:, None] - b[None]) ** 2).sum(-1) / 2).mean()
        total += mean_kernel(q, q) + mean_kernel(k, k) - 2 * mean_kernel(q, k)
    assert attune.align(queries, keys, "mmd").loss == pytest.approx(total, abs=1e-12)


def test_one_head_may_lack_its_axis():
    queries, keys = clouds(heads=1)
    with_axis = attune.align(queries, keys, "ct", gradients=True)
    without = attune.align(queries[:, 0].copy(), keys[:, 0].copy(), "ct", gradients=True)
    assert without.loss == with_axis.loss
    assert without.gradients["keys"].shape == (20, 4)


def test_points_are_drawn_by_seed_and_step():
    queries, keys = clouds()
    losses = [attune.align(queries, keys, "mmd", samples=5, step=step).loss for step in (1, 1, 2)]
    assert losses[0] == losses[1] != losses[2]


def test_edges_carry_the_plan(graph):
    random = np.random.default_rng(9)
    queries = random.standard_normal((40, 2, 3)).astype(np.float32)
    along = attune.align(queries, queries + 1, "ct", support="edges", graph=graph)
    assert along.loss != attune.align(queries, queries + 1, "ct").loss
    with pytest.raises(ValueError, match="graph"):
        attune.align(queries, queries, "ct", support="edges")


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"kind": "cct"}, ValueError, "cct"),
        ({"hiden": 3}, TypeError, 'unknown option "hiden".*did you mean "hidden"'),
        ({"hidden": 0}, ValueError, "hidden"),
        ({"rho": 2}, ValueError, "rho"),
        ({"cost": "cosin"}, ValueError, 'cost must be "cosine", "chord", got \'cosin\''),
        ({"query_mask": np.ones(19, bool)}, ValueError, r"query_mask must be \[20\], got shape"),
        ({"key_mask": np.ones(20)}, ValueError, "key_mask must be of bool, got float64"),
        ({"query_segments": [0, 10]}, ValueError, "segments"),
        ({"query_segments": [0, 30, 20], "key_segments": [0, 10, 20]}, ValueError, "segments"),
        ({"query_segments": [0.5]}, ValueError, "query_segments must be of integers"),
    ],
)
def test_bad_options_are_refused_by_name(keywords, error, message):
    queries, keys = clouds()
    with pytest.raises(error, match=message):
        attune.align(queries, keys, **{"kind": "ct", **keywords})


def test_bad_clouds_are_refused_by_name():
    queries, keys = clouds()
    with pytest.raises(ValueError, match="keys must be of float32, got float64"):
        attune.align(queries, keys.astype(np.float64))
    with pytest.raises(ValueError, match="queries must have 3 axes"):
        attune.align(queries[0, 0].copy(), keys)
    with pytest.raises(ValueError):
        attune.align(queries, keys[:, :1].copy())
    with pytest.raises(ValueError):
        attune.align(queries, keys[:, :, :2].copy())
    distance = attune.Distance("ct", queries, keys)
    with pytest.raises(ValueError):
        distance(queries[:, :, :2].copy(), keys[:, :, :2].copy())


@pytest.mark.parametrize("kind", KINDS)
def test_awkward_clouds_bring_nothing_down(kind):
    queries, keys = clouds()
    nobody = np.zeros(20, bool)
    masked = attune.align(
        queries, keys, kind, query_mask=nobody, key_mask=nobody, gradients=True
    )
    assert masked.loss == 0 and not masked.gradients["queries"].any()
    holes = queries.copy()
    holes[3] = np.nan
    mask = np.arange(20) != 3
    assert np.isfinite(attune.align(holes, keys, kind, query_mask=mask, key_mask=mask).loss)
    none = np.zeros((0, 2, 4), np.float32)
    try:
        assert attune.align(none, none, kind).loss == 0
    except ValueError:
        pass
