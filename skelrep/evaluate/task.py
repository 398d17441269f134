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
        per_class: class to share of its test clips that were found; classes without a test clip are left out.
        classes: the K classes of the training labels, sorted; rows and columns of `confusion`.
        confusion: int64 (K, K); entry [i, j] counts test clips of class i that were called class j.
        n_train, n_test: numbers of clips.
        predictions: the class called for each test clip, in order; type of the training labels.
    """

    accuracy: float
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


def probe_result(task: ProbeTask, called: NDArray[np.int64]) -> ProbeResult:
    """The record of a task, given the class number called for each test clip (N,)."""
    k = len(task.classes)
    confusion = np.bincount(task.test_y * k + called, minlength=k * k).reshape(k, k)
    totals = confusion.sum(axis=1)
    names = task.classes.tolist()
    return ProbeResult(
        accuracy=float(np.mean(called == task.test_y)),
        per_class={names[i]: float(confusion[i, i] / totals[i]) for i in np.flatnonzero(totals)},
        classes=task.classes,
        confusion=confusion,
        n_train=len(task.train_y),
        n_test=len(task.test_y),
        predictions=task.classes[called],
    )


def check_task(train_x: ArrayLike, train_y: ArrayLike, test_x: ArrayLike, test_y: ArrayLike) -> ProbeTask:
    """Turn a probe's arguments into a `ProbeTask`, or say what is wrong with them.

    Raises:
        EvaluationError: features that are not (N, D) of one D, or hold NaN or infinity; labels that are not
            one a row, or None; fewer than two training classes; a test label that no training clip has.
    """
    train_ND, test_ND = _features("train_x", train_x), _features("test_x", test_x)
    if train_ND.shape[1] != test_ND.shape[1]:
        raise EvaluationError(
            f"train_x has {train_ND.shape[1]} features and test_x {test_ND.shape[1]}; "
            "expected the same number. Encode both with the same model."
        )
    train_labels = _labels("train_y", train_y, len(train_ND))
    test_labels = _labels("test_y", test_y, len(test_ND))
    classes, train_index = np.unique(train_labels, return_inverse=True)
    if len(classes) < 2:
        raise EvaluationError(
            f"train_y holds one class only, {classes.tolist()[0]!r}; a probe needs two or more."
        )
    unseen = sorted(set(test_labels.tolist()) - set(classes.tolist()), key=str)
    if unseen:
        raise EvaluationError(
            f"test_y holds {len(unseen)} label(s) that no training clip has, {unseen[0]!r} first; "
            "expected labels of train_y. Leave these clips out, or split so that every class is in training."
        )
    test_index = np.searchsorted(classes, test_labels)
    return ProbeTask(
        train_x=train_ND, train_y=train_index, test_x=test_ND, test_y=test_index, classes=classes
    )


def check_positive(name: str, value: float) -> None:
    """Raise `EvaluationError` unless the number is above 0."""
    if not value > 0:
        raise EvaluationError(f"{name} is {value}; expected a number above 0.")


def _features(name: str, x: ArrayLike) -> NDArray[np.float64]:
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


def _labels(name: str, y: ArrayLike, count: int) -> NDArray[Any]:
    labels = np.asarray(_from_torch(y))
    if labels.shape != (count,):
        raise EvaluationError(
            f"{name} has shape {labels.shape}; expected ({count},), one label a row of features."
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
