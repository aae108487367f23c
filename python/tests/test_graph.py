"""Graphs from arrays, and arrays from graphs."""

import numpy as np
import pytest

import attune

EDGES = np.array([[0, 2, 1, 2], [1, 1, 0, 1]])  # src, dst; 2 -> 1 comes twice


def test_rows_list_the_nodes_attended_to():
    graph = attune.Graph(EDGES)
    assert (graph.num_nodes, graph.num_edges) == (3, 3)
    assert graph.row_ptr.tolist() == [0, 1, 3, 3]
    assert graph.col_idx.tolist() == [1, 0, 2]
    assert graph.input_edge.tolist() == [2, 0, 1]
    assert graph.out_row_ptr.tolist() == [0, 1, 2, 3]
    assert graph.out_col_idx.tolist() == [1, 0, 1]
    assert graph.out_to_in.tolist() == [1, 0, 2]
    assert graph.edge_index().tolist() == [[1, 0, 2], [0, 1, 1]]
    assert graph.row_ptr.dtype == np.int64 and graph.col_idx.dtype == np.int32


def test_policies_of_the_builder():
    assert attune.Graph(EDGES, duplicates="keep").num_edges == 4
    assert attune.Graph(EDGES, symmetric=True).num_edges == 4
    looped = attune.Graph(EDGES, 5, self_loops="add_all")
    assert looped.num_nodes == 5 and looped.num_edges == 8 and looped.has_all_self_loops
    again = attune.Graph(EDGES, 5).with_self_loops()
    assert again.col_idx.tolist() == looped.col_idx.tolist()
    with pytest.raises(ValueError, match="edge 3 gives 2 -> 1 again, after edge 1"):
        attune.Graph(EDGES, duplicates="reject")
    with pytest.raises(ValueError, match='self_loops must be "keep", "remove", "add_all", got 1'):
        attune.Graph(EDGES, self_loops=1)
    with pytest.raises(TypeError, match='unknown option "symetric".*did you mean "symmetric"'):
        attune.Graph(EDGES, symetric=True)


def test_compressed_rows_are_taken_as_they_are():
    graph = attune.Graph(EDGES)
    same = attune.Graph.from_csr(graph.row_ptr, graph.col_idx)
    assert same.edge_index().tolist() == graph.edge_index().tolist()
    with pytest.raises(ValueError, match="row_ptr must end at the number of edges, 3, got 2"):
        attune.Graph.from_csr([0, 1, 2], [0, 1, 1])
    with pytest.raises(ValueError, match="must not decrease"):
        attune.Graph.from_csr([0, 2, 1, 3], [0, 1, 1])
    with pytest.raises(ValueError, match=r"col_idx\[1\] must be 0 to 1"):
        attune.Graph.from_csr([0, 1, 2], [0, 2**40])


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", ">i8", "uint64"])
def test_any_integers_will_do(dtype):
    graph = attune.Graph(EDGES.astype(dtype))
    assert graph.col_idx.tolist() == [1, 0, 2]
    assert attune.Graph(np.asfortranarray(EDGES.astype(dtype))).col_idx.tolist() == [1, 0, 2]
    assert attune.Graph(EDGES.T.astype(dtype).T[:, ::-1]).col_idx.tolist() == [1, 0, 2]


def test_lists_and_no_edges():
    assert attune.Graph([[0, 1], [1, 0]]).num_edges == 2
    assert attune.Graph([[], []], 4).num_nodes == 4
    assert attune.Graph(np.zeros((2, 0), np.int64)).num_nodes == 0


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        (np.zeros((2, 3)), "edge_index must be of integers, got float64"),
        (np.zeros((2, 3), bool), "edge_index must be of integers, got bool"),
        (np.zeros((3, 2), int), r"edge_index must be \[2, num_edges\], got shape \[3, 2\]"),
        (np.zeros(4, int), r"must be \[2, num_edges\], got shape \[4\]"),
        (np.array(7), "must be"),
        (None, "must be an array, got None"),
        ("edges", "must be"),
        ([["a"], ["b"]], "must be of integers"),
        (np.array([[0, -1], [1, 1]]), "-1"),
        (np.array([[0, 2**63 - 1], [1, 1]]), "9223372036854775807"),
        (np.array([[0, 2**64 - 1], [1, 1]], dtype=np.uint64), "-1"),
        (np.array([[0, 2_000_000_000], [1, 1]]), "if there are so many nodes, say num_nodes"),
        (np.array([[0], [1]], dtype=object), "must be of integers, got object"),
    ],
)
def test_bad_edges_are_refused_by_name(edges, message):
    with pytest.raises(ValueError, match=message):
        attune.Graph(edges)


@pytest.mark.parametrize("num_nodes", [1, -3, 2**40])
def test_bad_numbers_of_nodes_are_refused(num_nodes):
    with pytest.raises(ValueError):
        attune.Graph(EDGES, num_nodes)


def test_views_are_read_only_and_share_memory():
    graph = attune.Graph(EDGES)
    for name in ("row_ptr", "col_idx", "out_row_ptr", "out_col_idx", "out_to_in", "input_edge"):
        view = getattr(graph, name)
        assert not view.flags.writeable, name
        assert np.shares_memory(view, getattr(graph, name)), name
        with pytest.raises(ValueError):
            view[0] = 1
