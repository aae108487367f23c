"""Types of the compiled part; what each means is in its docstring."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy.typing as npt

_Array = npt.NDArray[Any]

__version__: str

class Error(Exception): ...
class InvalidArgument(Error, ValueError): ...
class ShapeError(Error, ValueError): ...

class FileError(Error, OSError, ValueError):
    path: str
    position: int | None

def empty(shape: Sequence[int], dtype: str = "float32") -> _Array: ...
def num_threads() -> int: ...
def set_num_threads(n: int) -> None: ...

class Graph:
    def __init__(
        self,
        edge_index: Any,
        num_nodes: int | None = None,
        *,
        symmetric: bool = False,
        self_loops: str = "keep",
        duplicates: str = "merge",
    ) -> None: ...
    @staticmethod
    def from_csr(row_ptr: Any, col_idx: Any) -> Graph: ...
    def with_self_loops(self) -> Graph: ...
    def edge_index(self) -> _Array: ...
    def order_edge_features(self, features: Any) -> _Array: ...
    @property
    def num_nodes(self) -> int: ...
    @property
    def num_edges(self) -> int: ...
    @property
    def has_all_self_loops(self) -> bool: ...
    @property
    def row_ptr(self) -> _Array: ...
    @property
    def col_idx(self) -> _Array: ...
    @property
    def out_row_ptr(self) -> _Array: ...
    @property
    def out_col_idx(self) -> _Array: ...
    @property
    def out_to_in(self) -> _Array: ...
    @property
    def input_edge(self) -> _Array: ...

class Record:
    def backward(
        self,
        grad_output: _Array | None = None,
        *,
        grad_queries: _Array | None = None,
        grad_keys: _Array | None = None,
    ) -> dict[str, _Array]: ...
    @property
    def output(self) -> _Array: ...
    @property
    def attention(self) -> Any: ...  # _Array, or None unless asked for
    @property
    def queries(self) -> Any: ...  # _Array, or None unless asked for
    @property
    def keys(self) -> Any: ...  # _Array, or None unless asked for

class Layer:
    def forward(self, x: Any, graph: Graph, edge_features: Any = None) -> _Array: ...
    def __call__(self, x: Any, graph: Graph, edge_features: Any = None) -> _Array: ...
    def attention(self, x: Any, graph: Graph, edge_features: Any = None) -> _Array: ...
    def heads(self, x: Any, graph: Graph, edge_features: Any = None) -> tuple[_Array, _Array]: ...
    def record(
        self,
        x: Any,
        graph: Graph,
        edge_features: Any = None,
        *,
        training: bool = False,
        seed: int = 0,
        step: int = 0,
        heads: bool = False,
        attention: bool = False,
    ) -> Record: ...
    @property
    def parameters(self) -> dict[str, _Array]: ...
    @property
    def num_parameters(self) -> int: ...
    @property
    def output_channels(self) -> int: ...
    @property
    def options(self) -> dict[str, Any]: ...
    @property
    def dtype(self) -> str: ...

class GATConv(Layer):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        heads: int = 1,
        concat: bool = True,
        negative_slope: float = 0.2,
        dropout: float = 0,
        attention_dropout: float = 0,
        value_dropout: float = 0,
        edge_channels: int = 0,
        bias: bool = True,
        residual: bool = False,
        activation: str = "none",
        expect_self_loops: bool = True,
        reported: str = "product",
        seed: int = 0,
        dtype: str = "float32",
    ) -> None: ...

class GATv2Conv(Layer):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        heads: int = 1,
        concat: bool = True,
        negative_slope: float = 0.2,
        dropout: float = 0,
        attention_dropout: float = 0,
        value_dropout: float = 0,
        edge_channels: int = 0,
        bias: bool = True,
        residual: bool = False,
        share_weights: bool = False,
        activation: str = "none",
        expect_self_loops: bool = True,
        seed: int = 0,
        dtype: str = "float32",
    ) -> None: ...

class TransformerConv(Layer):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        heads: int = 1,
        concat: bool = True,
        dropout: float = 0,
        attention_dropout: float = 0,
        value_dropout: float = 0,
        edge_channels: int = 0,
        bias: bool = True,
        root_weight: bool = True,
        beta: bool = False,
        activation: str = "none",
        expect_self_loops: bool = False,
        seed: int = 0,
        dtype: str = "float32",
    ) -> None: ...

class GCNConv(Layer):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        dropout: float = 0,
        bias: bool = True,
        residual: bool = False,
        activation: str = "none",
        expect_self_loops: bool = True,
        seed: int = 0,
        dtype: str = "float32",
    ) -> None: ...

class SAGEConv(Layer):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        dropout: float = 0,
        bias: bool = True,
        residual: bool = False,
        activation: str = "none",
        seed: int = 0,
        dtype: str = "float32",
    ) -> None: ...

class Distance:
    def __init__(
        self,
        kind: str,
        queries: _Array,
        keys: _Array,
        *,
        seed: int = 0,
        graph: Graph | None = None,
        samples: int | None = 0,
        support: str = "nodes",
        axis: str = "positions",
        hidden: int = 16,
        init: str = "glorot",
        tie_highway: bool = False,
        dropout: float = 0,
        reversal: float = 1,
        detach_query: bool = False,
        bounded: bool = False,
        rho: float = 0.5,
        cost: str = "cosine",
        nav_unit: bool = False,
        navigator_ascends: bool = False,
        ot_cost: str = "half_sqeuclid",
        eps: float = 0.01,
        eps_relative: bool = False,
        ot_iterations: int = 100,
        ot_tolerance: float = 1e-3,
        ot_gradient: str = "plan",
        ot_debias: bool = False,
        mmd_sigma: float = 1,
        mmd_sigma_median: bool = False,
    ) -> None: ...
    def __call__(
        self,
        queries: _Array,
        keys: _Array,
        *,
        step: int = 0,
        query_mask: _Array | None = None,
        key_mask: _Array | None = None,
        query_segments: Any = None,
        key_segments: Any = None,
        gradients: bool = False,
    ) -> tuple[float, _Array, Any]: ...  # the last: dict[str, _Array], or None
    @property
    def parameters(self) -> dict[str, _Array]: ...
    @property
    def options(self) -> dict[str, Any]: ...

class Dataset:
    def __init__(
        self,
        graph: Graph | Any,
        features: Any,
        labels: Any,
        *,
        train: Any = None,
        validation: Any = None,
        test: Any = None,
        split: str = "",
        num_classes: int | None = None,
        name: str = "arrays",
    ) -> None: ...
    def save(self, path: str) -> None: ...
    def with_split(self, rule: str, data_dir: str = "") -> Dataset: ...
    @property
    def graph(self) -> Graph: ...
    @property
    def features(self) -> tuple[_Array, _Array, _Array, tuple[int, int]]: ...
    @property
    def labels(self) -> _Array: ...
    @property
    def targets(self) -> Any: ...  # _Array, or None
    @property
    def num_graphs(self) -> int: ...
    @property
    def multi_label(self) -> bool: ...
    @property
    def train(self) -> _Array: ...
    @property
    def validation(self) -> _Array: ...
    @property
    def test(self) -> _Array: ...
    @property
    def name(self) -> str: ...
    @property
    def num_nodes(self) -> int: ...
    @property
    def num_features(self) -> int: ...
    @property
    def num_classes(self) -> int: ...
    @property
    def split(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def sha256(self) -> str: ...

class _Model:
    def logits(self, dataset: Dataset | None = None) -> _Array: ...
    def attention(self, dataset: Dataset | None = None) -> tuple[Graph, list[_Array]]: ...
    def heads(self, dataset: Dataset | None = None) -> list[tuple[_Array, _Array]]: ...
    def evaluate(self, dataset: Dataset | None, ece_bins: int) -> str: ...
    def save(self, folder: str) -> None: ...
    @property
    def parameters(self) -> dict[str, _Array]: ...
    @property
    def multi_label(self) -> bool: ...
    @property
    def description(self) -> dict[str, dict[str, Any]]: ...

def _load_dataset(name: str, split: str, data_dir: str, seed: int) -> Dataset: ...
def _has_checkpoint(folder: str) -> bool: ...
def _load(folder: str) -> _Model: ...
def _bytes_in_use() -> int: ...
def _train(
    dataset: Dataset | None,
    arguments: list[str],
    data_dir: str,
    out: str,
    resume: str,
    checkpoint_every: int,
    threads: int,
    command: str,
    callback: Callable[[dict[str, Any]], object] | None,
    /,
) -> tuple[_Model, str]: ...
