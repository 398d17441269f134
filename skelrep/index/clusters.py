"""Clusters of rows by direction. Needs the extra ``eval`` (scikit-learn).

Axes: N rows, D numbers a vector, K clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingDependencyError
from .rows import Segment, row_scales, unit_rows
from .search import scored_blocks, take_rows

SAMPLE_ROWS = 100_000  # rows that centres are learned from; more do not move them
BATCH_ROWS = 4096


@dataclass(frozen=True, eq=False, kw_only=True)
class Clusters:
    """Rows by the centre they are nearest to.

    Attributes:
        labels: int64 (N,), the cluster of each row; 0 is the largest cluster.
        centres: float32 (K, D), of length 1.
        sizes: int64 (K,), rows of each cluster.
    """

    labels: NDArray[np.int64]
    centres: NDArray[np.float32]
    sizes: NDArray[np.int64]


def cluster_rows(segments: Sequence[Segment], k: int, seed: int) -> Clusters:
    """k-means on unit vectors; see `Index.clusters`."""
    centres = _learn_centres(_sample(segments, seed), k, seed)
    # Rows against centres, by the blocks of a search: the centres are the queries.
    labels = np.concatenate([scores_KB.argmax(axis=0) for _, scores_KB in scored_blocks(segments, centres)])
    sizes = np.bincount(labels, minlength=k)
    order = np.argsort(-sizes, kind="stable")
    return Clusters(labels=np.argsort(order)[labels], centres=centres[order], sizes=sizes[order])


def _sample(segments: Sequence[Segment], seed: int) -> NDArray[np.float32]:
    """Unit rows, all of them or as many as are enough."""
    total = sum(len(segment) for segment in segments)
    ids = np.arange(total)
    if total > SAMPLE_ROWS:
        ids = np.sort(np.random.default_rng(seed).choice(total, SAMPLE_ROWS, replace=False))
    rows = take_rows(segments, ids)
    return unit_rows(rows, row_scales(rows))


def _learn_centres(units_ND: NDArray[np.float32], k: int, seed: int) -> NDArray[np.float32]:
    try:
        from sklearn.cluster import MiniBatchKMeans
    except ImportError as error:
        raise MissingDependencyError(
            "clusters need scikit-learn, which is not installed. Run: pip install 'skelrep[eval]'"
        ) from error
    means = MiniBatchKMeans(k, random_state=seed, batch_size=BATCH_ROWS, n_init=3).fit(units_ND)
    centres = means.cluster_centers_.astype(np.float32)
    return unit_rows(centres, row_scales(centres))
