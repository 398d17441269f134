"""The result beside the published number, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from ..config import PretrainConfig
from ..datasets import Split
from ..evaluate import EvaluationRecord
from .gather import Gathered
from .published import method_name, published_top_1

Row = tuple[str, str, str, str]


def reproduction_table(
    split: Split, config: PretrainConfig, records: Sequence[EvaluationRecord], gathered: Gathered
) -> str:
    """A row a contender and protocol, the published number first.

    Args:
        split, config: what was reproduced, and how.
        records: of `evaluate_vectors`.
        gathered: the clips that there were.

    Returns:
        Markdown, columns aligned.
    """
    quoted = published_top_1(config.encoder.views, split.name)
    method = method_name(config.encoder.views)
    rows: list[Row] = [("", "protocol", "top-1", "top-5"), ("-", "-", "-:", "-:")]
    rows.append((f"{method}, published (quoted)", "linear evaluation", _quoted(quoted), "-"))
    rows += [(_who(record, method, config), record.protocol, *_shares(record)) for record in records]
    return "\n\n".join(
        [f"**{split.name}**: top-1 and top-5 in %, last epoch", _aligned(rows), _coverage(split, gathered)]
    )


def _who(record: EvaluationRecord, method: str, config: PretrainConfig) -> str:
    if record.contender != "model":
        return record.contender
    return f"{method}, this run ({config.recipe_name}, {config.epochs} epochs)"


def _shares(record: EvaluationRecord) -> tuple[str, str]:
    top_5 = f"{100 * record.top_5[0]:.1f}" if record.top_5 else "-"
    return f"{100 * record.mean:.1f}", top_5


def _quoted(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _aligned(rows: Sequence[Row]) -> str:
    """Cells padded to their column; in the second row, a rule of the column's width."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = []
    for place, row in enumerate(rows):
        cells = [
            (f"{'-' * (width - 1)}{':' if cell == '-:' else '-'}" if place == 1 else
             cell.rjust(width) if n > 1 else cell.ljust(width))
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _coverage(split: Split, gathered: Gathered) -> str:
    """How much of the split there was; a part of it is not comparable."""
    here = (gathered.train, gathered.test)
    if split.clips is None:
        return f"{here[0]} training and {here[1]} test clips."
    whole = f"{here[0]} of {split.clips[0]} training and {here[1]} of {split.clips[1]} test clips."
    if here == split.clips:
        return whole
    return f"{whole} Not the published split: the numbers cannot be compared."
