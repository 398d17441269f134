"""Exact nearest rows by cosine: blocks of products, and a running list of the best.

Axes: Q queries, N rows, D numbers a vector, B rows of a block, K best rows of a query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .rows import BLOCK_ROWS, Segment, blocks, row_scales, unit_rows

BLOCK_QUERIES = 1024
BLOCK_ENTRIES = 2**22  # products held at once: 16 MB
CROWDED = 4  # candidates a place; with more, a block is thinned out before the merge

Found = tuple[NDArray[np.float32], NDArray[np.int64]]
Rows = Callable[[NDArray[np.int64]], NDArray[np.float32]]


def nearest_rows(segments: Sequence[Segment], queries_QD: NDArray[np.float32], k: int) -> Found:
    """The k rows of highest cosine to each query, in memory that does not grow with their number.

    Products are computed in float32; those of the best rows once more in float64, so that scores do not
    depend on how rows were cut into blocks, and equal rows score equally.

    Args:
        segments: rows, numbered through.
        queries_QD: float32 (Q, D), finite.
        k: 1 to N.

    Returns:
        float32 (Q, k) cosines, highest first, of equal ones the lower row first; int64 (Q, k) rows.
    """
    scores = np.empty((len(queries_QD), k), dtype=np.float32)
    ids = np.empty((len(queries_QD), k), dtype=np.int64)
    for start, queries in blocks(queries_QD, BLOCK_QUERIES):
        stop = start + len(queries)
        best = _best_rows(segments, unit_rows(queries, row_scales(queries, "queries")), k)
        scores[start:stop], ids[start:stop] = rescored(lambda rows: take_rows(segments, rows), queries, best)
    return scores, ids


def scored_blocks(
    segments: Sequence[Segment], units_QD: NDArray[np.float32], first: int = 0
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Cosines (Q, B) of unit queries and the rows from `first` on, with the number of each block's first row.

    The array is overwritten by the next block.
    """
    size = max(1, min(BLOCK_ROWS, BLOCK_ENTRIES // len(units_QD)))
    place = 0
    for segment in segments:
        skipped = min(max(first - place, 0), len(segment))
        for start, block in blocks(segment.rows[skipped:], size):
            scales = segment.scales[skipped + start : skipped + start + len(block)]
            scores_QB = units_QD @ block.T
            scores_QB *= scales
            yield place + skipped + start, scores_QB
        place += len(segment)


def take_rows(segments: Sequence[Segment], ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Rows by their numbers: float32 (len(ids), D)."""
    ends = np.cumsum([len(segment) for segment in segments])
    owner = np.searchsorted(ends, ids, side="right")
    taken = np.empty((len(ids), segments[0].rows.shape[1]), dtype=np.float32)
    for number in np.unique(owner):
        mine = owner == number
        taken[mine] = segments[number].rows[ids[mine] - (ends[number] - len(segments[number]))]
    return taken


def cosines(a_ND: NDArray[np.float32], b_ND: NDArray[np.float32]) -> NDArray[np.float64]:
    """Cosine of each row of one array and the same row of another, 0 beside a row of zeros: float64 (N,)."""
    a, b = a_ND.astype(np.float64), b_ND.astype(np.float64)
    lengths = np.sqrt(np.einsum("nd,nd->n", a, a) * np.einsum("nd,nd->n", b, b))
    products = np.einsum("nd,nd->n", a, b)
    return np.clip(np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0), -1, 1)


def rescored(take: Rows, queries_QD: NDArray[np.float32], ids_QK: NDArray[np.int64]) -> Found:
    """Exact cosines of rows that were found, and the rows in their order.

    Args:
        take: gives rows by their numbers.
        queries_QD: float32 (Q, D).
        ids_QK: int64 (Q, K), -1 where nothing was found; such places score -inf, last.
    """
    scores = np.full(ids_QK.shape, -np.inf)
    for row, ids in enumerate(ids_QK):
        there = ids >= 0
        found = take(ids[there])
        scores[row, there] = cosines(found, np.broadcast_to(queries_QD[row], found.shape))
    order = np.lexsort((ids_QK, -scores), axis=-1)
    return (
        np.take_along_axis(scores, order, axis=1).astype(np.float32),
        np.take_along_axis(ids_QK, order, axis=1),
    )


def _best_rows(segments: Sequence[Segment], units_QD: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """The numbers (Q, K) of the best rows by float32 products."""
    scores = np.full((len(units_QD), k), -np.inf, dtype=np.float32)
    ids = np.full((len(units_QD), k), -1, dtype=np.int64)
    for start, scores_QB in scored_blocks(segments, units_QD):
        query, column = _candidates(scores_QB, scores[:, -1], k)
        if len(query):
            scores, ids = _merge(scores, ids, query, scores_QB[query, column], column + start)
    return ids


def _candidates(
    scores_QB: NDArray[np.float32], worst_Q: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places in a block that beat the worst of a query's best; after a few blocks hardly any do."""
    better = scores_QB > worst_Q[:, None]
    block = scores_QB.shape[1]
    if block > k and np.count_nonzero(better) > CROWDED * k * len(scores_QB):
        kth_Q = np.partition(scores_QB, block - k, axis=1)[:, block - k]
        better &= scores_QB >= kth_Q[:, None]
    query, column = np.nonzero(better)
    return query, column


def _merge(
    scores_QK: NDArray[np.float32],
    ids_QK: NDArray[np.int64],
    query: NDArray[np.int64],
    scores: NDArray[np.float32],
    ids: NDArray[np.int64],
) -> Found:
    """The k best of what a query had and of its candidates; of equal ones the lower row."""
    count, k = scores_QK.shape
    owner = np.concatenate([np.repeat(np.arange(count), k), query])
    all_scores, all_ids = np.concatenate([scores_QK.ravel(), scores]), np.concatenate([ids_QK.ravel(), ids])
    order = np.lexsort((all_ids, -all_scores, owner))
    owner = owner[order]
    rank = np.arange(len(owner)) - np.searchsorted(owner, np.arange(count))[owner]
    kept = order[rank < k]
    return all_scores[kept].reshape(count, k), all_ids[kept].reshape(count, k)
