"""Labels from a CSV file, matched to clips by name."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import EvaluationError, FormatError
from ..record import short

if TYPE_CHECKING:
    from ..clips import Clip

COLUMNS = ("name", "label")


def read_labels(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file with at least the columns `name` and `label`.

    Raises:
        FormatError: no such file, no such columns, an empty name or label, or a name given twice.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror}. --labels takes a CSV file.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path} is not a CSV file in UTF-8 ({error}).") from error
    head = "its first line must be name,label; each further line is a clip's name and its class"
    if not rows or not set(COLUMNS) <= rows[0].keys():
        raise FormatError(f"{path} has no rows with the columns name and label; {head}.")
    for line, row in enumerate(rows, start=2):
        if not row["name"] or not row["label"]:
            raise FormatError(f"line {line} of {path} lacks a name or a label; {head}.")
    twice = [name for name, count in Counter(row["name"] for row in rows).items() if count > 1]
    if twice:
        raise FormatError(f"{path} names {short(twice[0])} twice; expected one line a clip.")
    return rows


def match_labels(
    clips: Sequence[Clip], rows: list[dict[str, str]], where: Path
) -> tuple[list[Clip], list[str], list[str] | None]:
    """The clips that have a label, with it, and with their group where the file has a column `group`.

    Raises:
        EvaluationError: a named clip is not there or is there twice.
    """
    chosen, mine = match_rows(clips, rows, where)
    groups = [row["group"] for row in mine] if "group" in rows[0] else None
    return chosen, [row["label"] for row in mine], groups


def match_rows(
    clips: Sequence[Clip], rows: list[dict[str, str]], where: Path
) -> tuple[list[Clip], list[dict[str, str]]]:
    """The clips that the file names, in their own order, each with its row.

    Raises:
        EvaluationError: a named clip is not there or is there twice.
    """
    found = Counter(clip.name for clip in clips)
    for row in rows:
        count = found[Path(row["name"]).stem] or found[row["name"]]
        if count != 1:
            raise EvaluationError(
                f"{where} names {short(row['name'])}, of which there are {count} clips; expected one. Clips "
                f"are called as their files without the ending, such as {next(iter(found), 'walk_01')!r}."
            )
    by_name = {row["name"] if row["name"] in found else Path(row["name"]).stem: row for row in rows}
    chosen = [clip for clip in clips if clip.name in by_name]
    return chosen, [by_name[clip.name] for clip in chosen]
