"""The site's pages: all in the navigation, and every public name in the API reference."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
ROOMS = ("evaluate", "datasets", "index", "viz", "errors")  # an entry lists all names of such a room
NAVIGATION = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
REFERENCE = {
    name
    for page in (DOCS / "api").glob("*.md")
    for name in re.findall(r"^::: ([\w.]+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
}


def test_every_page_is_in_the_navigation_and_there() -> None:
    named = re.findall(r"[\w/-]+\.md$", NAVIGATION, re.MULTILINE)
    pages = [page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")]
    assert sorted(named) == sorted(pages)


def test_every_public_name_has_an_entry() -> None:
    names = importlib.import_module("skelrep").__all__
    missing = [n for n in names if n != "__version__" and f"skelrep.{n}" not in REFERENCE]
    assert not missing, f"add '::: skelrep.{missing[0]}' to a page of docs/api"


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_have_an_entry_which_lists_their_names(room: str) -> None:
    assert f"skelrep.{room}" in REFERENCE


def test_entries_exist() -> None:
    for name in REFERENCE - {
        "skelrep.evaluate",
        "skelrep.datasets",
        "skelrep.index",
        "skelrep.viz",
        "skelrep.errors",
    }:
        room, _, last = name.rpartition(".")
        assert hasattr(importlib.import_module(room), last), name


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link
