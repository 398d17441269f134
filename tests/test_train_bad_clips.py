"""Clips that cannot be used: told or left out, the same way however often the run is stopped."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest
from tiny_training import log_lines, same_runs, tiny_config, walks

from skelrep.clips import Clip
from skelrep.config import PretrainConfig
from skelrep.errors import CheckpointError, ConfigError, DataWarning, InvalidClipError
from skelrep.read import ClipStore
from skelrep.train import estimate_training_time, train_crossclr
from skelrep.train.bad_clips import BadClip, ClipGuard, read_bad_clips
from skelrep.train.run import Run

SKIP = tiny_config(views=("joint",), on_bad_clip="skip")
RAISE = dataclasses.replace(SKIP, on_bad_clip="raise")


def make_nan(store: ClipStore, clip: int) -> None:
    store.frames[store.offsets[clip] + 2, 0, 4, 1] = np.nan


def make_empty(store: ClipStore, clip: int) -> None:
    store.frames[store.offsets[clip] : store.offsets[clip + 1]] = 0


def make_huge(store: ClipStore, clip: int) -> None:
    store.frames[store.offsets[clip], 0, 4, 1] = 3e30


DAMAGE = {
    make_nan: "NaN or infinite values, the first at frame 2, joint 4",
    make_empty: "holds no body",
    make_huge: r"coordinates of 3e\+30 metres",
}


def saved_store(folder: Path, damage: object = make_nan, clips: tuple[int, ...] = (3, 6)) -> ClipStore:
    """Ten clips on disk, some of them bad; checked clips could not be."""
    store = ClipStore.from_clips([Clip(data=clip, name=f"walk {n}") for n, clip in enumerate(walks())])
    for clip in clips:
        damage(store, clip)  # type: ignore[operator]
    store.save(folder)
    return ClipStore.open(folder)


def cut_after(folder: Path, clip: int) -> None:
    """Cut a saved store's frames off in the middle of a clip."""
    store, (frames,) = ClipStore.open(folder), folder.glob("frames-*.npy")
    middle = (store.offsets[clip] + store.offsets[clip + 1]) // 2
    os.truncate(frames, store.frames.offset + middle * store.frames[0].nbytes)  # type: ignore[attr-defined]


def train(folder: Path, clips: object, config: PretrainConfig = SKIP) -> None:
    train_crossclr(clips, config, output_dir=folder, device="cpu")


@pytest.mark.parametrize("damage", DAMAGE)
def test_raise_names_clip_reason_and_remedy(damage: object, tmp_path: Path) -> None:
    store = saved_store(tmp_path / "store", damage)
    with pytest.raises(InvalidClipError, match=rf"at step \d.*\(walk [36]\).*{DAMAGE[damage]}.*'skip'"):
        train(tmp_path / "run", store, RAISE)
    assert not (tmp_path / "run" / "bad_clips.json").exists()


@pytest.mark.parametrize("damage", DAMAGE)
def test_skip_goes_on_without_them_and_reports(damage: object, tmp_path: Path) -> None:
    store = saved_store(tmp_path / "store", damage)
    with pytest.warns(DataWarning, match=rf"2 of 10 clips were left out.*walk [36]\).*{DAMAGE[damage]}"):
        train(tmp_path / "run", store)
    listed = read_bad_clips(tmp_path / "run" / "bad_clips.json")
    assert {bad.clip: bad.name for bad in listed} == {3: "walk 3", 6: "walk 6"}
    lines = log_lines(tmp_path / "run")
    assert sorted(n for line in lines for n in line.get("skipped", [])) == [3] * 3 + [6] * 3
    assert all("skipped" not in line for line in lines if not line.get("skipped"))


def test_a_stopped_run_that_skips_equals_one_never_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, step = saved_store(tmp_path / "store"), Run.step
    with pytest.warns(DataWarning, match="left out"):
        train(tmp_path / "whole", store)

    def stop(run: Run) -> object:
        if run.done == 3:
            raise ZeroDivisionError
        return step(run)

    monkeypatch.setattr(Run, "step", stop)
    with pytest.raises(ZeroDivisionError):
        train(tmp_path / "cut", store, dataclasses.replace(SKIP, checkpoint_steps=2))
    monkeypatch.undo()
    with pytest.warns(DataWarning, match="left out"):
        train(tmp_path / "cut", store)
    assert same_runs(tmp_path / "cut", tmp_path / "whole")
    lists = [(tmp_path / name / "bad_clips.json").read_bytes() for name in ("cut", "whole")]
    assert lists[0] == lists[1]


