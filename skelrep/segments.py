"""Where a long recording changes: the division of its windows into stretches that are each of one kind.

Axes: n windows in order of time, D features.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import ConfigError, EvaluationError


def change_points(vectors: ArrayLike, *, penalty: float = 0.5) -> NDArray[np.int64]:
    """Divide a recording where its vectors change for good.

    Among all divisions into stretches, the one with the smallest sum of squared distances between unit
    vectors and their stretch's mean, plus a price for each stretch: ``penalty * log(n)`` times the mean
    squared distance from the mean of all. Windows about as long as one repetition of an action, with a
    stride of an eighth of that, make repetitions alike.

    Args:
        vectors: (n, D), one recording's windows in order of time, such as ``encode(..., window=..)[0]``.
        penalty: higher finds fewer changes.

    Returns:
        int64, ascending: numbers of the windows with which a new stretch begins, the first stretch's left
        out. Window k begins at frame ``k * stride``; what is new in it happens around its middle, at frame
        ``k * stride + window // 2``.

    Raises:
        EvaluationError: `vectors` is no finite matrix.
        ConfigError: a penalty that is not above 0.

    Source:
        Killick, Fearnhead, Eckley, "Optimal Detection of Changepoints with a Linear Computational Cost",
        JASA 107, 2012 (PELT).

    Example:
        >>> change_points([[1.0, 0.1 * (n % 2)] if n < 8 else [0.0, 1.0] for n in range(16)]).tolist()
        [8]
    """
    x_ND = np.asarray(vectors, dtype=np.float64)
    if x_ND.ndim != 2 or not np.isfinite(x_ND).all():
        raise EvaluationError(
            f"vectors has shape {x_ND.shape}; expected finite numbers (n, D), the windows of one recording."
        )
    if not penalty > 0:
        raise ConfigError(f"penalty is {penalty}; expected a number above 0.")
    unit_ND = x_ND / np.maximum(np.linalg.norm(x_ND, axis=1, keepdims=True), 1e-12)
    spread = unit_ND.var(axis=0).sum() if len(unit_ND) else 0.0
    if spread < 1e-12:
        return np.zeros(0, dtype=np.int64)
    return _pelt(unit_ND, penalty * math.log(len(unit_ND)) * spread)


def _pelt(unit_ND: NDArray[np.float64], price: float) -> NDArray[np.int64]:
    """First windows of all stretches but the first, in the cheapest division."""
    sums = np.concatenate((np.zeros((1, unit_ND.shape[1])), unit_ND.cumsum(axis=0)))
    squares = np.concatenate(([0.0], np.square(unit_ND).sum(axis=1).cumsum()))
    best = np.full(len(sums), -price)
    begins = np.zeros(len(sums), dtype=np.int64)
    candidates = np.zeros(0, dtype=np.int64)
    for stop in range(1, len(sums)):
        candidates = np.append(candidates, stop - 1)
        total = sums[stop] - sums[candidates]
        inside = squares[stop] - squares[candidates] - np.square(total).sum(axis=1) / (stop - candidates)
        cost = best[candidates] + inside
        cheapest = int(cost.argmin())
        best[stop], begins[stop] = cost[cheapest] + price, candidates[cheapest]
        # A begin that is already dearer than a cut here can never become the best one.
        candidates = candidates[cost <= best[stop]]
    cuts, stop = [], int(begins[-1])
    while stop > 0:
        cuts.append(stop)
        stop = int(begins[stop])
    return np.array(cuts[::-1], dtype=np.int64)
