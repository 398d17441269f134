"""Nearest other rows: every row of a set of vectors asks for those most like itself."""

from __future__ import annotations

import numpy as np

from .arguments import check_count
from .index import Index
from .search import Found


def nearest_others(vectors: object, k: int) -> Found:
    """The k other rows of highest cosine to each row, exactly.

    Args:
        vectors: (N, D) numbers, one row or more, of any length.
        k: rows a row; no more than the N - 1 others are given.

    Returns:
        float32 (N, k) cosines, highest first, of equal ones the lower row first; int64 (N, k) rows.

    Raises:
        VectorsError: not (N, D) finite numbers.
        ConfigError: k below 0.

    Example:
        >>> scores, ids = nearest_others([[1, 0], [0, 1], [2, 0]], 1)
        >>> ids.tolist(), scores.tolist()
        ([[2], [0], [0]], [[1.0], [0.0], [1.0]])
    """
    check_count("k", k, least=0)
    index = Index(vectors)
    scores, ids = index.search(index.vectors(), k + 1)
    own = ids == np.arange(len(ids))[:, None]
    own[~own.any(axis=1), -1] = True  # so many rows equal to it come first that it is not among them
    others = (len(ids), ids.shape[1] - 1)
    return scores[~own].reshape(others), ids[~own].reshape(others)
