"""Words for the terminal: what the commands say, and how they say it safely."""

from __future__ import annotations

import os
import sys
import unicodedata
from typing import TextIO

# Control, format (direction marks among them), half of a pair, separators of lines and paragraphs.
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_KEPT = "\n\t\u200c\u200d"  # the last two join and part letters in many scripts


def visible(text: str) -> str:
    """Text that a terminal shows and does not obey: names and labels come from files of anybody.

    Control characters, and those that turn the direction of writing or cannot be encoded, become escapes.

    Example:
        >>> visible("walk\\x1b[2J")
        'walk\\\\x1b[2J'
    """
    return "".join(
        c if c in _KEPT or unicodedata.category(c) not in _UNSEEN else c.encode("unicode_escape").decode()
        for c in text
    )


def say(text: str = "") -> None:
    """Write a line to standard output."""
    sys.stdout.write(visible(text) + "\n")


def complain(text: str) -> None:
    """Write what went wrong, whatever is quoted in it, as one line to standard error."""
    sys.stderr.write(f"skelrep: {visible(' '.join(text.split()))}\n")


def show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Write a warning as one line, without the place in the code, and from one process of several only."""
    del category, filename, lineno, line
    if is_first_process():
        (file or sys.stderr).write(f"skelrep: warning: {visible(' '.join(str(message).split()))}\n")


def is_first_process() -> bool:
    """Whether torchrun started this process first, or nobody started any others."""
    return os.environ.get("RANK", "0") == "0"
