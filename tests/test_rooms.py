"""Imports point from the bottom of CONTRIBUTING.md's table of rooms to its top."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import skelrep

PACKAGE = Path(skelrep.__path__[0])
TABLE = Path(__file__).parents[1] / "CONTRIBUTING.md"
ROWS = [re.findall(r"`(\w+)(?:/|\.py)`", line.split("|")[1]) for line in TABLE.read_text().splitlines()
        if re.match(r"\| `\w+(/|\.py)`", line)]  # fmt: skip
RANK = {room: number for number, rooms in enumerate(ROWS) for room in rooms}


def imported_rooms(path: Path) -> set[str]:
    """Rooms that a file imports when it is imported itself: not those within functions or for types."""
    place = path.relative_to(PACKAGE).parts[:-1]
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*place[: len(place) + 1 - node.level], *(node.module.split(".") if node.module else [])]
            found |= {base[0]} if base else {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("room", RANK)
def test_a_room_imports_only_those_above_it(room: str) -> None:
    one = PACKAGE / f"{room}.py"
    files = [one] if one.exists() else sorted((PACKAGE / room).rglob("*.py"))
    assert files, f"the table names {room}, which is not there"
    for path in files:
        below = [name for name in imported_rooms(path) if RANK.get(name, 0) > RANK[room]]
        assert not below, f"{path.relative_to(PACKAGE)} imports {below}"


def test_the_table_has_every_folder() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders - set(RANK) == set()
    assert len(ROWS) > 15
    assert imported_rooms(PACKAGE / "explore" / "project.py") == {"errors", "viz"}
