"""Splits as words of the command line, such as `subjects:ann,bob`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import EvaluationError
from ..record import listed, short

if TYPE_CHECKING:
    from ..evaluate.splits import Fold

FORMS = (
    "subjects:ann,bob (test clips are theirs), subject-folds:5, column:quality=correct/incorrect (training / "
    "test), transfer:set=a/b (the same, on shared classes), kfold:5"
)
SUBJECT_COLUMNS = ("subject", "group")


def find_folds(words: Sequence[str], rows: list[dict[str, str]], seed: int) -> list[Fold]:
    """Folds of a split in words; several splits hold at once.

    Args:
        words: such as ``["subjects:ann", "column:quality=correct/incorrect"]``.
        rows: of the label file, one a clip.
        seed: of `kfold`.

    Raises:
        EvaluationError: words that are no split, a column that is not there, or what the split refuses.
    """
    from ..evaluate import join

    folds = _one(words[0], rows, seed)
    for more in words[1:]:
        folds = join(folds, _one(more, rows, seed))
    return folds


def _one(words: str, rows: list[dict[str, str]], seed: int) -> list[Fold]:
    from .. import evaluate

    kind, _, rest = words.partition(":")
    labels = [row["label"] for row in rows]
    if kind == "subjects" and rest:
        return [evaluate.by_subject(_subjects(rows), held_out=rest.split(","))]
    if kind == "subject-folds":
        return list(evaluate.subject_folds(_subjects(rows), _number(words, rest)))
    if kind == "kfold":
        return list(evaluate.k_fold(labels, _number(words, rest), seed=seed))
    name, equals, sides = rest.partition("=")
    train, slash, test = sides.partition("/")
    if kind not in ("column", "transfer") or not (equals and slash):
        raise _no_split(words)
    values = _column(rows, (name,))
    if kind == "column":
        return [evaluate.by_column(values, train=train, test=test)]
    return [evaluate.between_sets(labels, values, train=train, test=test)]


def _number(words: str, rest: str) -> int:
    try:
        return int(rest)
    except ValueError as error:
        raise _no_split(words) from error


def _no_split(words: str) -> EvaluationError:
    return EvaluationError(f"--split {short(words)} is no split; expected one of {FORMS}.")


def _subjects(rows: list[dict[str, str]]) -> list[str]:
    return _column(rows, SUBJECT_COLUMNS)


def _column(rows: list[dict[str, str]], names: Sequence[str]) -> list[str]:
    """The first of the named columns that the label file has."""
    for name in names:
        if name in rows[0]:
            return [row[name] or "" for row in rows]
    raise EvaluationError(
        f"--split needs the column {' or '.join(map(short, names))} in the label file, which has "
        f"{listed(map(str, rows[0]), 10)}. Add it: one value a clip."
    )
