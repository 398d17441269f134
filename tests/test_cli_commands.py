"""The commands `train`, `info`, `demo` and `convert`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_training import tiny_config, walks

from skelrep.cli import main
from skelrep.cli.program import build_parser
from skelrep.cli.train_config import make_config
from skelrep.config import PretrainConfig
from skelrep.models import SkeletonEncoder
from skelrep.pretrained import load_pretrained

CARD = "---\nlicense: cc0-1.0\ndatasets:\n- ui-prmd\n- cmu\n---\n# A card\n"


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    for number, clip in enumerate(walks(6)):
        np.save(folder / f"{number}.npy", clip)
    return folder


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(tiny_config(epochs=1).to_dict()))
    return path


def config_of(*options: str) -> PretrainConfig:
    return make_config(build_parser().parse_args(["train", "folder", "-o", "run", *options]))


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ([], {"recipe_name": "fixed", "epochs": 300, "cross_view_epoch": 151}),
        (["--recipe", "faithful"], {"recipe_name": "faithful", "learning_rate": 0.1}),
        (["--epochs", "100"], {"epochs": 100, "cross_view_epoch": 51, "warmup_epochs": 3, "decay_epoch": 83}),
        (["--epochs", "1"], {"epochs": 1, "cross_view_epoch": 1, "warmup_epochs": 0}),
        (["--batch-size", "7", "--seed", "3"], {"batch_size": 7, "seed": 3}),
    ],
)
def test_train_options_become_fields(options: list[str], fields: dict[str, Any]) -> None:
    config = config_of(*options)
    assert {name: getattr(config, name) for name in fields} == fields


def test_views_are_put_into_their_order() -> None:
    assert config_of("--views", "bone", "joint").encoder.views == ("joint", "bone")


def test_train_writes_a_model_and_goes_on_with_it(
    recordings: Path, config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recordings.parent / "run"
    arguments = ["train", str(recordings), "-o", str(run), "--config", str(config_file), "--device", "cpu"]
    assert main([*arguments, "--views", "motion"]) == 0
    assert f"--model {run}" in capsys.readouterr().out
    assert load_pretrained(run).views == ("motion",)
    log = (run / "log.jsonl").read_text()
    assert main([*arguments, "--views", "motion", "--quiet"]) == 0
    assert (run / "log.jsonl").read_text() == log
    assert capsys.readouterr().out == ""
    assert main([*arguments, "--views", "motion", "--no-resume"]) == 2
    assert main([*arguments, "--views", "joint"]) == 2


def test_train_begins_with_another_model(
    recordings: Path, config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = recordings.parent / "first", recordings.parent / "second"
    shared = ["train", str(recordings), "--config", str(config_file), "--quiet"]
    assert main([*shared, "-o", str(first)]) == 0
    assert main([*shared, "-o", str(second), "--init", str(first), "--epochs", "2"]) == 0
    assert main([*shared, "-o", str(second), "--init", str(recordings)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.filterwarnings("default")
def test_a_warning_is_one_line(
    recordings: Path, config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in recordings.iterdir():
        np.save(path, 1000 * np.load(path))
    run = recordings.parent / "run"
    assert main(["train", str(recordings), "-o", str(run), "--config", str(config_file), "--quiet"]) == 0
    error = capsys.readouterr().err
    assert error.startswith("skelrep: warning: ")
    assert "Divide by 1000" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        ("{", "is not JSON"),
        ('{"epoch": 3}', "Did you mean 'epochs'?"),
        ("[]", "expected a mapping"),
    ],
)
def test_a_bad_configuration_file_is_an_error(
    tmp_path: Path, content: str | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.json"
    if content is not None:
        path.write_text(content)
    assert main(["train", str(tmp_path), "-o", str(tmp_path / "run"), "--config", str(path)]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_recipe_and_configuration_exclude_each_other(config_file: Path) -> None:
    with pytest.raises(SystemExit):
        config_of("--recipe", "faithful", "--config", str(config_file))


def test_info_lists_the_embedded_models(
    tiny: SkeletonEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("skelrep.pretrained.EMBEDDED", tmp_path)
    for name in ("small", "without-card"):
        tiny.save_pretrained(tmp_path / name)
    (tmp_path / "small" / "README.md").write_text(CARD)
    assert main(["info"]) == 0
    headings, small, other = capsys.readouterr().out.splitlines()
    assert headings.split()[:3] == ["name", "views", "dimension"]
    assert small.startswith("small ")
    for cell in ("joint, motion, bone", " 24 ", "cc0-1.0", "ui-prmd, cmu"):
        assert cell in small
    assert other.split()[-2:] == ["unknown", "unknown"]


def test_info_describes_a_model(tiny_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tiny_folder / "README.md").write_text(CARD.replace("\n- ui-prmd\n- cmu", " ui-prmd"))
    assert main(["info", str(tiny_folder)]) == 0
    text = capsys.readouterr().out
    for line in (
        "dimension       24\n",
        "licence         cc0-1.0\n",
        "training data   ui-prmd\n",
        '"frames": 12',
    ):
        assert line in text
    assert "golden vector   reproduced" in text


def test_info_tells_weights_that_do_not_reproduce_their_vector(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("skelrep.verification.TOLERANCE", -1.0)
    assert main(["info", str(tiny_folder)]) == 2
    output = capsys.readouterr()
    assert "dimension" in output.out
    assert "golden vector" in output.err


def test_info_tells_the_commit_of_a_model(
    tiny_folder: Path,
    tiny: SkeletonEncoder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    load = load_pretrained(tiny_folder)
    load.commit_hash = "0123abcd"
    monkeypatch.setattr("skelrep.selfcheck.load_model", lambda _: load)
    assert main(["info", str(tiny_folder)]) == 0
    assert "commit          0123abcd\n" in capsys.readouterr().out


def test_a_published_checkpoint_is_described_and_converted(
    tiny: SkeletonEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "published.pt"
    source.write_bytes(b"read by a stand-in: reading is tested with convert.py")
    for room in ("convert", "selfcheck"):
        monkeypatch.setattr(f"skelrep.{room}.load_reference_checkpoint", lambda *_, **__: tiny)
    assert main(["info", str(source)]) == 0
    assert "golden vector   none in a published checkpoint" in capsys.readouterr().out
    assert main(["convert", str(source), "-o", str(tmp_path / "model")]) == 0
    assert "joint, motion, bone; 24 numbers a clip" in capsys.readouterr().out
    assert load_pretrained(tmp_path / "model").embedding_dim == 24


def test_demo_prints_a_table_and_writes_a_picture(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--model", str(tiny_folder)]) == 0
    text = capsys.readouterr().out
    assert "deep squat s01" in text
    assert text.endswith("picture: skelrep-demo.png\n")
    assert (tmp_path / "skelrep-demo.png").stat().st_size > 50_000


def test_demo_without_matplotlib_tells_how_to_get_the_picture(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    target = tmp_path / "demo.png"
    assert main(["demo", "--model", str(tiny_folder), "-o", str(target)]) == 0
    assert capsys.readouterr().out.endswith('pip install "skelrep[viz]"\n')
    assert not target.exists()


def test_demo_refuses_another_picture_type(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "-o", str(tmp_path / "demo.doc")]) == 2
    assert ".png or .pdf or .svg" in capsys.readouterr().err
