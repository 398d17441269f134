"""`skelrep train --sample-weights`: a line a clip, matched by name, and what does not match is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_training import same_runs, tiny_config, walks

from skelrep.cli import main
from skelrep.train import train_crossclr

CONFIG = tiny_config(views=("joint",), epochs=1)
LINES = ["name,weight", "0,1", "1.npy,0", "2,2.5", "3,1e0"]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four recordings, their weights, and a configuration, in the working folder."""
    monkeypatch.chdir(tmp_path)
    Path("takes").mkdir()
    for number, clip in enumerate(walks(4)):
        np.save(f"takes/{number}.npy", clip)
    Path("config.json").write_text(json.dumps(CONFIG.to_dict()))
    Path("weights.csv").write_text("\n".join(LINES))
    return tmp_path


def train(*more: str) -> int:
    options = ["--config", "config.json", "--device", "cpu", "--quiet", "--sample-weights", "weights.csv"]
    return main(["train", "takes", "-o", "run", *options, *more])


@pytest.mark.parametrize("window", [None, 6])
def test_the_command_trains_as_the_library_does(work: Path, window: int | None) -> None:
    assert train(*([] if window is None else ["--window", str(window)])) == 0
    train_crossclr(
        "takes", CONFIG, output_dir="again", sample_weights=[1, 0, 2.5, 1], window=window, device="cpu"
    )
    assert same_runs(work / "run", work / "again")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (None, "cannot read weights.csv: No such file or directory. --sample-weights takes a CSV file"),
        (["name,label", "0,sit"], "no rows with the columns name and weight"),
        (["name,weight", "0,"], "line 2 of weights.csv lacks a name or a weight"),
        (LINES[:4], "no weight for 1 of 4 clips, such as '3'"),
        ([*LINES, "4,1"], "names '4', of which there are 0 clips"),
        ([*LINES, "3.npy,1"], "names the clip '3' twice, also as a file"),
        ([*LINES[:4], "3,-1"], "line 5 of weights.csv has the weight '-1'; expected a number, 0 or more"),
        ([*LINES[:4], "3,often"], "'often'"),
        ([*LINES[:4], "3,nan"], "'nan'"),
        (["name,weight", "0,1", "1,0", "2,0", "3,0"], "1 of sample_weights are above 0"),
    ],
)
def test_what_does_not_match_is_one_line_and_nothing_is_trained(
    work: Path, lines: list[str] | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = work / "weights.csv"
    weights.unlink() if lines is None else weights.write_text("\n".join(lines))
    assert train() == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not Path("run").exists()
