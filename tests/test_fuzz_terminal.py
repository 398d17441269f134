"""Names and labels come from files of anybody: a terminal shows what is in them and does not obey it."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled import labelled_clips, small_encoder

import skelrep
from skelrep.cli import main
from skelrep.cli.console import complain, say, show_warning
from skelrep.visible import visible

EVIL = "\x1b]0;owned\x07\x1b[2J\u202etxt\x9b1m"


@given(st.text())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_what_is_shown_is_harmless_and_can_be_encoded(text: str) -> None:
    shown = visible(text)
    shown.encode()
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in shown if c not in "\n\t")
    if text.isascii() and text.isprintable():
        assert shown == text


def test_letters_of_every_language_stay() -> None:
    text = "Übung 走る \N{SKULL} \u0646\u0645\u06cc\u200c\u0634\u0648\u062f"
    assert visible(text) == text
    assert visible("a\u202eb\ud800\u2028") == "a\\u202eb\\ud800\\u2028"


def test_every_way_to_the_terminal_is_guarded(capsys: pytest.CaptureFixture[str]) -> None:
    say(EVIL)
    complain(EVIL)
    show_warning(EVIL, UserWarning, "", 0)
    out, err = capsys.readouterr()
    for text in (out, *err.splitlines()):
        assert "\\x1b]0;owned\\x07" in text
        assert not set(text) & set("\x1b\x07\u202e\x9b")


@pytest.fixture
def evil_clips(tmp_path: Path) -> Path:
    """Two clips whose names would clear the screen, or are no text at all."""
    folder = tmp_path / "clips"
    folder.mkdir()
    for name, clip in zip((EVIL.encode(), b"no text \xff"), labelled_clips(each=1)[0], strict=False):
        np.save(os.fsdecode(os.fsencode(folder) + b"/" + name + b".npy"), clip)
    return folder


def test_commands_print_no_control_characters(
    evil_clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips, labels = labelled_clips(each=2)
    skelrep.finetune(small_encoder(), clips, labels, progress=False).save_pretrained(tmp_path / "model")
    report, table = tmp_path / "report.json", tmp_path / "out.csv"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert main(["predict", str(evil_clips), "--model", str(tmp_path / "model")]) == 0
        assert main(["predict", str(evil_clips), "--model", str(tmp_path / "model"), "-o", str(table)]) == 0
        assert main(["doctor", str(evil_clips), "--json", str(report), "--quiet"]) == 0
        assert main(["encode", str(evil_clips / EVIL), "-o", str(tmp_path / "o.npz")]) == 2
        assert main(["encode", str(evil_clips), "-o", str(tmp_path / "o.npz"), "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert "owned" in out
    assert "owned" in err
    assert not set(out + err) & set("\x1b\x07\u202e\x9b")
    out.encode()
    json.loads(report.read_text())
    assert "no text \\udcff" in table.read_text()
