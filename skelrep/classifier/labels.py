"""Labels as class numbers, and which clips are held out.

Axes: N clips, K classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import EvaluationError

ALWAYS_TRAINING = -1


def number_labels(labels: object, count: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Sorted class labels, and each clip's place among them.

    Args:
        labels: one a clip, all text or all whole numbers; a list, array or tensor.
        count: N, how many there should be.

    Returns:
        The K labels (text or int64), and int64 (N,) numbers of classes.

    Raises:
        EvaluationError: another count, a missing label, mixed or other types, fewer than two classes.

    Example:
        >>> classes, y = number_labels(["wave", "sit", "wave"], 3)
        >>> classes.tolist(), y.tolist()
        (['sit', 'wave'], [1, 0, 1])
    """
    if isinstance(labels, torch.Tensor | np.ndarray):
        labels = labels.tolist()
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise EvaluationError(f"labels is a {type(labels).__name__}; expected one label a clip, in order.")
    names = [label.item() if isinstance(label, np.generic) else label for label in labels]
    if len(names) != count:
        raise EvaluationError(f"{len(names)} labels given for {count} clips; expected one a clip, in order.")
    for number, name in enumerate(names):
        if isinstance(name, bool) or not isinstance(name, str | int):
            raise EvaluationError(
                f"labels[{number}] is {name!r}; expected text or a whole number. Leave unlabelled clips out."
            )
    if len({type(name) for name in names}) > 1:
        raise EvaluationError("labels mix text and numbers; expected all text or all whole numbers.")
    classes, y = np.unique(np.array(names), return_inverse=True)
    if len(classes) < 2:
        raise EvaluationError(
            f"labels hold {len(classes)} class(es){': ' if len(classes) else ''}"
            f"{', '.join(map(repr, classes.tolist()))}; a classifier needs two or more."
        )
    return classes, y.astype(np.int64)


def make_folds(
    y: NDArray[np.int64], validation: float, seed: int, groups: object = None
) -> NDArray[np.int64]:
    """Deal clips into folds, each about `validation` of every class; or of the groups, which stay whole.

    Args:
        y: int64 (N,) class numbers.
        validation: share of a fold, 0 to 0.5; 0 holds nothing out.
        seed: fixes who is in which.
        groups: one a clip, such as the person; no group is on both sides.

    Returns:
        int64 (N,): the fold in which a clip is held out, or `ALWAYS_TRAINING`, such as the only clip of its
        class. Fold 0 holds clips of every class that has two.

    Raises:
        EvaluationError: `groups` that do not fit, fewer than two of them, or a class whose clips all lie in
            one fold.

    Example:
        >>> make_folds(np.array([0, 0, 0, 0, 1]), 0.5, seed=0).tolist()[-1]
        -1
    """
    if validation == 0:
        return np.full(len(y), ALWAYS_TRAINING, dtype=np.int64)
    folds = max(2, round(1 / validation))
    random = np.random.default_rng(seed)
    return _by_class(y, folds, random) if groups is None else _by_group(y, folds, random, groups)


def _by_class(y: NDArray[np.int64], folds: int, random: np.random.Generator) -> NDArray[np.int64]:
    fold = np.full(len(y), ALWAYS_TRAINING, dtype=np.int64)
    for number in range(int(y.max()) + 1):
        members = random.permutation(np.flatnonzero(y == number))
        if len(members) > 1:
            fold[members] = np.arange(len(members)) % folds
    return fold


def _by_group(
    y: NDArray[np.int64], folds: int, random: np.random.Generator, groups: object
) -> NDArray[np.int64]:
    who = np.asarray(groups)
    if who.shape != y.shape:
        raise EvaluationError(f"groups has shape {who.shape}; expected ({len(y)},), one a clip.")
    names, number = np.unique(who, return_inverse=True)
    if len(names) < 2:
        raise EvaluationError(
            f"groups holds one group only, {names.tolist()[0]!r}; two or more are needed. Leave groups out."
        )
    fold = (random.permutation(len(names)) % min(folds, len(names)))[number]
    for one in range(int(y.max()) + 1):
        if len(np.unique(fold[y == one])) < 2:
            raise EvaluationError(
                f"all {np.count_nonzero(y == one)} clips of class number {one} fall on one side of a split "
                "by groups, so that it could not be both learned and checked. Add clips of it by others, "
                "lower validation, try another seed, or leave groups out."
            )
    return fold
