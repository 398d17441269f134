"""CSV that spreadsheets show and do not compute: names and labels come from files of anybody.

A cell that begins with ``=`` is a formula to a spreadsheet, quoted or not, and a formula can send away what
stands beside it. An apostrophe before it makes it text; one that was there already gets a second one, so that
taking away one gives back what was. A name can also hold what separates cells where the computer's language
is another, so that what follows any separator counts as the beginning of a cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_BEGINNING = r"(^|[,;\t\r\n])([\s\"]*)"
_FORMULA = re.compile(_BEGINNING + "(?=['=+\\-@\uff1d\uff0b\uff0d\uff20])")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?", re.ASCII)
_SEPARATING = re.compile(r"[\",;\t\r\n]")
_APOSTROPHE = re.compile(_BEGINNING + "'")


def harmless(text: str) -> str:
    """Text of a cell, with an apostrophe before everything that a spreadsheet would take for a formula.

    Example:
        >>> harmless("=1+1"), harmless("walk"), harmless("-1")
        ("'=1+1", 'walk', '-1')
    """
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub(r"\1\2'", text)


def original(cell: str) -> str:
    """What `harmless` was given, if the cell is one that it gives; else the cell as it is.

    Example:
        >>> original("'=1+1"), original("'tis")
        ('=1+1', "'tis")
    """
    text = _APOSTROPHE.sub(r"\1\2", cell)
    return text if harmless(text) == cell else cell


def as_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV, a line a row, every cell `harmless`."""
    return "".join(",".join(_quoted(harmless(str(cell))) for cell in row) + "\n" for row in (header, *rows))


def _quoted(cell: str) -> str:
    """Python's writer leaves a carriage return bare, and its reader ends a row there."""
    return f'"{cell.replace(chr(34), chr(34) * 2)}"' if _SEPARATING.search(cell) else cell
