"""Groups of rows that are nearly the same: every pair is compared, in flat memory.

Axes: Q rows of one block, B of another, D numbers a vector.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .rows import Segment, blocks, unit_rows
from .search import BLOCK_QUERIES, cosines, scored_blocks, take_rows

FLOAT32_DOUBT = 1e-5  # a float32 product of unit rows is closer to the cosine than this
FLOAT64_DOUBT = 1e-9


def duplicate_groups(segments: Sequence[Segment], threshold: float) -> list[NDArray[np.int64]]:
    """Connected groups of rows whose cosine reaches a threshold; see `Index.duplicates`."""
    total = sum(len(segment) for segment in segments)
    parent = np.arange(total)
    for first, second in _close_pairs(segments, threshold):
        _join(segments, parent, first, second, threshold)
    roots = _roots(parent, np.arange(total))
    order = np.argsort(roots, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(roots[order])) + 1)
    return [group for group in groups if len(group) > 1]


def _close_pairs(
    segments: Sequence[Segment], threshold: float
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs of rows, the lower one first, whose cosine may reach the threshold."""
    place = 0
    for segment in segments:
        for start, block in blocks(segment.rows, BLOCK_QUERIES):
            units = unit_rows(block, segment.scales[start : start + len(block)])
            own = place + start
            for other, scores_QB in scored_blocks(segments, units, first=own):
                row, column = np.nonzero(scores_QB >= threshold - FLOAT32_DOUBT)
                first, second = row + own, column + other
                yield first[first < second], second[first < second]
        place += len(segment)


def _join(
    segments: Sequence[Segment],
    parent: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    threshold: float,
) -> None:
    """Join the groups of pairs; a pair within one group already tells nothing new."""
    news = np.flatnonzero(_roots(parent, first) != _roots(parent, second))
    for _, some in blocks(news, BLOCK_QUERIES):
        a, b = first[some], second[some]
        open_still = _roots(parent, a) != _roots(parent, b)
        a, b = a[open_still], b[open_still]
        close = cosines(take_rows(segments, a), take_rows(segments, b)) >= threshold - FLOAT64_DOUBT
        for x, y in zip(a[close].tolist(), b[close].tolist(), strict=True):
            low, high = sorted((_root(parent, x), _root(parent, y)))
            parent[high] = low


def _root(parent: NDArray[np.int64], row: int) -> int:
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = int(parent[row])
    return row


def _roots(parent: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lowest row of each row's group."""
    found = parent[rows]
    while not np.array_equal(above := parent[found], found):
        found = above
    return found
