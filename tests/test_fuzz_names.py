"""Names of clips and classes that try to be formulas, paths, pages or letters that nobody can draw."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
import sys
import warnings
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from hostile_names import HOSTILE
from hypothesis import example, given, settings
from hypothesis import strategies as st
from labelled import labelled_clips

import skelrep
from skelrep import viz
from skelrep.cli import main
from skelrep.cli.cells import as_csv, harmless, original
from skelrep.cli.label_file import read_labels
from skelrep.read import ClipStore
from skelrep.visible import visible_line

sys.path.insert(0, str(Path(__file__).parents[1]))
from fuzz.models import tiny_encoder

FORMULA = '=HYPERLINK("http://127.0.0.1/?"&A1,"walk")'
WIDE = "\uff1d1+1"  # as written in China and Japan
FORMULAS = (FORMULA, WIDE, "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "a;=1", "a,-cmd|' /C'!A0", '";=1')
PLAIN = ("walk", "", "a=b", "a-b_c+1@home", "-1", "+2.5", "it's", "'tis", "a, b", "日本語", "S001C001")
PATHS = ("../../escaped", "/tmp/escaped", "..", ".", "a/b", "con", "~/escaped", "-rf", "a\nb", "x" * 400)


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_is_no_cell(name: str) -> None:
    """Whatever separates cells on the computer that opens the file."""
    for line in as_csv(("name",), [(name,)]).replace("\r", "\n").split("\n"):
        for separator in ",;\t":
            for cell in line.split(separator):
                assert cell.strip('" \t')[:1] not in ("=", "+", "-", "@", WIDE[0]) or cell == "name"


@pytest.mark.parametrize("name", PLAIN)
def test_other_cells_stay_as_they_are(name: str) -> None:
    assert original(harmless(name)) == harmless(name) == name or name == "'tis"


@given(st.text(alphabet="ab=+-@'\";,\t\r\n 1\uff1d") | st.text())
@example("'tis")
@settings(max_examples=150, deadline=None, derandomize=True)
def test_no_cell_is_lost(text: str) -> None:
    assert original(harmless(text)) == text
    rows = list(csv.reader(io.StringIO(as_csv(("name", "n"), [(text, -0.5)]), newline="")))
    assert rows[1] == [harmless(text), "-0.5"]


def test_labels_that_predict_wrote_are_read_as_they_were(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text(as_csv(("name", "label"), [(FORMULA, "@a"), ("'tis", "b")]), encoding="utf-8")
    assert [(row["name"], row["label"]) for row in read_labels(table)] == [(FORMULA, "@a"), ("'tis", "b")]


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of clips under names like paths and formulas, an encoder and a classifier."""
    folder = tmp_path_factory.mktemp("evil")
    data, labels = labelled_clips(each=2)
    tiny_encoder().save_pretrained(folder / "model")
    skelrep.finetune(tiny_encoder(), data, labels, progress=False).save_pretrained(folder / "classes")
    names = [*PATHS, FORMULA]
    clips = [skelrep.Clip(data=data[n % len(data)], name=name) for n, name in enumerate(names)]
    ClipStore.from_clips(clips).save(folder / "clips")
    return folder


MODEL = ("--model", "model", "--quiet")
COMMANDS = {
    "encode": (("clips", "-o", "out/v.npz", *MODEL), {"v.npz"}),
    "index": (("clips", "-o", "out/index", *MODEL), {"index"}),
    "predict": (("clips", "--model", "classes", "-o", "out/p.csv"), {"p.csv"}),
    "draw": (("clips", "-o", "out/p.html"), {"p.html"}),
    "atlas": (("clips", "-o", "out/a.html", *MODEL, "--projection", "pca"), {"a.html"}),
    "doctor": (("clips", "--json", "out/d.json", "--quiet"), {"d.json"}),
}  # fmt: skip


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if "out" not in path.parts}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_name_is_no_path(evil: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments, expected = COMMANDS[command]
    place = evil / "work" / command
    place.mkdir(parents=True)
    for name in ("clips", "model", "classes"):
        (place / name).symlink_to(evil / name)
    monkeypatch.chdir(place)
    before = _files(evil)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert main([command, *arguments]) == 0
    assert {path.name for path in (place / "out").iterdir()} == expected
    assert _files(evil) == before
    assert not Path("/tmp/escaped").exists()


def test_search_and_predict_write_no_formula(evil: Path, tmp_path: Path) -> None:
    found, classes = tmp_path / "found.csv", tmp_path / "classes.csv"
    clips, model = str(evil / "clips"), ("--model", str(evil / "model"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert main(["index", clips, "-o", str(tmp_path / "i"), "--quiet", *model]) == 0
        assert main(["search", str(tmp_path / "i"), clips, "-o", str(found), *model]) == 0
        assert main(["predict", clips, "--model", str(evil / "classes"), "-o", str(classes)]) == 0
    for table in (found, classes):
        with table.open(newline="", encoding="utf-8") as file:
            cells = {cell for row in csv.reader(file) for cell in row}
        assert "'" + FORMULA in cells
        assert FORMULA in map(original, cells)


NAMES = (*HOSTILE[3:], "$\\frac$", "a_$x^{$", "\x1b[2J", "nul\0", "", "\n\n")


@pytest.mark.filterwarnings("ignore:.*Glyph .* missing from:UserWarning")
@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_can_be_drawn(name: str, tmp_path: Path) -> None:
    """As letters: no formula of TeX, no escape, no half of a pair, no element of a picture."""
    clip = skelrep.Clip(data=labelled_clips(each=1)[0][0][:, :2], name=name)
    clip = dataclasses.replace(clip, fps=30.0)
    viz.save_figure(viz.plot_clip(clip, poses=2), tmp_path / "one.svg")
    viz.save_animation([clip], tmp_path / "a.gif", dpi=20)
    places = np.eye(4, 2)
    viz.save_figure(viz.plot_map(places, [name, name, "b", "b"], title=name), tmp_path / "map.svg")
    for picture in ("one.svg", "map.svg"):
        for element in ElementTree.parse(tmp_path / picture).iter():
            assert not element.tag.lower().endswith(("script", "image", "foreignobject"))
    assert (tmp_path / "a.gif").read_bytes()[:6] == b"GIF89a"


@given(st.text(), st.integers(2, 9))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_line_is_a_line(text: str, letters: int) -> None:
    line = visible_line(text, letters)
    assert len(line) <= letters
    assert "\n" not in line
    os.fsencode(line)
