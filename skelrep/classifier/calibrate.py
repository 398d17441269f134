"""From scores on held-out clips to probabilities one can believe, and to the answer "unknown".

Axes: N held-out clips, D features, K classes.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import DataWarning

TEMPERATURES: NDArray[np.float64] = np.geomspace(0.05, 20, 121)
SHRINKAGE = 0.1


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


class Prototypes(nn.Module):
    """What clips of each class are like: the class's mean, and how far its clips scatter about it.

    Attributes:
        centres: float32 (K, D), mean standardised feature of each class.
        spread: float32 (D,), deviation of clips from their class's mean; one for all classes, so that a class
            of one clip has it too.
    """

    centres: Tensor
    spread: Tensor

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.register_buffer("centres", torch.zeros(classes, features))
        self.register_buffer("spread", torch.ones(features))

    def forward(self, standardised_ND: Tensor) -> Tensor:
        """Novelty: distance from the nearest class in units of the spread, root mean square, float (N,)."""
        scaled = torch.cdist(standardised_ND / self.spread, self.centres / self.spread)
        return scaled.amin(dim=1) / math.sqrt(len(self.spread))


def fit_prototypes(standardised_ND: Tensor, y_N: Tensor, classes: int) -> Prototypes:
    """Measure prototypes on training clips.

    The spread's variances are drawn towards their mean, since some of many are small by chance.

    Source:
        Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples", NeurIPS 2018
        (distance to class means under one covariance; here its diagonal).

    Example:
        >>> x, y = torch.tensor([[0.0, 0.0], [0.0, 2.0], [9.0, 0.0], [9.0, 2.0]]), torch.tensor([0, 0, 1, 1])
        >>> fit_prototypes(x, y, 2).centres.tolist()
        [[0.0, 1.0], [9.0, 1.0]]
    """
    found = Prototypes(standardised_ND.shape[1], classes)
    counts = torch.bincount(y_N, minlength=classes).clamp(min=1)
    found.centres.index_add_(0, y_N, standardised_ND).div_(counts[:, None])
    free = len(y_N) - int((torch.bincount(y_N) > 0).sum())
    if free:
        variance = (standardised_ND - found.centres[y_N]).square().sum(dim=0) / free
        found.spread.copy_((variance + SHRINKAGE * variance.mean()).clamp(min=1e-12).sqrt())
    return found


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
