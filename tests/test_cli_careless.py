"""What people type by mistake: every command says what was wrong in one line, and writes nothing."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from labelled import labelled_clips

import skelrep
from skelrep.cli import main

sys.path.insert(0, str(Path(__file__).parents[1]))
from fuzz.models import tiny_encoder

MODEL = ("--model", "model")
PROBE = ("--labels", "l.csv", "--split", "kfold:2", "--protocol", "ridge", "--baselines", "none", "--quiet")
# What follows the clips, and the option that takes what is written.
COMMANDS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "encode": ((*MODEL, "--quiet"), "-o", "o.npz"),
    "index": ((*MODEL, "--quiet"), "-o", "o"),
    "predict": (("--model", "classes"), "-o", "o.csv"),
    "draw": ((), "-o", "o.html"),
    "atlas": ((*MODEL, "--projection", "pca", "--quiet"), "-o", "o.html"),
    "probe": ((*MODEL, *PROBE), "--json", "o.json"),
    "finetune": (("--labels", "l.csv", "--validation", "0", *MODEL, "--quiet"), "-o", "o"),
    "doctor": (("--quiet",), "--json", "o.json"),
    "train": (("--epochs", "1"), "-o", "o"),
}
NO_CLIPS = {"missing": "does not exist", "empty": "holds no clips", "nan": "NaN", "cut": "does not begin as"}
TOLERANT = {("doctor", "nan"), ("doctor", "cut")}  # which is there to say it


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good and bad clips, a model, a classifier, an index, labels."""
    folder = tmp_path_factory.mktemp("desk")
    clips, labels = labelled_clips(each=2)
    for name in ("good", "empty", "nan", "cut"):
        (folder / name).mkdir()
    for number, clip in enumerate(clips):
        np.save(folder / "good" / f"{number}.npy", clip)
    broken = np.array(clips[0])
    broken[0, 3] = np.nan
    np.save(folder / "nan" / "a.npy", broken)
    (folder / "cut" / "a.npy").write_bytes(b"\x93NUM")
    rows = [f"{number},{label}" for number, label in enumerate(labels)]
    (folder / "l.csv").write_text("\n".join(("name,label", *rows)))
    (folder / "other.csv").write_text("name,label\nnobody,a\n")
    (folder / "file").write_text("x")
    tiny_encoder().save_pretrained(folder / "model")
    skelrep.finetune(tiny_encoder(), clips, labels, validation=0, progress=False).save_pretrained(
        folder / "classes"
    )
    rows_ND = skelrep.encode(clips, tiny_encoder(), progress=False)
    skelrep.Index(rows_ND, [str(n) for n in range(len(clips))], model=tiny_encoder()).save(folder / "index")
    return folder


