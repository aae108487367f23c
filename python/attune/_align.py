"""The distance between two clouds in one call."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy.typing as npt

from ._attune import Distance, Graph


class Alignment(NamedTuple):
    """What align() found."""

    loss: float
    """Sum over the heads, mean over the samples."""
    per_head: npt.NDArray[Any]
    """Its terms, float64 [samples, heads]."""
    gradients: dict[str, npt.NDArray[Any]] | None
    """Of queries, keys and the parameters of the networks, where asked for."""


def align(
    queries: npt.NDArray[Any],
    keys: npt.NDArray[Any],
    kind: str = "ct",
    *,
    gradients: bool = False,
    seed: int = 0,
    step: int = 0,
    graph: Graph | None = None,
    query_mask: npt.NDArray[Any] | None = None,
    key_mask: npt.NDArray[Any] | None = None,
    query_segments: Any = None,
    key_segments: Any = None,
    **options: Any,
) -> Alignment:
    """How far apart queries and keys are, by "gan", "ot", "ct" or "mmd".

    queries, keys: float32 or float64, [n, heads, channels], or [n, channels] for one head. Masks
    are bool [n], False for padding; segments [samples + 1] say where each sample begins. Options
    are those of Distance, which keeps the networks that gan and ct learn; here they are as they
    start for this seed. All points are compared; samples=64 draws 64 from (seed, step).
    """
    distance = Distance(kind, queries, keys, seed=seed, graph=graph, **options)
    return Alignment(
        *distance(
            queries,
            keys,
            step=step,
            query_mask=query_mask,
            key_mask=key_mask,
            query_segments=query_segments,
            key_segments=key_segments,
            gradients=gradients,
        )
    )
