"""Splits of clips into training and test: who is in which."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import EvaluationError
from ..train.sampler import epoch_order
from .task import as_labels

Mask = NDArray[np.bool_]
Fold = tuple[Mask, Mask]


def by_subject(subjects: ArrayLike, held_out: Collection[Any]) -> Fold:
    """Training and test masks of a cross-subject split.

    Args:
        subjects: (N,) who performed each clip, numbers or names.
        held_out: subjects whose clips are the test set; all others train.

    Returns:
        Two boolean (N,) masks, training and test; each clip is in exactly one.

    Raises:
        EvaluationError: a held-out subject without a clip, or a side without clips.

    Example:
        >>> train, test = by_subject(["ann", "bob", "ann", "eve"], held_out={"bob"})
        >>> train.tolist(), test.tolist()
        ([True, False, True, True], [False, True, False, False])
    """
    who = np.asarray(subjects)
    if who.ndim != 1:
        raise EvaluationError(f"subjects has shape {who.shape}; expected (N,), one a clip.")
    absent = sorted(set(held_out) - set(who.tolist()), key=str)
    if absent:
        raise EvaluationError(
            f"held_out names {absent[0]!r}, of whom there is no clip; "
            f"subjects are {sorted(set(who.tolist()))}."
        )
    test = np.isin(who, list(held_out))
    if test.all() or not test.any():
        raise EvaluationError(
            f"held_out leaves {int((~test).sum())} training and {int(test.sum())} test clips; "
            "both sides need some. Hold out some subjects, not none and not all."
        )
    return ~test, test


def subject_folds(subjects: ArrayLike, folds: int, among: Sequence[Any] | None = None) -> Iterator[Fold]:
    """Leave-subjects-out folds: each subject is in the test set of exactly one fold.

    Args:
        subjects: (N,) who performed each clip.
        folds: number of folds; fold i holds out every folds-th subject, in sorted order from the i-th.
        among: the subjects to divide; clips of others are in neither mask. Default: all.

    Yields:
        Training and test masks, boolean (N,).

    Raises:
        EvaluationError: fewer than two folds, or fewer subjects than folds.

    Example:
        >>> [test.tolist() for _, test in subject_folds([1, 1, 2, 3], folds=3)]
        [[True, True, False, False], [False, False, True, False], [False, False, False, True]]
    """
    who = np.asarray(subjects)
    names = sorted(set(who.tolist() if among is None else among))
    if not 2 <= folds <= len(names):
        raise EvaluationError(f"folds is {folds}; expected 2 to {len(names)}, the number of subjects.")
    used = np.isin(who, names)
    for first in range(folds):
        test = np.isin(who, names[first::folds])
        yield used & ~test, test


def by_column(values: ArrayLike, *, train: Any, test: Any) -> Fold:
    """Training and test masks by one fact about each clip, such as the camera or the quality.

    Args:
        values: (N,) the fact, one a clip.
        train, test: its value for training and for test clips; clips of other values are in neither.

    Returns:
        Two boolean (N,) masks, training and test.

    Raises:
        EvaluationError: a value that no clip has, or the same value for both.

    Example:
        >>> train, test = by_column(["good", "bad", "odd"], train="good", test="bad")
        >>> train.tolist(), test.tolist()
        ([True, False, False], [False, True, False])
    """
    column = as_labels("values", values)
    if train == test:
        raise EvaluationError(f"train and test are both {train!r}; expected two values, one for each side.")
    for name, value in (("train", train), ("test", test)):
        if value not in column.tolist():
            known = ", ".join(map(repr, sorted(set(column.tolist()), key=str)[:10]))
            raise EvaluationError(f"{name} is {value!r}, which no clip has; the values are {known}.")
    return column == train, column == test


def between_sets(labels: ArrayLike, sets: ArrayLike, *, train: Any, test: Any) -> Fold:
    """Masks of a transfer: fitted on one set, tested on another, on the classes that both have.

    Args:
        labels: (N,) one a clip, of both sets.
        sets: (N,) which set each clip is of.
        train, test: the two sets' names in `sets`.

    Returns:
        Two boolean (N,) masks; clips of classes that only one set has are in neither.

    Raises:
        EvaluationError: a set without clips, or fewer than two shared classes.

    Example:
        >>> labels, sets = ["sit", "wave", "hop", "wave", "sit"], ["a", "a", "a", "b", "b"]
        >>> [mask.tolist() for mask in between_sets(labels, sets, train="a", test="b")]
        [[True, True, False, False, False], [False, False, False, True, True]]
    """
    first, second = by_column(sets, train=train, test=test)
    y = as_labels("labels", labels, len(first))
    shared = np.intersect1d(y[first], y[second])
    if len(shared) < 2:
        raise EvaluationError(
            f"{train!r} and {test!r} share {len(shared)} class(es); a transfer needs two or more. Check that "
            "both call the same movement by the same name."
        )
    return first & np.isin(y, shared), second & np.isin(y, shared)


def k_fold(labels: ArrayLike, folds: int = 5, *, seed: int = 0) -> Iterator[Fold]:
    """Stratified folds: each clip is tested once, and each fold has its share of every class.

    People are on both sides; for accuracy on new people take `by_subject` or `subject_folds`.

    Args:
        labels: (N,) one a clip.
        folds: how many, 2 or more.
        seed: fixes who is in which.

    Yields:
        Training and test masks, boolean (N,).

    Raises:
        EvaluationError: fewer than two folds or fewer clips than folds, or a class with one clip only.

    Example:
        >>> [int(test.sum()) for _, test in k_fold(["a", "b"] * 5, folds=5)]
        [2, 2, 2, 2, 2]
    """
    y = as_labels("labels", labels)
    if not 2 <= folds <= len(y):
        raise EvaluationError(f"folds is {folds}; expected 2 to {len(y)}, the number of clips.")
    names, number, counts = np.unique(y, return_inverse=True, return_counts=True)
    if counts.min() < 2:
        raise EvaluationError(
            f"class {names[counts.argmin()].item()!r} has one clip only, which cannot be both learned and "
            "tested. Add clips of it, or leave it out."
        )
    order = epoch_order(seed, 0, len(y))
    dealt = order[np.argsort(number[order], kind="stable")]  # class after class, each in the seed's order
    fold = np.empty(len(y), dtype=np.int64)
    fold[dealt] = np.arange(len(y)) % folds
    for one in range(folds):
        yield fold != one, fold == one


def check_fold(fold: object, count: int) -> Fold:
    """A pair of masks as it is, or an error that says what is wrong with it.

    Raises:
        EvaluationError: not two boolean masks (count,), a side without clips, or a clip on both sides.
    """
    if not isinstance(fold, tuple) or len(fold) != 2:
        raise EvaluationError(
            f"a split is a {type(fold).__name__}; expected (train, test), two boolean masks, or a list of "
            "such pairs, one a fold."
        )
    masks = [np.asarray(mask) for mask in fold]
    for name, mask in zip(("train", "test"), masks, strict=True):
        if mask.shape != (count,) or mask.dtype != np.bool_:
            raise EvaluationError(
                f"the split's {name} mask has shape {mask.shape} and dtype {mask.dtype}; expected ({count},) "
                "and bool, one a clip."
            )
        if not mask.any():
            raise EvaluationError(f"the split has no {name} clip; expected one or more.")
    both = np.flatnonzero(masks[0] & masks[1])
    if both.size:
        raise EvaluationError(
            f"clip {both[0]} is on both sides of the split ({both.size} such); expected each on one at most."
        )
    return masks[0], masks[1]


def as_folds(split: Fold | Iterable[Fold], count: int) -> tuple[Fold, ...]:
    """One pair of masks, or several, as a tuple of checked pairs.

    Raises:
        EvaluationError: see `check_fold`; or no fold at all.
    """
    one = isinstance(split, tuple) and len(split) == 2 and not isinstance(split[0], tuple)
    folds = tuple(check_fold(fold, count) for fold in ([split] if one else split))
    if not folds:
        raise EvaluationError("the split has no folds; expected one or more pairs of masks.")
    return folds


def join(first: Iterable[Fold], second: Iterable[Fold]) -> list[Fold]:
    """Every fold of one split within every fold of another: what both call training, and what both call test.

    Example:
        >>> masks = lambda *bits: np.array(bits, dtype=bool)
        >>> ((train, test),) = join([(masks(1, 1, 0), masks(0, 0, 1))], [(masks(0, 1, 0), masks(1, 0, 1))])
        >>> train.tolist(), test.tolist()
        ([False, True, False], [False, False, True])
    """
    others = list(second)
    return [(a & c, b & d) for a, b in first for c, d in others]
