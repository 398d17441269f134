"""`skelrep train --monitor`: labels from a file or from the clips, and what is missing is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_training import tiny_config, walks

from skelrep.cli import main
from skelrep.cli.program import build_parser
from skelrep.cli.train import make_monitor
from skelrep.pretrained import load_pretrained
from skelrep.train import KnnMonitor

REAL = Path(__file__).parent / "data" / "uiprmd_clips.npz"


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    folder = tmp_path / "recordings"
    folder.mkdir()
    for number, clip in enumerate(walks(6)):
        np.save(folder / f"{number}.npy", clip)
    (tmp_path / "config.json").write_text(json.dumps(tiny_config(epochs=1).to_dict()))
    (tmp_path / "labels.csv").write_text("name,label\n0,sit\n1,sit\n2,wave\n3.npy,wave\n")
    run, config = tmp_path / "run", tmp_path / "config.json"
    return ["train", str(folder), "-o", str(run), "--config", str(config), "--device", "cpu", "--quiet"]


def monitor_of(*options: str) -> KnnMonitor | None:
    parsed = build_parser().parse_args(["train", "x", "-o", "y", *options])
    return make_monitor(parsed, tiny_config())


def test_labels_from_a_file(arguments: list[str], tmp_path: Path) -> None:
    labels = str(tmp_path / "labels.csv")
    found = monitor_of("--monitor", arguments[1], "--labels", labels, "--patience", "2")
    assert found is not None
    assert (list(found.labels), found.patience) == (["sit", "sit", "wave", "wave"], 2)
    assert main([*arguments, "--monitor", arguments[1], "--labels", labels]) == 0
    assert load_pretrained(tmp_path / "run").views == ("joint", "motion")


def test_no_monitor_without_the_option() -> None:
    assert monitor_of() is None


@pytest.mark.parametrize("extra", [["--labels", "labels.csv"], ["--monitor"]])
def test_what_is_missing_is_said(
    arguments: list[str], extra: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    options = [*extra, arguments[1]] if extra == ["--monitor"] else extra
    assert main([*arguments, *options]) == 2
    assert "--monitor" in capsys.readouterr().err
    assert not Path(arguments[3]).exists()


def test_labels_that_the_clips_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    # Six clips of six exercises would be refused: no neighbour could share a label.
    from skelrep import read

    twice = read.read_clips(REAL) * 2
    monkeypatch.setattr(read, "read_clips", lambda path, recipe: twice)
    found = monitor_of("--monitor", str(REAL))
    assert found is not None
    assert list(found.labels) == [clip.label for clip in twice]
