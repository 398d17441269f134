"""Files and arrays that cannot be read before the first step."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_training import tiny_config, walks

from skelrep.cli import main
from skelrep.clips import Clip
from skelrep.errors import ClipsNotFoundError, DataWarning, FormatError, InvalidClipError, ShapeError
from skelrep.read import ClipStore
from skelrep.train.usable import read_usable, training_store

SKIP = tiny_config(on_bad_clip="skip")


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Three clips, a file cut short, one with NaN, and notes."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    clips = walks(5)
    clips[4][0, 1, 2, 0] = np.nan
    for name, clip in zip("abcde", clips, strict=True):
        np.save(folder / f"{name}.npy", clip)
    (folder / "b.npy").write_bytes((folder / "b.npy").read_bytes()[:500])
    (folder / "notes.txt").write_text("mine")
    return folder


def names(clips: object) -> list[str]:
    return [clip.name for clip in clips]  # type: ignore[attr-defined]


def test_a_folder_without_its_bad_files(recordings: Path) -> None:
    with pytest.raises(FormatError):
        training_store(recordings, tiny_config())
    with pytest.warns(DataWarning, match=r"2 sources .*b\.npy .*cut short.*e\.npy .*NaN"):
        store = training_store(recordings, SKIP)
    assert names(store) == ["a", "c", "d"]


def test_a_list_of_anything(recordings: Path) -> None:
    bad = walks(1)[0]
    bad[0, 0, 0, 0] = np.inf
    good = walks(2, seed=3)
    items = [good[0], bad, recordings, Clip(data=bad, name="inf"), Clip(data=good[1], name="mine"), "absent"]
    with pytest.warns(DataWarning, match=r"5 sources.*clips\[1\]: .*infinite"):
        clips = read_usable(items, "fixed")
    assert names(clips) == ["", "a", "c", "d", "mine"]


def test_a_whole_openpose_recording_at_a_time(recordings: Path) -> None:
    person = {"people": [{"pose_keypoints_2d": [0.0] * 75}]}
    for frame in range(2):
        (recordings / f"walk_{frame:012d}_keypoints.json").write_text(json.dumps(person))
    with pytest.warns(DataWarning, match=r"3 sources .*walk_000000000000_keypoints\.json: "):
        assert names(read_usable(recordings, "fixed")) == ["a", "c", "d"]


def test_good_clips_are_read_once_and_a_store_stays_as_it_is(tmp_path: Path) -> None:
    ClipStore.from_clips([Clip(data=clip) for clip in walks(3)]).save(tmp_path)
    assert isinstance(read_usable(tmp_path, "fixed").frames, np.memmap)  # type: ignore[attr-defined]
    assert len(read_usable(walks(3), "fixed")) == 3


@pytest.mark.parametrize(
    ("clips", "error"),
    [("absent", ClipsNotFoundError), ([np.zeros((3, 4, 25, 1))], InvalidClipError), (None, ShapeError)],
)
def test_where_nothing_can_be_read(clips: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_usable(clips, "fixed")


@pytest.mark.filterwarnings("always")
def test_the_command_line(recordings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (recordings.parent / "config.json").write_text(json.dumps(tiny_config(epochs=1).to_dict()))
    run = str(recordings.parent / "run")
    arguments = ["train", str(recordings), "-o", run, "--config", str(recordings.parent / "config.json")]
    assert main([*arguments, "--quiet", "--device", "cpu"]) == 2
    assert main([*arguments, "--quiet", "--device", "cpu", "--on-bad-clip", "skip"]) == 0
    assert "warning: 2 sources of clips cannot be read" in capsys.readouterr().err
