"""Graph attention networks with aligned heads, from Python.

    import attune

    model, result = attune.train("cora", align="ct", seed=1)
    result["test_accuracy"]["mean"]
    model.predict()                      # a class for every node

    layer = attune.GATConv(16, 8, heads=4)
    layer(x, graph.with_self_loops())    # float32 [num_nodes, 32]

Arrays are numpy's. What attune gives out lies in its own memory and goes in again without a copy,
as does attune.empty(). Errors derive from attune.Error and, where input is at fault, from
ValueError.
"""

from ._align import Alignment, align
from ._attune import (
    Dataset,
    Distance,
    Error,
    FileError,
    GATConv,
    GATv2Conv,
    GCNConv,
    Graph,
    InvalidArgument,
    Layer,
    Record,
    SAGEConv,
    ShapeError,
    TransformerConv,
    __version__,
    empty,
    num_threads,
    set_num_threads,
)
from ._train import Model, load, load_dataset, train

__all__ = [
    "Alignment",
    "Dataset",
    "Distance",
    "Error",
    "FileError",
    "GATConv",
    "GATv2Conv",
    "GCNConv",
    "Graph",
    "InvalidArgument",
    "Layer",
    "Model",
    "Record",
    "SAGEConv",
    "ShapeError",
    "TransformerConv",
    "__version__",
    "align",
    "empty",
    "load",
    "load_dataset",
    "num_threads",
    "set_num_threads",
    "train",
]