def test_a_run_that_a_bad_clip_stopped_goes_on_without_it(tmp_path: Path) -> None:
    store = saved_store(tmp_path / "store", clips=(3,))
    config = dataclasses.replace(RAISE, checkpoint_steps=1)
    with pytest.raises(InvalidClipError):
        train(tmp_path / "run", store, config)
    done = len(log_lines(tmp_path / "run"))
    with pytest.warns(DataWarning, match="1 of 10 clips"):
        train(tmp_path / "run", store, dataclasses.replace(config, on_bad_clip="skip"))
    assert len(log_lines(tmp_path / "run")) == 6
    assert done < 2


def test_a_store_cut_short_in_the_middle_of_an_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, step = saved_store(tmp_path / "store", clips=()), Run.step

    def cut(run: Run) -> object:
        if run.done == 3:
            cut_after(tmp_path / "store", 8)
        return step(run)

    monkeypatch.setattr(Run, "step", cut)
    with pytest.warns(DataWarning, match=r"walk [89]\).*the file ends before them"):
        train(tmp_path / "run", store)
    assert {bad.clip for bad in read_bad_clips(tmp_path / "run" / "bad_clips.json")} == {8, 9}


def test_a_store_deleted_while_it_is_open_is_still_read(tmp_path: Path) -> None:
    store = saved_store(tmp_path / "store", clips=())
    guard = ClipGuard(store, "raise")
    for path in (tmp_path / "store").iterdir():
        path.unlink()
    assert guard.usable(np.arange(10), 1).tolist() == list(range(10))


def test_a_failing_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = ClipGuard(saved_store(tmp_path, clips=()), "skip")

    def fail(*_: int) -> bytes:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("skelrep.train.bad_clips.os.read", fail)
        with pytest.raises(InvalidClipError, match=r"Input/output error.*and 1 more.*Nothing is left"):
            guard.usable(np.array([1, 2]), 1)
    assert guard.usable(np.array([1, 2]), 1).tolist() == [1, 2]


@pytest.mark.parametrize(("policy", "left"), [("skip", [[1, 2], [1], [1]]), ("raise", [[1, 2], None, None])])
def test_a_clip_once_left_out_stays_out_from_that_step_on(
    policy: str, left: list[list[int] | None], tmp_path: Path
) -> None:
    # A flaky disk may give it again after a restart; the run must not depend on that.
    entry = {"clip": 2, "name": "walk 2", "reason": "it could not be read", "step": 5}
    (tmp_path / "bad_clips.json").write_text(json.dumps([entry]))
    guard = ClipGuard(saved_store(tmp_path / "store", clips=()), policy)  # type: ignore[arg-type]
    guard.keep_in(tmp_path)
    for step, expected in zip((4, 5, 6), left, strict=True):
        if expected is None:
            with pytest.raises(InvalidClipError, match="it could not be read"):
                guard.usable(np.array([1, 2]), step)
        else:
            assert guard.usable(np.array([1, 2]), step).tolist() == expected
    assert read_bad_clips(tmp_path / "bad_clips.json") == [BadClip(**entry)]


@pytest.mark.parametrize("text", ["{", "[1]", '[{"clip": 1}]', "{}x"])
def test_a_list_that_skelrep_did_not_write(text: str, tmp_path: Path) -> None:
    (tmp_path / "bad_clips.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"bad_clips\.json is not the list"):
        read_bad_clips(tmp_path / "bad_clips.json")


def test_a_bad_first_clip(tmp_path: Path) -> None:
    store = saved_store(tmp_path / "store", clips=(0,))
    assert estimate_training_time(store, SKIP, device="cpu") > 0
    with pytest.raises(InvalidClipError, match=r"clips\[0\]"):
        train(tmp_path / "run", store, RAISE)
    with pytest.raises(ConfigError, match="on_bad_clip is 'ignore'"):
        tiny_config(on_bad_clip="ignore")
