"""Names and labels come from files of anybody: text that is shown, and not obeyed."""

from __future__ import annotations

import unicodedata

# Control, format (direction marks among them), half of a pair, separators of lines and paragraphs.
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_KEPT = "\n\t\u200c\u200d"  # the last two join and part letters in many scripts


def visible(text: str) -> str:
    """Text that a terminal, or whatever draws letters, shows and does not obey.

    Control characters, and those that turn the direction of writing or cannot be encoded, become escapes.

    Example:
        >>> visible("walk\\x1b[2J")
        'walk\\\\x1b[2J'
    """
    return "".join(
        c if c in _KEPT or unicodedata.category(c) not in _UNSEEN else c.encode("unicode_escape").decode()
        for c in text
    )


def visible_line(text: str, letters: int) -> str:
    """The beginning of a text as one line of at most so many letters.

    Example:
        >>> visible_line("a name\\nof two lines", 10)
        'a name of…'
    """
    line = visible(" ".join(text[: 2 * letters].split()))
    return line if len(line) <= letters and len(text) <= 2 * letters else f"{line[: letters - 1]}…"
