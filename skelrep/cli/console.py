"""What the commands share: words for the terminal, and options that several of them take."""

from __future__ import annotations

import argparse
import os
import sys
import unicodedata
from pathlib import Path
from typing import Any, Protocol, TextIO

from ..errors import OutputError

# Control, format (direction marks among them), half of a pair, separators of lines and paragraphs.
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_KEPT = "\n\t\u200c\u200d"  # the last two join and part letters in many scripts


class Subparsers(Protocol):
    """What `argparse` returns from `add_subparsers`."""

    def add_parser(self, name: str, **options: Any) -> argparse.ArgumentParser:
        """Add a command."""


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


def positive(text: str) -> int:
    """An `argparse` type: a whole number above 0."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add `--device`."""
    parser.add_argument(
        "--device", help="where to compute, such as cpu or cuda (default: CUDA where there is one)"
    )


def pick_device(name: str | None) -> str:
    """The device asked for, or the best there is."""
    import torch

    return name or ("cuda" if torch.cuda.is_available() else "cpu")


def check_output_file(path: Path, suffixes: tuple[str, ...]) -> None:
    """Refuse, before anything is computed, a name that could not be written in the end.

    Raises:
        OutputError: another suffix, or a folder in the way.
    """
    if path.suffix not in suffixes:
        raise OutputError(f"cannot write {path}: the name must end in {' or '.join(suffixes)}.")
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder. Give the name of a file.")
