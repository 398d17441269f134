"""Splits of clips into training and test: who is in which."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import EvaluationError

Mask = NDArray[np.bool_]


def by_subject(subjects: ArrayLike, held_out: Collection[Any]) -> tuple[Mask, Mask]:
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


def subject_folds(
    subjects: ArrayLike, folds: int, among: Sequence[Any] | None = None
) -> Iterator[tuple[Mask, Mask]]:
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
