"""Words for the terminal: what the commands say, and how they say it safely."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from ..visible import visible


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
