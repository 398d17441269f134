"""Evaluation with few labels: which training clips keep theirs, and probes on those.

Axes: N clips, D features, K classes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import EvaluationError
from ..train.sampler import epoch_order
from .probes import centroid_probe, linear_probe, ridge_probe
from .task import ProbeResult, as_features, as_labels, check_positive

Classifier = Literal["centroid", "ridge", "logistic"]
Probe = Callable[[ArrayLike, ArrayLike, ArrayLike, ArrayLike], ProbeResult]
Draw = Callable[[NDArray[Any]], NDArray[np.int64]]
PROBES: dict[str, Probe] = {"centroid": centroid_probe, "ridge": ridge_probe, "logistic": linear_probe}


def draw_shots(labels: ArrayLike, shots: int, seed: int) -> NDArray[np.int64]:
    """Places of `shots` clips of every class, drawn by the seed.

    Args:
        labels: (N,) one a clip.
        shots: clips a class.
        seed: decides which.

    Returns:
        int64 (K * shots,), in rising order.

    Raises:
        EvaluationError: a class has fewer clips.

    Example:
        >>> draw_shots(["a", "b", "b", "a", "b"], shots=2, seed=0).tolist()[:2]
        [0, 1]
    """
    check_positive("shots", shots)
    y = as_labels("labels", labels)
    names, counts = np.unique(y, return_counts=True)
    scarce = counts.argmin()
    if counts[scarce] < shots:
        raise EvaluationError(
            f"class {names[scarce].item()!r} has {counts[scarce]} training clip(s); expected {shots} or more "
            f"to draw {shots} a class. Ask for fewer, such as '1-shot', or leave this class out."
        )
    return _first_of_each(y, shots, seed)


def draw_share(labels: ArrayLike, share: float, seed: int) -> NDArray[np.int64]:
    """Places of a share of the clips, as many of every class, drawn by the seed.

    A class gets ``round(share * N / K)`` clips, at least one; where it has fewer, all of them.

    Args:
        labels: (N,) one a clip.
        share: above 0, at most 1; 1 takes every clip.
        seed: decides which.

    Returns:
        int64, in rising order. A larger share of the same seed contains the smaller one.

    Raises:
        EvaluationError: a share out of range.

    Example:
        >>> draw_share(["a", "b"] * 50, share=0.1, seed=3).size
        10
    """
    y = as_labels("labels", labels)
    if not 0 < share <= 1:
        raise EvaluationError(f"share is {share}; expected above 0 and at most 1, such as 0.1 for 10 %.")
    if share == 1:
        return np.arange(len(y))
    return _first_of_each(y, max(1, round(share * len(y) / len(np.unique(y)))), seed)


def few_shot(
    train_x: ArrayLike,
    train_y: ArrayLike,
    test_x: ArrayLike,
    test_y: ArrayLike,
    *,
    shots: int = 5,
    seed: int = 0,
    classifier: Classifier = "centroid",
) -> ProbeResult:
    """One episode: a classifier fitted to a few training clips of every class, tested on all test clips.

    Episodes differ much; report the mean and deviation of many (`skelrep.evaluate.probe` takes 100).

    Args:
        train_x, test_x: (N, D) frozen features.
        train_y, test_y: (N,) labels, numbers or names.
        shots: training clips a class.
        seed: decides which.
        classifier: ``"centroid"`` (`centroid_probe`) and ``"ridge"`` (`ridge_probe`) are closed forms;
            ``"logistic"`` is `linear_probe`. What these standardise, they standardise by the clips drawn.

    Raises:
        EvaluationError: as the classifier, or a class with fewer clips.

    Example:
        >>> x, y = [[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]], ["sit", "sit", "wave", "wave"]
        >>> few_shot(x, y, [[0.9, 0.2]], ["sit"], shots=1).accuracy
        1.0
    """
    draw = partial(draw_shots, shots=shots, seed=seed)
    return _fit_drawn(draw, classifier, train_x, train_y, test_x, test_y)


def semi_supervised(
    train_x: ArrayLike,
    train_y: ArrayLike,
    test_x: ArrayLike,
    test_y: ArrayLike,
    *,
    share: float = 0.1,
    seed: int = 0,
    classifier: Classifier = "ridge",
) -> ProbeResult:
    """A classifier fitted to the vectors of a share of the training clips, as many of every class.

    For the encoder fine-tuned on this share, see `finetune_evaluation`.

    Args:
        train_x, test_x: (N, D) frozen features.
        train_y, test_y: (N,) labels, numbers or names.
        share: of the training clips that keep their label; see `draw_share`.
        seed: decides which.
        classifier: as in `few_shot`.

    Raises:
        EvaluationError: as the classifier, or a share out of range.

    Example:
        >>> x, y = [[0.0], [1.0], [4.0], [5.0]], [0, 0, 1, 1]
        >>> semi_supervised(x, y, [[6.0]], [1], share=0.5, classifier="ridge").n_train
        2
    """
    draw = partial(draw_share, share=share, seed=seed)
    return _fit_drawn(draw, classifier, train_x, train_y, test_x, test_y)


def _fit_drawn(
    draw: Draw,
    classifier: Classifier,
    train_x: ArrayLike,
    train_y: ArrayLike,
    test_x: ArrayLike,
    test_y: ArrayLike,
) -> ProbeResult:
    """A classifier fitted to the training clips that are drawn, tested on all test clips."""
    x_ND = as_features("train_x", train_x)
    y = as_labels("train_y", train_y, len(x_ND))
    chosen = draw(y)
    if classifier not in PROBES:
        raise EvaluationError(f"classifier is {classifier!r}; expected one of {', '.join(PROBES)}.")
    return PROBES[classifier](x_ND[chosen], y[chosen], test_x, test_y)


def _first_of_each(y: NDArray[Any], count: int, seed: int) -> NDArray[np.int64]:
    order = epoch_order(seed, 0, len(y))
    chosen = [order[y[order] == name][:count] for name in np.unique(y)]
    return np.sort(np.concatenate(chosen))
