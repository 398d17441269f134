"""Records as tables and as the results of a model card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..hub import Result
from .results import EvaluationRecord

MISSING = "-"


def results_table(records: Iterable[EvaluationRecord]) -> str:
    """Records as Markdown: a table a data set and split, a row a contender, a column a protocol.

    Cells are top-1 in percent, mean and sample deviation over the runs; a table is aligned, so that it can be
    read as it is.

    Example:
        >>> from skelrep.evaluate.results import DataSource, ModelSource, SplitSource
        >>> record = EvaluationRecord(
        ...     contender="model", protocol="1-NN", parameters={}, model=ModelSource(name="default"),
        ...     data=DataSource(name="gym", sha256="", clips=9),
        ...     split=SplitSource(description="kfold:3", sha256="", folds=3, train=6, test=9),
        ...     seeds=(0, 1), top_1=(0.5, 0.75),
        ... )
        >>> print(results_table([record]))
        **gym**, kfold:3 (3 folds, 6 training clips a fold, 9 test clips; top-1 in %)
        <BLANKLINE>
        |         |        1-NN |
        |---------|------------:|
        | default | 62.5 ± 17.7 |
    """  # fmt: skip
    groups: dict[tuple[str, ...], list[EvaluationRecord]] = {}
    for record in records:
        key = (record.data.name, record.data.sha256, record.split.description, record.split.sha256)
        groups.setdefault(key, []).append(record)
    return "\n\n".join(f"{_heading(group[0])}\n\n{_table(group)}" for group in groups.values())


def card_results(records: Iterable[EvaluationRecord]) -> tuple[Result, ...]:
    """What a model's card says it reaches: top-1 in percent, for `skelrep.hub.ModelCard(results=...)`.

    Baselines are left out: the Hub takes every result of a card for the model's own.

    Returns:
        Results that the card turns into the Hub's `EvalResult`, in order.
    """
    return tuple(
        Result(
            data=f"{record.data.name} ({record.split.description})",
            task=record.protocol,
            metric="accuracy",
            value=percent(record) if record.deviation is not None else round(100 * record.mean, 1),
        )
        for record in records
        if record.contender == "model"
    )


def percent(record: EvaluationRecord) -> str:
    """Top-1 as ``85.4``, or ``85.4 ± 0.6`` over several runs."""
    mean = f"{100 * record.mean:.1f}"
    return mean if record.deviation is None else f"{mean} ± {100 * record.deviation:.1f}"


def row_name(record: EvaluationRecord) -> str:
    """The model's name, or what baseline it is."""
    return record.model.name if record.contender == "model" else record.contender


def _heading(record: EvaluationRecord) -> str:
    split = record.split
    folds = f"{split.folds} folds, {split.train} training clips a fold" if split.folds > 1 else (
        f"{split.train} training clips"
    )  # fmt: skip
    return f"**{record.data.name}**, {split.description} ({folds}, {split.test} test clips; top-1 in %)"


def _table(records: Sequence[EvaluationRecord]) -> str:
    columns = list(dict.fromkeys(record.protocol for record in records))
    cells: dict[tuple[str, str], list[str]] = {}
    for record in records:
        cells.setdefault((row_name(record), record.protocol), []).append(percent(record))
    rows = [
        [name, *(", ".join(cells.get((name, column), [MISSING])) for column in columns)]
        for name in dict.fromkeys(row_name(record) for record in records)
    ]
    return aligned([["", *columns], *rows])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows as an aligned Markdown table; the first row is its head, the first column stands to the left.

    Example:
        >>> print(aligned([["", "a"], ["one", "1.0"]]))
        |     |   a |
        |-----|----:|
        | one | 1.0 |
    """
    safe = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in safe) for i in range(len(safe[0]))]
    lines = [
        "| "
        + " | ".join(
            c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in safe
    ]
    rule = "|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
