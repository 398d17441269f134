"""The commands `finetune` and `predict`, windows of `encode`, and the time that `train` foretells."""

from __future__ import annotations

import csv
import inspect
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from labelled import labelled_clips, small_encoder
from tiny_training import same_runs, tiny_config, walks

import skelrep
from skelrep.classifier import Predictions
from skelrep.cli import main
from skelrep.cli.predict import as_table
from skelrep.cli.program import build_parser
from skelrep.train import estimate_training_time

CLIPS, LABELS = labelled_clips(each=4)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `recordings`, `labels.csv` and a saved `encoder`; the current one."""
    (tmp_path / "recordings").mkdir()
    for number, clip in enumerate(CLIPS):
        np.save(tmp_path / "recordings" / f"clip{number:02d}.npy", clip)
    np.save(tmp_path / "recordings" / "extra.npy", CLIPS[0])
    rows = [f"clip{number:02d},{label},{number % 4}" for number, label in enumerate(LABELS)]
    (tmp_path / "labels.csv").write_text("\n".join(["name,label,group", *rows]) + "\n")
    small_encoder().save_pretrained(tmp_path / "encoder")
    monkeypatch.chdir(tmp_path)
    return tmp_path


ARGUMENTS = ["finetune", "recordings", "--labels", "labels.csv", "-o", "mine", "--model", "encoder"]


def test_finetune_then_predict(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ARGUMENTS, "--validation", "0.25", "--class-weight", "none", "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("12 of 13 clips, 3 classes: mine\n")
    assert "of 12 held-out clips right" in said
    expected = skelrep.finetune(
        "encoder", CLIPS, LABELS, validation=0.25, class_weight=None, groups=[str(n % 4) for n in range(12)]
    )
    assert skelrep.load_classifier("mine").config == expected.config
    assert main(["predict", "recordings", "--model", "mine"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["name"] for row in rows] == [f"clip{n:02d}" for n in range(12)] + ["extra"]
    assert [row["label"] for row in rows] == [*expected.predict(CLIPS), expected.predict(CLIPS[:1])[0]]
    assert all(0 < float(row["probability"]) <= 1 for row in rows)


def test_every_option_and_quiet(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--mode", "gradual", "--epochs", "4", "--learning-rate", "1e-4", "--patience", "1"]
    more = ["--unknown", "--false-reject-rate", "0.4", "--seed", "3", "--quiet", "--device", "cpu"]
    assert main([*ARGUMENTS, *options, *more]) == 0
    assert capsys.readouterr() == ("", "")
    config = skelrep.load_classifier("mine").config
    assert (config.unknown, config.false_reject_rate, config.report.mode) == (True, 0.4, "gradual")
    np.save("odd.npy", np.random.default_rng(0).normal(0, 0.3, (3, 20, 25, 1)))
    assert main(["predict", "odd.npy", "--model", "mine", "-o", "out.csv", "--device", "cpu"]) == 0
    head, line = Path("out.csv").read_text().splitlines()
    assert head == "name,label,probability,novelty"
    assert line.split(",")[1] in {*LABELS, "unknown"}
    assert main(["predict", "odd.npy", "--model", "mine", "-o", "out.txt"]) == 2


def test_an_unknown_clip_is_called_so_where_classes_are_numbers() -> None:
    one = np.ones(1)
    found = Predictions(
        labels=np.array([None]), best=np.array([3]), probabilities=np.array([[0.75, 0.25]]), novelty=one * 2,
        unknown=one > 0,
    )  # fmt: skip
    table = as_table([skelrep.Clip(data=CLIPS[0], name="odd, indeed")], found)
    assert table.splitlines()[1] == '"odd, indeed",unknown,0.7500,2.0000'


def test_nothing_held_out_is_told(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ARGUMENTS, "--validation", "0"]) == 0
    assert "was not measured" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot read labels.csv"),
        ("", "no rows"),
        ("clip,class\nclip00,bow\n", "columns name and label"),
        ("name,label\nclip00,\n", "line 2 of labels.csv"),
        ("name,label\nclip00,bow\nclip00,wave\n", "'clip00' twice"),
        ("name,label\nclip99,bow\n", "names 'clip99', of which there are 0 clips"),
        ("name,label\nclip00.npy,bow\nclip01.npy,bow\n", "a classifier needs two or more"),
        (b"\xff\xfe\x00", "not a CSV file in UTF-8"),
    ],
)
def test_bad_labels_are_one_line_and_nothing_is_written(
    work: Path, text: str | bytes | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = work / "labels.csv"
    labels.unlink()
    if text is not None:
        labels.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert main(ARGUMENTS) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not (work / "mine").exists()


def test_a_file_in_the_way_is_told_first(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "mine").write_text("")
    assert main(ARGUMENTS) == 2
    assert "it is a file" in capsys.readouterr().err


def test_options_are_called_as_in_the_api() -> None:
    api = inspect.signature(skelrep.finetune).parameters
    options = vars(build_parser().parse_args(ARGUMENTS))
    own = {"command", "traceback", "run", "after_interrupt", "quiet", "output_dir"}
    assert set(options) - own <= set(api)
    for name in set(options) - own - {"clips", "labels", "model"}:
        assert options[name] == api[name].default, name


def test_encode_windows(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["encode", "recordings", "--model", "encoder", "--window", "8", "--stride", "4"]
    assert main([*arguments, "-o", "out.npz", "--device", "cpu"]) == 0
    expected = skelrep.encode("recordings", small_encoder(), window=8, stride=4)
    with np.load("out.npz") as found:
        np.testing.assert_allclose(found["embeddings"], np.concatenate(expected), rtol=1e-4, atol=1e-6)
        assert found["names"].tolist().count("clip00") == len(expected[0])
        assert found["starts"][: len(expected[0])].tolist() == [4 * n for n in range(len(expected[0]))]
    assert main(["encode", "recordings", "--model", "encoder", "--stride", "4", "-o", "out.npy"]) == 2
    assert "without a window" in capsys.readouterr().err


def test_train_foretells_its_time_and_the_run_is_the_same(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (work / "config.json").write_text(json.dumps(tiny_config(epochs=2).to_dict()))
    arguments = ["train", "recordings", "--config", "config.json", "--device", "cpu", "-o"]
    assert main([*arguments, "told"]) == 0
    assert capsys.readouterr().out.startswith("13 clips, 2 epochs: about 0.")
    assert main([*arguments, "quiet", "--quiet"]) == 0
    assert same_runs(work / "told", work / "quiet")
    assert main([*arguments, "told"]) == 0
    assert "about" not in capsys.readouterr().out


def test_the_estimate_counts_both_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    from skelrep.train.run import Run

    real, seconds = Run.step, {1: 2.0, 2: 30.0}

    def step(run: Run) -> object:
        record = real(run)
        return type("Timed", (), {"seconds": seconds[record.stage]})

    monkeypatch.setattr(Run, "step", step)
    state = torch.random.get_rng_state()
    config = tiny_config(epochs=5, cross_view_epoch=4)
    assert estimate_training_time(walks(16), config, device="cpu") == 6 * 2.0 + 4 * 30.0
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("model", ["default", "encoder"])
def test_predict_with_an_encoder_says_to_fine_tune_first(
    work: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", "recordings", "--model", model]) == 2
    assert "Run `skelrep finetune`" in capsys.readouterr().err
