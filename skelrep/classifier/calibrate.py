"""From scores on held-out clips to probabilities one can believe, and to the answer "unknown".

Axes: N held-out clips, D features, K classes.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import DataWarning

TEMPERATURES: NDArray[np.float64] = np.geomspace(0.05, 20, 121)


def fit_temperature(logits_NK: Tensor, y_N: Tensor) -> float:
    """The number to divide logits by, so that held-out clips are as often right as their probability says.

    The targets are smoothed by one part in N + 2: a handful of clips that are all right would otherwise ask
    for certainty.

    Args:
        logits_NK: float (N, K) of clips that the head was not fitted to.
        y_N: int64 (N,) their classes.

    Returns:
        One of `TEMPERATURES`; 1.0 without held-out clips.

    Source:
        Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2; smoothing after Platt,
        1999.
    """
    if not len(y_N):
        return 1.0
    smoothing = 1 / (len(y_N) + 2)
    losses = [
        float(torch.nn.functional.cross_entropy(logits_NK / t, y_N, label_smoothing=smoothing))
        for t in TEMPERATURES.tolist()
    ]
    return float(TEMPERATURES[int(np.argmin(losses))])


def prototypes(standardised_ND: Tensor, y_N: Tensor, classes: int) -> Tensor:
    """Mean standardised feature of each class, as unit rows: float (K, D)."""
    sums = standardised_ND.new_zeros(classes, standardised_ND.shape[1]).index_add(0, y_N, standardised_ND)
    return torch.nn.functional.normalize(sums, dim=1)


def novelty(standardised_ND: Tensor, prototypes_KD: Tensor) -> Tensor:
    """How unlike every class: 1 - the largest cosine with a class's prototype, float (N,), 0 to 2.

    Source:
        Snell, Swersky, Zemel, "Prototypical Networks for Few-shot Learning", NeurIPS 2017 (prototypes).

    Example:
        >>> novelty(torch.tensor([[2.0, 0.0], [0.0, 3.0]]), torch.tensor([[1.0, 0.0]])).tolist()
        [0.0, 1.0]
    """
    return 1 - (torch.nn.functional.normalize(standardised_ND, dim=1) @ prototypes_KD.T).amax(dim=1)


def fit_threshold(novelty_N: Tensor, false_reject_rate: float) -> float:
    """The novelty above which a clip is called unknown.

    With N held-out clips of known classes, a further clip of these classes lies above the k-th smallest
    value, k = ceil((N + 1) * (1 - rate)), with a chance of at most the rate (split conformal prediction).

    Args:
        novelty_N: float (N,), of clips that were held out; at least one.
        false_reject_rate: the share of known clips that may be called unknown, 0 to 1.

    Warns:
        DataWarning: too few held-out clips to promise the rate; the largest value is taken.

    Source:
        Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World", 2005, section 2.
    """
    count = len(novelty_N)
    place = math.ceil((count + 1) * (1 - false_reject_rate))
    if place > count:
        warnings.warn(
            f"{count} held-out clips cannot promise a false_reject_rate of {false_reject_rate:g}: up to "
            f"{1 / (count + 1):.0%} of known clips may be called unknown. Give at least "
            f"{math.ceil(1 / false_reject_rate) - 1} clips that can be held out, or ask for a higher rate.",
            DataWarning,
            stacklevel=2,
        )
    return float(novelty_N.sort().values[min(place, count) - 1])
