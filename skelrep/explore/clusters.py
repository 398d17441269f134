"""Groups of similar vectors: k-means with a seed, for colours and not for science.

`Index.clusters` is for a million vectors and needs scikit-learn; an atlas gets its colours without.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..viz.reduce import FloatArray

MAX_STEPS = 50
MOST_CLUSTERS = 12  # colours that an eye tells apart


def default_clusters(count: int) -> int:
    """How many groups a map of so many clips gets.

    Example:
        >>> default_clusters(30), default_clusters(10_000)
        (4, 12)
    """
    return max(1, min(MOST_CLUSTERS, round((count / 2) ** 0.5)))


def cluster(x_NK: FloatArray, count: int, seed: int) -> NDArray[np.int64]:
    """Cluster rows by k-means, started by k-means++.

    Args:
        x_NK: (N, K), such as `principal_components`; one row or more.
        count: of clusters; no more than there are distinct rows are found.
        seed: of the start.

    Returns:
        int64 (N,): 0 for the largest cluster, 1 for the next.

    Source:
        Arthur, Vassilvitskii, "k-means++: The Advantages of Careful Seeding", SODA 2007.

    Example:
        >>> cluster(np.array([[0.0], [0.1], [5.0]]), 2, seed=0).tolist()
        [0, 0, 1]
    """
    centres = _start(x_NK, count, np.random.default_rng(seed))
    member = _nearest(x_NK, centres)
    for _ in range(MAX_STEPS):
        sizes = np.bincount(member, minlength=len(centres))
        sums = np.zeros_like(centres)
        np.add.at(sums, member, x_NK)
        centres = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centres)
        before, member = member, _nearest(x_NK, centres)
        if np.array_equal(before, member):
            break
    order = np.argsort(-np.bincount(member, minlength=len(centres)), kind="stable")
    return np.argsort(order)[member]


def _start(x_NK: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    """Rows far from one another: each is drawn with a chance that grows with its squared distance."""
    chosen = [int(rng.integers(len(x_NK)))]
    distance = ((x_NK - x_NK[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < count and distance.sum() > 0:
        chosen.append(int(rng.choice(len(x_NK), p=distance / distance.sum())))
        distance = np.minimum(distance, ((x_NK - x_NK[chosen[-1]]) ** 2).sum(axis=1))
    return x_NK[chosen]


def _nearest(x_NK: FloatArray, centres: FloatArray) -> NDArray[np.int64]:
    return ((centres**2).sum(axis=1) - 2 * x_NK @ centres.T).argmin(axis=1)
