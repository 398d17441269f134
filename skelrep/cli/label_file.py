"""Labels, or weights, from a CSV file with a line a clip, matched to clips by name."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError, EvaluationError, FormatError
from ..record import short
from .cells import original

if TYPE_CHECKING:
    from ..clips import Clip

Row = dict[str, str]


def read_labels(path: Path) -> list[Row]:
    """Rows of a CSV file with at least the columns `name` and `label`.

    Raises:
        FormatError: no such file, no such columns, an empty name or label, or a name given twice.
    """
    return _read_rows(path, "label", "its class", "--labels")


def read_weights(path: Path) -> list[Row]:
    """Rows of a CSV file with at least the columns `name` and `weight`.

    Raises:
        FormatError: as `read_labels`, or a weight that is no number of 0 or more.
    """
    rows = _read_rows(path, "weight", "how often it is trained on", "--sample-weights")
    for line, row in enumerate(rows, start=2):
        try:
            usable = 0 <= float(row["weight"]) < math.inf
        except ValueError:
            usable = False
        if not usable:
            raise FormatError(
                f"line {line} of {path} has the weight {short(row['weight'])}; expected a number, 0 or more."
            )
    return rows


def _originals(row: Row) -> Row:
    """A row as it was before `skelrep predict` made its cells harmless; a short row holds None."""
    return {key: original(cell) if isinstance(cell, str) else cell for key, cell in row.items()}


def match_labels(
    clips: Sequence[Clip], rows: list[Row], where: Path
) -> tuple[list[Clip], list[str], list[str] | None]:
    """The clips that have a label, with it, and with their group where the file has a column `group`.

    Raises:
        EvaluationError: a named clip is not there or is there twice, or is named twice.
    """
    chosen, mine = match_rows(clips, rows, where)
    groups = [row["group"] for row in mine] if "group" in rows[0] else None
    return chosen, [row["label"] for row in mine], groups


def match_rows(clips: Sequence[Clip], rows: list[Row], where: Path) -> tuple[list[Clip], list[Row]]:
    """The clips that the file names, in their own order, each with its row.

    Raises:
        EvaluationError: a named clip is not there or is there twice, or is named twice.
    """
    by_name = _match_names([clip.name for clip in clips], rows, where)
    chosen = [clip for clip in clips if clip.name in by_name]
    return chosen, [by_name[clip.name] for clip in chosen]


def match_weights(names: Sequence[str], rows: list[Row], where: Path) -> list[float]:
    """The weight of each clip.

    Raises:
        EvaluationError: as `match_rows`.
        ConfigError: a clip without a weight.
    """
    by_name = _match_names(names, rows, where)
    without = [name for name in names if name not in by_name]
    if without:
        raise ConfigError(
            f"{where} gives no weight for {len(without)} of {len(names)} clips, such as {short(without[0])}; "
            "expected a line for each. Weight 0 leaves a clip out."
        )
    return [float(by_name[name]["weight"]) for name in names]


def _match_names(names: Sequence[str], rows: list[Row], where: Path) -> dict[str, Row]:
    """The row of each clip that the file names, by the clip's name."""
    found = Counter(names)
    by_name: dict[str, Row] = {}
    for row in rows:
        name = row["name"] if row["name"] in found else Path(row["name"]).stem
        if found[name] != 1:
            raise EvaluationError(
                f"{where} names {short(row['name'])}, of which there are {found[name]} clips; expected one. "
                "Clips are called as their files without the ending, such as "
                f"{next(iter(found), 'walk_01')!r}."
            )
        if name in by_name:
            raise EvaluationError(
                f"{where} names the clip {short(name)} twice, also as a file; expected one line a clip."
            )
        by_name[name] = row
    return by_name


def _read_rows(path: Path, column: str, meaning: str, option: str) -> list[Row]:
    """Rows with at least the columns `name` and `column`, neither of them empty."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [_originals(row) for row in csv.DictReader(file)]
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror}. {option} takes a CSV file.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path} is not a CSV file in UTF-8 ({error}).") from error
    head = f"its first line must be name,{column}; each further line is a clip's name and {meaning}"
    if not rows or not {"name", column} <= rows[0].keys():
        raise FormatError(f"{path} has no rows with the columns name and {column}; {head}.")
    for line, row in enumerate(rows, start=2):
        if not row["name"] or not row[column]:
            raise FormatError(f"line {line} of {path} lacks a name or a {column}; {head}.")
    twice = [name for name, count in Counter(row["name"] for row in rows).items() if count > 1]
    if twice:
        raise FormatError(f"{path} names {short(twice[0])} twice; expected one line a clip.")
    return rows
