"""The examples and documents on fine-tuning and long recordings do what they say."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from labelled import labelled_clips, small_encoder
from test_readme import ROOT, blocks

CLIPS, LABELS = labelled_clips(each=4)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reader's folder: `recordings`, `labels.csv`, `long.npy`, and a small default model."""
    (tmp_path / "recordings").mkdir()
    for number, clip in enumerate(CLIPS):
        np.save(tmp_path / "recordings" / f"clip{number:02d}.npy", clip)
    who = ("ann", "bob")
    rows = "".join(f"clip{n:02d},{label},{who[n // 6]}\n" for n, label in enumerate(LABELS))
    (tmp_path / "labels.csv").write_text("name,label,subject\n" + rows)
    np.save(tmp_path / "long.npy", np.concatenate([np.tile(CLIPS[n], (1, 12, 1, 1)) for n in (0, 1)], axis=1))
    small_encoder().save_pretrained(tmp_path / "weights" / "default")
    monkeypatch.setattr("skelrep.pretrained.EMBEDDED", tmp_path / "weights")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.filterwarnings("ignore:.*cannot promise")
@pytest.mark.parametrize(
    ("script", "arguments", "words"),
    [
        ("finetune_own_classes.py", ["recordings", "labels.csv", "mine"], r"(?m)^clip00 +(bow|unknown) "),
        ("stream_live_frames.py", ["long.npy", "--window", "16", "--stride", "8"], r"(?m)^change at about"),
        ("embed_a_million.py", ["vectors.npy", "--clips", "70"], r"\(70, \d+\) in vectors\.npy; nearest"),
    ],
)
def test_examples_run(
    work: Path, script: str, arguments: list[str], words: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    source = ROOT / "examples" / script
    assert len(source.read_text(encoding="utf-8").splitlines()) < 60
    monkeypatch.setattr(sys, "argv", [script, *arguments])
    runpy.run_path(str(source), run_name="__main__")
    assert re.search(words, capsys.readouterr().out)


@pytest.mark.filterwarnings("ignore:.*cannot promise")
@pytest.mark.parametrize(
    "document",
    [
        "evaluation.md",
        "export.md",
        "fine-tuning.md",
        "large-data.md",
        "long-recordings.md",
        "pictures.md",
        "search.md",
    ],
)
def test_python_blocks_run_one_after_another(work: Path, document: str) -> None:
    code = "\n".join(blocks((ROOT / "docs" / document).read_text(encoding="utf-8"), "python"))
    assert code
    exec(compile(code, document, "exec"), {})
