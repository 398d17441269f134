"""Exact nearest rows by cosine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Similarities held at once; 2**24 float32 are 64 MB.
BLOCK_ENTRIES = 2**24


def unit_rows(vectors_ND: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length 1; a row of zeros stays.

    Example:
        >>> unit_rows(np.float32([[3, 4], [0, 0]])).round(3).tolist()
        [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    length = np.linalg.norm(vectors_ND.astype(np.float64), axis=1, keepdims=True)
    return (vectors_ND / np.where(length > 0, length, 1.0)).astype(np.float32)


def nearest_rows(unit_ND: NDArray[np.float32], top_k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The most similar other rows of every row, by comparing all with all.

    Args:
        unit_ND: (N, D), unit rows.
        top_k: neighbours a row; no more than N - 1 are given.

    Returns:
        int64 (N, top_k) row numbers, nearest first, the smaller number first of equals; and float32
        (N, top_k) cosines.

    Example:
        >>> rows, cosines = nearest_rows(np.float32([[1, 0], [0, 1], [1, 0]]), 1)
        >>> rows.tolist(), cosines.tolist()
        ([[2], [0], [0]], [[1.0], [0.0], [1.0]])
    """
    count = len(unit_ND)
    top_k = min(top_k, max(0, count - 1))
    rows = np.zeros((count, top_k), dtype=np.int64)
    cosines = np.zeros((count, top_k), dtype=np.float32)
    if not top_k:
        return rows, cosines
    height = max(1, BLOCK_ENTRIES // count)
    for start in range(0, count, height):
        block = unit_ND[start : start + height] @ unit_ND.T
        here = np.arange(len(block))
        block[here, start + here] = -np.inf
        chosen = _largest(block, top_k)
        rows[start : start + height] = chosen
        cosines[start : start + height] = np.take_along_axis(block, chosen, axis=1)
    return rows, np.clip(cosines, -1, 1)


def _largest(block: NDArray[np.float32], top_k: int) -> NDArray[np.int64]:
    """Columns of the largest entries of each row; of equal ones those further left."""
    edge = -np.partition(-block, top_k - 1, axis=1)[:, top_k - 1 : top_k]
    chosen = np.empty((len(block), top_k), dtype=np.int64)
    for row, values in enumerate(block):
        candidates = np.flatnonzero(values >= edge[row])
        chosen[row] = candidates[np.argsort(-values[candidates], kind="stable")[:top_k]]
    return chosen
