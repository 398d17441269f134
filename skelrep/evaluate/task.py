"""What every probe takes and gives: checked features and labels, and the record of the outcome.

Axes: N clips, D features, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ..errors import EvaluationError


@dataclass(frozen=True, eq=False, kw_only=True)
class ProbeResult:
    """What a probe found on the test clips.

    Attributes:
        accuracy: share of test clips whose class was found (top-1), 0 to 1.
        top_5: share of test clips whose class is among the five of the highest scores; None where there are
            no more than five classes. A class that the classifier gives no score, such as one without a vote,
            is not among them.
        per_class: class to share of its test clips that were found; classes without a test clip are left out.
        classes: the K classes of the training labels, sorted; rows and columns of `confusion`.
        confusion: int64 (K, K); entry [i, j] counts test clips of class i that were called class j.
        n_train, n_test: numbers of clips.
        predictions: the class called for each test clip, in order; type of the training labels.
    """

    accuracy: float
    top_5: float | None
    per_class: dict[Any, float]
    classes: NDArray[Any]
    confusion: NDArray[np.int64]
    n_train: int
    n_test: int
    predictions: NDArray[Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class ProbeTask:
    """Checked input of a probe: features float64 (N, D), and labels as numbers into `classes`."""

    train_x: NDArray[np.float64]
    train_y: NDArray[np.int64]
    test_x: NDArray[np.float64]
    test_y: NDArray[np.int64]
    classes: NDArray[Any]


def probe_result(task: ProbeTask, scores_NK: NDArray[np.float64]) -> ProbeResult:
    """The record of a task, given a score of each class for each test clip; see `scored_result`."""
    return scored_result(task.classes, task.test_y, scores_NK, n_train=len(task.train_y))


def scored_result(
    classes: NDArray[Any], test_y: NDArray[np.int64], scores_NK: NDArray[np.float64], *, n_train: int
) -> ProbeResult:
    """What was found, given a score of each class for each test clip; the first of equal scores is called.

    Args:
        classes: (K,) sorted labels.
        test_y: int64 (N,) true classes, numbers into `classes`.
        scores_NK: (N, K), higher is likelier; minus infinity for a class that is ruled out.
        n_train: how many clips were learned from.

    Example:
        >>> scores = np.array([[0.1, 0.9], [0.8, 0.2]])
        >>> scored_result(np.array(["sit", "walk"]), np.array([1, 1]), scores, n_train=4).per_class
        {'walk': 0.5}
    """
    called, k = scores_NK.argmax(axis=1), len(classes)
    confusion = np.bincount(test_y * k + called, minlength=k * k).reshape(k, k)
    return ProbeResult(
        accuracy=float(np.mean(called == test_y)),
        top_5=_top_5(scores_NK, test_y) if k > 5 else None,
        per_class=shares_found(confusion, classes),
        classes=classes,
        confusion=confusion,
        n_train=n_train,
        n_test=len(test_y),
        predictions=classes[called],
    )


def shares_found(confusion_KK: NDArray[np.int64], classes: NDArray[Any]) -> dict[Any, float]:
    """Class to share of its clips that were found, from counts [true, called]; only classes with clips."""
    totals, names = confusion_KK.sum(axis=1), classes.tolist()
    return {names[i]: float(confusion_KK[i, i] / totals[i]) for i in np.flatnonzero(totals)}


def _top_5(scores_NK: NDArray[np.float64], test_y: NDArray[np.int64]) -> float:
    best = np.argsort(-scores_NK, axis=1, kind="stable")[:, :5]
    scored = np.take_along_axis(scores_NK, best, axis=1) > -np.inf
    return float(np.mean(((best == test_y[:, None]) & scored).any(axis=1)))


def check_task(train_x: ArrayLike, train_y: ArrayLike, test_x: ArrayLike, test_y: ArrayLike) -> ProbeTask:
    """Turn a probe's arguments into a `ProbeTask`, or say what is wrong with them.

    Raises:
        EvaluationError: features that are not (N, D) of one D, or hold NaN or infinity; labels that are not
            one a row, or None; fewer than two training classes; a test label that no training clip has.
    """
    train_ND, test_ND = as_features("train_x", train_x), as_features("test_x", test_x)
    if train_ND.shape[1] != test_ND.shape[1]:
        raise EvaluationError(
            f"train_x has {train_ND.shape[1]} features and test_x {test_ND.shape[1]}; "
            "expected the same number. Encode both with the same model."
        )
    train_labels = as_labels("train_y", train_y, len(train_ND))
    test_labels = as_labels("test_y", test_y, len(test_ND))
    classes, train_index = np.unique(train_labels, return_inverse=True)
    if len(classes) < 2:
        raise EvaluationError(
            f"train_y holds one class only, {classes.tolist()[0]!r}; a probe needs two or more."
        )
    test_index = number_test(test_labels, classes)
    return ProbeTask(
        train_x=train_ND, train_y=train_index, test_x=test_ND, test_y=test_index, classes=classes
    )


def number_test(test_labels: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.int64]:
    """Places of test labels among the sorted classes of the training clips.

    Raises:
        EvaluationError: a test label that no training clip has.
    """
    unseen = sorted(set(test_labels.tolist()) - set(classes.tolist()), key=str)
    if unseen:
        raise EvaluationError(
            f"test_y holds {len(unseen)} label(s) that no training clip has, {unseen[0]!r} first; "
            "expected labels of train_y. Leave these clips out, or split so that every class is in training."
        )
    return np.searchsorted(classes, test_labels)


def check_positive(name: str, value: float) -> None:
    """Raise `EvaluationError` unless the number is above 0."""
    if not value > 0:
        raise EvaluationError(f"{name} is {value}; expected a number above 0.")


def as_features(name: str, x: ArrayLike) -> NDArray[np.float64]:
    """Features as float64 (N, D), finite and not empty, or an `EvaluationError` that calls them `name`."""
    try:
        x_ND = np.asarray(_from_torch(x), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EvaluationError(f"{name} is not a matrix of numbers ({error}); expected (N, D).") from error
    if x_ND.ndim != 2 or 0 in x_ND.shape:
        raise EvaluationError(
            f"{name} has shape {x_ND.shape}; expected (N, D), one row a clip, at least one."
        )
    bad = np.flatnonzero(~np.isfinite(x_ND).all(axis=1))
    if bad.size:
        raise EvaluationError(
            f"{name}[{bad[0]}] holds NaN or infinity ({bad.size} such row(s)); expected finite numbers. "
            "Check that clip, or leave it out."
        )
    return x_ND


def as_labels(name: str, y: ArrayLike, count: int | None = None) -> NDArray[Any]:
    """Labels as an array (N,), none of them None, or an `EvaluationError` that calls them `name`."""
    labels = np.asarray(_from_torch(y))
    if labels.shape != ((labels.size if count is None else count),):
        raise EvaluationError(
            f"{name} has shape {labels.shape}; expected ({'N' if count is None else count},), one label a "
            "row of features."
        )
    missing = np.flatnonzero([label is None for label in labels.tolist()])
    if missing.size:
        raise EvaluationError(f"{name}[{missing[0]}] is None; expected a label. Leave unlabelled clips out.")
    return labels


def _from_torch(values: object) -> Any:
    """numpy cannot read a tensor that has a gradient, is on another device, or is bfloat16."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
        return values.double() if values.is_floating_point() else values
    return values
