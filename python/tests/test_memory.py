"""Who keeps what alive, and for how long."""

import gc
import sys
import weakref

import numpy as np
import pytest

import attune


def in_use():
    gc.collect()
    return attune._attune._bytes_in_use()


def placed(array, offset):
    """A copy that begins `offset` bytes after a multiple of 64."""
    room = np.empty(array.nbytes + 128, np.uint8)
    begin = -room.ctypes.data % 64 + offset
    copy = room[begin : begin + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def test_views_outlive_what_they_are_of(graph, features, dataset):
    layer = attune.GATConv(6, 4, heads=2)
    record = layer.record(features, graph, heads=True, attention=True)
    model, _ = attune.train(dataset, epochs=3)
    distance = attune.Distance("ct", record.queries, record.keys)
    views = [
        *layer.parameters.values(), record.output, record.attention, record.queries, record.keys,
        *distance.parameters.values(), *model.parameters.values(), model.logits(),
        dataset.labels, dataset.train, *dataset.features[:3], dataset.graph.col_idx,
        graph.row_ptr, graph.out_to_in,
    ]
    copies = [view.copy() for view in views]
    edges = dataset.graph.edge_index().tolist()
    rows = dataset.graph.row_ptr
    del layer, record, model, distance, dataset, graph
    gc.collect()
    for _ in range(20):  # what was released is taken again and written over
        attune.empty((40, 8))[...] = 7
        attune.Graph(np.ones((2, 300), int), 40)
    for view, copy in zip(views, copies):
        np.testing.assert_array_equal(view, copy)
    assert rows[-1] == len(edges[0])


def test_nothing_is_left_behind(graph, features, dataset):
    def everything():
        layer = attune.GATConv(6, 4, heads=2)
        record = layer.record(features, graph, heads=True, attention=True)
        record.backward(record.output, grad_keys=record.keys)
        attune.align(record.queries, record.keys, "gan", gradients=True)
        model, _ = attune.train(dataset, epochs=2, align="ct")
        model.attention()
        with pytest.raises(ValueError):
            layer(features[:3].copy(), graph)
        with pytest.raises(ZeroDivisionError):
            attune.train(dataset, epochs=2, callback=lambda epoch: 1 // 0)

    everything()
    before = in_use()
    for _ in range(3):
        everything()
    assert in_use() == before


def test_an_array_is_released_with_its_last_view():
    before = in_use()
    array = attune.empty((1000, 100))
    assert in_use() >= before + 400_000
    view = array[5:7, ::2].T
    del array
    assert in_use() >= before + 400_000
    del view
    assert in_use() == before


def test_arrays_of_attune_go_in_without_a_copy(graph):
    layer = attune.GCNConv(512, 1)
    x = attune.empty((40, 512))
    x[...] = 1
    size = x.nbytes
    record = layer.record(x, graph)  # keeps its input
    before = in_use()
    again = layer.record(x, graph)
    assert in_use() - before < size / 2
    copied = layer.record(placed(np.array(x), 16), graph)
    assert in_use() - before > size
    np.testing.assert_array_equal(record.output, again.output)
    np.testing.assert_array_equal(record.output, copied.output)
    # Another shape of the same memory is the same memory; a part of it is not.
    before = in_use()
    reshaped = layer.record(x.reshape(-1).reshape(40, 512), graph)
    assert in_use() - before < size / 2
    shifted = layer.record(x[:, ::-1], graph)
    assert in_use() - before > size
    np.testing.assert_array_equal(reshaped.output, shifted.output)


def test_an_output_goes_into_the_next_layer(graph, features):
    first, second = attune.GATConv(6, 64), attune.GCNConv(64, 2)
    hidden = first(features, graph)
    kept = hidden.copy()
    second.record(hidden, graph).backward(np.ones((40, 2), np.float32))
    np.testing.assert_array_equal(hidden, kept)


def test_outputs_are_not_written_over(graph, features):
    layer = attune.GATConv(6, 4, activation="elu", residual=True)
    record = layer.record(features, graph, heads=True, attention=True)
    views = [record.output, record.attention, record.queries, record.keys]
    copies = [view.copy() for view in views]
    upstream = attune.empty((40, 4))
    upstream[...] = 3
    gradients = record.backward(upstream)
    assert (upstream == 3).all()
    for view, copy in zip(views, copies):
        np.testing.assert_array_equal(view, copy)
    arrays = list(gradients.values())
    for i, one in enumerate(arrays):
        assert one.flags.writeable
        assert not any(np.shares_memory(one, other) for other in arrays[:i])
        assert not np.shares_memory(one, upstream)


def test_writing_to_an_output_leaves_the_record_alone(graph, features):
    layer = attune.GATConv(6, 4, activation="elu")
    record = layer.record(features, graph)
    assert not record.output.flags.writeable
    with pytest.raises(ValueError):
        record.output[0] = 1
    assert layer(features, graph).flags.writeable


def test_counts_of_references_are_even(graph, features, dataset):
    layer = attune.GATConv(6, 4)

    def seen(epoch):
        pass

    things = [graph, features, dataset, layer, seen]
    before = [sys.getrefcount(thing) for thing in things]
    for _ in range(5):
        record = layer.record(features, graph)
        record.backward(np.ones((40, 4), np.float32))
        layer.parameters["weight"][...] += 0
        attune.train(dataset, epochs=1, callback=seen)
        with pytest.raises(ValueError):
            layer(np.zeros((3, 6), np.float32), graph)
    del record
    gc.collect()
    assert [sys.getrefcount(thing) for thing in things] == before


def test_models_and_callbacks_are_collected(dataset):
    model, _ = attune.train(dataset, epochs=1)
    watched = weakref.ref(model)
    del model
    gc.collect()
    assert watched() is None


def test_aligned_arrays_of_others_go_in_without_a_copy(graph):
    layer = attune.GCNConv(512, 1)
    x = placed(np.ones((40, 512), np.float32), 0)
    counted = sys.getrefcount(x)
    before = in_use()
    record = layer.record(x, graph)
    assert in_use() - before < x.nbytes / 2
    assert sys.getrefcount(x) == counted + 1
    expected = layer(placed(x, 4), graph)  # a copy, and the same bits
    assert record.output.tobytes() == expected.tobytes()
    upstream = placed(np.ones((40, 1), np.float32), 0)
    held = sys.getrefcount(upstream)
    gradients = record.backward(upstream)
    assert not np.shares_memory(gradients["x"], x)
    assert (x == 1).all() and (upstream == 1).all()
    del record, gradients, expected
    gc.collect()
    assert sys.getrefcount(x) == counted and sys.getrefcount(upstream) == held
    assert in_use() == before


def test_inputs_that_are_lent_stay_as_long_as_the_record(graph):
    layer = attune.GATConv(512, 4)
    x = placed(np.random.default_rng(1).standard_normal((40, 512)).astype(np.float32), 0)
    expected = layer.record(x.copy(), graph).backward(np.ones((40, 4), np.float32))
    record = layer.record(x, graph)
    del x
    gc.collect()
    for _ in range(10):
        np.full((40, 512), 7, np.float32)
    found = record.backward(np.ones((40, 4), np.float32))
    assert found["weight"].tobytes() == expected["weight"].tobytes()


@pytest.mark.parametrize("layer_class", [
    attune.GATConv, attune.GATv2Conv, attune.TransformerConv, attune.GCNConv, attune.SAGEConv
])
def test_mapped_files_are_read_and_never_written_to(tmp_path, graph, features, layer_class):
    np.save(tmp_path / "x.npy", features)
    x = np.load(tmp_path / "x.npy", mmap_mode="r")  # a write to it would end the process
    assert x.ctypes.data % 64 == 0
    for options in ({}, {"activation": "elu"}, {"dropout": 0.5}, {"bias": False}):
        layer = layer_class(6, 6, **options)
        assert layer(x, graph).tobytes() == layer(features, graph).tobytes()
        record = layer.record(x, graph, training=True)
        np.save(tmp_path / "g.npy", np.ones_like(record.output))
        record.backward(np.load(tmp_path / "g.npy", mmap_mode="r"))
    clouds = x[:, None, :]
    assert clouds.flags.c_contiguous
    for kind in ("gan", "ot", "ct", "mmd"):
        assert attune.align(clouds, clouds, kind, gradients=True).gradients["queries"].shape == (
            40, 1, 6)
