"""Put results between their markers in Markdown pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path


def fill(page: Path, marker: str, text: str) -> None:
    """Replace what stands between ``<!-- results: marker -->`` and ``<!-- end -->``."""
    pattern = re.compile(rf"(<!-- results: {marker} -->\n).*?(<!-- end -->)", re.DOTALL)
    changed, count = pattern.subn(lambda match: f"{match[1]}{text}{match[2]}", page.read_text())
    if count != 1:
        raise SystemExit(f"{page} should hold the marker {marker!r} once, found {count}.")
    page.write_text(changed)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    lines.insert(1, "|" + "---|" * len(head))
    return "\n".join(lines) + "\n"
