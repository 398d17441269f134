"""The command `skelrep`: the words and results of the API, an error in one line, nothing half-written."""

from __future__ import annotations

import inspect
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_training import walks

import skelrep.pretrained
from skelrep._version import __version__
from skelrep.cli import main
from skelrep.cli.program import COMMANDS, build_parser
from skelrep.embed import encode, encode_to_file
from skelrep.errors import FormatError
from skelrep.models import SkeletonEncoder
from skelrep.read import read_clips


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Three clips in a folder, two of them with a label in their name."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    names = ("S001C001P001R001A005", "S001C001P002R001A002", "wave")
    for name, clip in zip(names, walks(3), strict=True):
        np.save(folder / f"{name}.npy", clip)
    return folder


def test_encode_gives_the_rows_of_the_api(recordings: Path, tiny_folder: Path, tiny: SkeletonEncoder) -> None:
    target = recordings.parent / "new" / "out.npz"
    assert main(["encode", str(recordings), "-o", str(target), "--model", str(tiny_folder), "--quiet"]) == 0
    with np.load(target) as result:
        assert list(result["names"]) == ["S001C001P001R001A005", "S001C001P002R001A002", "wave"]
        assert result["labels"].tolist() == [4, 1, -1]
        np.testing.assert_allclose(result["embeddings"], encode(read_clips(recordings), tiny), atol=1e-6)
    assert list(target.parent.iterdir()) == [target]


def test_encode_leaves_labels_out_where_none_is_known(recordings: Path, tiny_folder: Path) -> None:
    target = recordings.parent / "out.npz"
    assert main(["encode", str(recordings / "wave.npy"), "-o", str(target), "--model", str(tiny_folder)]) == 0
    with np.load(target) as result:
        assert set(result.files) == {"names", "embeddings"}


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ([], (3, 24)),
        (["--output", "frames"], (3, 3, 24)),
        (["--output", "joints", "--batch-size", "2"], (3, 3, 25, 24)),
    ],
)
def test_encode_writes_npy_of_every_output(
    recordings: Path,
    tiny_folder: Path,
    options: list[str],
    shape: tuple[int, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = recordings.parent / "out.npy"
    assert main(["encode", str(recordings), "-o", str(target), "--model", str(tiny_folder), *options]) == 0
    assert np.load(target).shape == shape
    assert f"3 clips -> {shape}" in capsys.readouterr().out


def test_encode_normalizes_and_is_quiet(
    recordings: Path, tiny_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = recordings.parent / "out.npy"
    options = ["--model", str(tiny_folder), "--normalize", "--quiet", "--device", "cpu"]
    assert main(["encode", str(recordings), "-o", str(target), *options]) == 0
    np.testing.assert_allclose(np.linalg.norm(np.load(target), axis=1), 1, atol=1e-5)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("options", "recipe"), [([], "fixed"), (["--recipe", "faithful"], "faithful")])
def test_bodies_are_read_by_the_models_recipe_or_the_one_asked_for(
    recordings: Path, tiny_folder: Path, options: list[str], recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def as_clips(path: Path, *, recipe: str) -> None:
        asked.append(recipe)
        raise FormatError("enough")

    monkeypatch.setattr("skelrep.read.as_clips", as_clips)
    assert main(["encode", str(recordings), "-o", "out.npz", "--model", str(tiny_folder), *options]) == 2
    assert asked == [recipe]


@pytest.mark.parametrize(
    ("name", "words"), [("out.csv", ".npz or .npy"), ("out", ".npz or .npy"), ("folder.npz", "is a folder")]
)
def test_an_impossible_output_is_refused_before_anything_is_computed(
    recordings: Path,
    name: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("skelrep.pretrained.load_pretrained", pytest.fail)
    (recordings.parent / "folder.npz").mkdir()
    assert main(["encode", str(recordings), "-o", str(recordings.parent / name)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("skelrep: error: cannot write ")
    assert words in error
    assert error.count("\n") == 1


def test_an_output_below_a_file_is_an_error_and_leaves_nothing(
    recordings: Path, tiny_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(recordings.parent.rglob("*"))
    target = recordings / "wave.npy" / "out.npz"
    assert main(["encode", str(recordings), "-o", str(target), "--model", str(tiny_folder)]) == 2
    assert "skelrep: error: cannot write" in capsys.readouterr().err
    assert sorted(recordings.parent.rglob("*")) == before


def test_an_error_is_one_line_and_its_traceback_is_there_for_the_asking(
    tmp_path: Path, tiny_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.skeleton"
    bad.write_text("this is\nnot a skeleton")
    arguments = ["encode", str(bad), "-o", str(tmp_path / "out.npz"), "--model", str(tiny_folder)]
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("skelrep: error: ")
    assert "bad.skeleton" in output.err
    assert output.err.count("\n") == 1
    with pytest.raises(FormatError):
        main([*arguments, "--traceback"])


def test_an_interrupt_exits_with_130(
    recordings: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("skelrep.embed.encode", interrupt)
    target = recordings.parent / "out.npz"
    assert main(["encode", str(recordings), "-o", str(target), "--model", str(tiny_folder)]) == 130
    assert capsys.readouterr().err == "skelrep: interrupted; nothing was written\n"
    assert not target.exists()


def test_options_are_called_as_in_the_api() -> None:
    api = {*inspect.signature(encode).parameters, *inspect.signature(encode_to_file).parameters}
    options = vars(build_parser().parse_args(["encode", "folder", "-o", "out.npz"]))
    words = set(options) - {
        "command",
        "traceback",
        "run",
        "after_interrupt",
        "quiet",
        "recipe",
        "output_file",
    }
    assert words <= api
    for name in ("batch_size", "normalize", "output", "model"):
        assert options[name] == inspect.signature(encode).parameters[name].default


@pytest.mark.parametrize("command", [command.__name__.rsplit(".", 1)[1] for command in COMMANDS])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"usage: skelrep {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["encode", "x"],
        ["encode", "x", "-o", "y.npz", "--batch-size", "0"],
        ["encode", "x", "-o", "y.npz", "--batch", "3"],
    ],
)
def test_what_cannot_be_parsed_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_python_dash_m_is_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["skelrep", "--version"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("skelrep", run_name="__main__")
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"skelrep {__version__}\n"
    assert runpy.run_module("skelrep.__main__", run_name="imported")["main"] is main


def test_an_unknown_model_is_an_error(recordings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["encode", str(recordings), "-o", "out.npz", "--model", "defualt"]) == 2
    assert "defualt" in capsys.readouterr().err
    assert skelrep.pretrained.EMBEDDED.is_dir()


def test_a_reader_that_leaves_is_no_error(tiny_folder: Path) -> None:
    code = "import sys; from skelrep.cli import main; sys.exit(main())"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", code, "info", str(tiny_folder)],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")