@pytest.fixture(autouse=True)
def untouched(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever the test does, the folder is afterwards as it was."""
    monkeypatch.chdir(desk)
    before = {path: path.read_bytes() if path.is_file() else None for path in desk.rglob("*")}
    yield
    assert {path: path.read_bytes() if path.is_file() else None for path in desk.rglob("*")} == before


def told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a command ends in."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert not out
    (line,) = err.splitlines()
    assert line.startswith("skelrep: error: ")
    return line


@pytest.mark.parametrize("clips", NO_CLIPS)
@pytest.mark.parametrize("command", [*COMMANDS, "search"])
def test_no_clips(command: str, clips: str, capsys: pytest.CaptureFixture[str]) -> None:
    if (command, clips) in TOLERANT:
        return
    rest, option, target = COMMANDS.get(command, (MODEL, "-o", "o.csv"))
    before = ["index"] if command == "search" else []
    assert NO_CLIPS[clips] in told([command, *before, clips, *rest, option, target], capsys)


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in ("probe", "train")])
def test_places_that_cannot_be_written(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A file in the place of a folder; a name that no disk takes."""
    rest, option, target = COMMANDS[command]
    assert "cannot write" in told([command, "good", *rest, option, f"file/{target}"], capsys)
    assert "too long" in told([command, "good", *rest, option, "n" * 300 + Path(target).suffix], capsys)


@pytest.mark.parametrize("model", ["missing", "empty", "good", "file", "index", "", "../x"])
@pytest.mark.parametrize("command", ["encode", "index", "predict", "atlas", "probe", "finetune"])
def test_no_model(command: str, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    rest, option, target = COMMANDS[command]
    arguments = [word if word not in ("model", "classes") else model for word in rest]
    line = told([command, "good", *arguments, option, target], capsys)
    assert "config.json" in line or "nothing to load" in line


@pytest.mark.parametrize("model", ["missing", "empty", "file", ""])
def test_nothing_to_export_verify_or_publish(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["export", model, "-o", "o.pt2"], ["verify", model], ["push", model, "a/b"]):
        assert "config.json" in (line := told(arguments, capsys)) or "nothing to load" in line


@pytest.mark.parametrize("index", ["missing", "empty", "file", "model"])
def test_no_index(index: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "holds no index.json" in told(["search", index, "good", *MODEL], capsys)
    arguments = ["index", "good", "-o", index, "--append", "--quiet", *MODEL]
    assert "holds no index.json" in told(arguments, capsys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--labels", "missing.csv", "--split", "kfold:2"), "cannot read missing.csv"),
        (("--labels", "file", "--split", "kfold:2"), "no rows with the columns"),
        (("--labels", "other.csv", "--split", "kfold:2"), "names 'nobody'"),
        (("--labels", "l.csv", "--split", "fold"), "is no split"),
        (("--labels", "l.csv", "--split", "subjects:ann"), "needs the column 'subject'"),
        (("--labels", "l.csv", "--split", "kfold:99"), "folds is 99"),
        (("--labels", "l.csv", "--split", "kfold:2", "--protocol", "guess"), "no protocol 'guess'"),
    ],
)
def test_probe(arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert message in told(["probe", "good", *MODEL, "--quiet", "--json", "o.json", *arguments], capsys)


@pytest.mark.parametrize("device", ["nope", "cpu:x"])
def test_no_device(device: str, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("encode", "index", "predict", "atlas", "probe", "finetune", "train"):
        rest, option, target = COMMANDS[command]
        line = told([command, "good", *rest, option, target, "--device", device], capsys)
        assert f"device {device!r} cannot be used" in line
    assert "cannot be used" in told(["search", "index", "good", *MODEL, "--device", device], capsys)


@pytest.mark.parametrize("command", sorted({*COMMANDS, "search"} - {"draw", "doctor"}))
def test_a_device_without_numbers(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([command, "good", "--device", "meta"])
    assert "device 'meta' cannot be used: it holds no numbers" in capsys.readouterr().err


@pytest.mark.parametrize("data", ["missing", "empty", "good", "file"])
def test_reproduce(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = told(["reproduce", "ntu60-xsub", "--data", data, "-o", "o", "--quiet", "--device", "cpu"], capsys)
    assert "raw files" in line or "0 training" in line
    assert "one of" in told(["reproduce", "ntu", "--data", data, "-o", "o"], capsys)


@pytest.mark.parametrize(
    "words",
    [
        ("encode", "", "-o", "o.npz"), ("finetune", "good", "--labels", "l.csv", "-o", ""),
        ("search", "index", ""), ("train", "good", "-o", ""),
        ("probe", "good", "--labels", "l.csv", "--split", "kfold:2", "--seeds", ""),
        ("probe", "good", "--labels", "l.csv", "--split", "kfold:2", "--seeds", "-1"),
        ("search", "index", "good", "-k", "0"), ("draw", "good"), ("draw", "-o", "o.png"),
    ],
)  # fmt: skip
def test_words_that_are_no_arguments(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """An unset variable of the shell is no folder, least of all this one."""
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert "error: " in capsys.readouterr().err.splitlines()[-1]


def test_folders_that_nobody_may_read(capsys: pytest.CaptureFixture[str]) -> None:
    def refused(path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    for command in ("encode", "draw", "doctor"):
        rest, option, target = COMMANDS[command]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Path, "is_file", refused)
            words = [word for word in rest if word not in MODEL]
            line = told([command, "good", *words, option, target], capsys)
        assert "good cannot be read (Permission denied). Check its permissions." in line
