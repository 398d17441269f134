"""Faults of clips: bad from the beginning, or made bad while they are trained on."""

from __future__ import annotations

import dataclasses
import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from faults import fault, told
from small_training import CONFIG, SAME, compared, in_step, train
from tiny_training import log_lines, walks

from skelrep.clips import Clip
from skelrep.read import ClipStore
from skelrep.train import bad_clips

SKIP = dataclasses.replace(CONFIG, on_bad_clip="skip")


def store_with(folder: Path, change: Callable[[ClipStore], object]) -> ClipStore:
    """Ten clips on disk, changed before they are saved."""
    store = ClipStore.from_clips([Clip(data=clip, name=f"walk {n}") for n, clip in enumerate(walks())])
    change(store)
    store.save(folder / "store")
    return ClipStore.open(folder / "store")


def put_nan(store: ClipStore) -> None:
    """NaN in clip 3."""
    store.frames[store.offsets[3], 0, 4, 1] = np.nan


def cut(folder: Path) -> None:
    """Cut a store's frames off before its last clip."""
    store, (frames,) = ClipStore.open(folder / "store"), (folder / "store").glob("frames-*.npy")
    os.truncate(frames, store.frames.offset + int(store.offsets[-2]) * store.frames[0].nbytes)


def skipped(folder: Path) -> str:
    """How many steps left clips out, and which."""
    left = [line["skipped"] for line in log_lines(folder / "run") if "skipped" in line]
    return f"steps that left out: {left}"


RAISED = "InvalidClipError names clip, reason and remedy"
SKIPPED = "goes on without it; DataWarning at the end, log.jsonl and bad_clips.json name it"


@fault(
    "clips", "NaN in a store on disk", how="clip 3; on_bad_clip='raise'", expected=RAISED,
    observed=r"^InvalidClipError: at step \d, clips\[3\] \(walk 3\) cannot be used: .*NaN",
)  # fmt: skip
def nan_raise(folder: Path) -> str:
    store = store_with(folder, put_nan)
    return told(lambda: train(folder / "run", store))


@fault(
    "clips", "NaN in a store on disk", how="clip 3; on_bad_clip='skip'", expected=SKIPPED,
    observed=r"^DataWarning: 1 of 10 clips were left out.* / steps that left out: \[\[3\], \[3\], \[3\]\]$",
)  # fmt: skip
def nan_skip(folder: Path) -> str:
    store = store_with(folder, put_nan)
    return f"{told(lambda: train(folder / 'run', store, SKIP))} / {skipped(folder)}"


@fault(
    "clips", "a store is cut short while training", how="in step 4; on_bad_clip='raise'",
    expected=f"{RAISED}; no SIGBUS",
    observed=r"^InvalidClipError: at step \d, clips\[9\].*the file ends before them",
)  # fmt: skip
def cut_raise(folder: Path) -> str:
    store = store_with(folder, lambda _: None)
    return in_step(4, lambda: cut(folder), lambda: train(folder / "run", store))


@fault(
    "clips", "a store is cut short while training", how="in step 4; on_bad_clip='skip'",
    expected=f"{SKIPPED}; no SIGBUS",
    observed=r"^DataWarning: 1 of 10 clips were left out.* / steps that left out: (\[\[9\](, \[9\])?\])$",
)  # fmt: skip
def cut_skip(folder: Path) -> str:
    store = store_with(folder, lambda _: None)
    said = in_step(4, lambda: cut(folder), lambda: train(folder / "run", store, SKIP))
    return f"{said} / {skipped(folder)}"


@fault(
    "clips", "a store is deleted while training", how="in step 3", expected=SAME,
    observed=rf"^no error / {SAME}$",
)  # fmt: skip
def deleted(folder: Path) -> str:
    store = store_with(folder, lambda _: None)

    def delete() -> None:
        for path in (folder / "store").iterdir():
            path.unlink()

    return f"{in_step(3, delete, lambda: train(folder / 'run', store))} / {compared(folder / 'run')}"


@fault(
    "clips", "the disk fails under a store", how="reads return EIO in step 4; on_bad_clip='raise'",
    expected=RAISED, observed=r"^InvalidClipError: at step 4, .*cannot be read \(Input/output error\)",
)  # fmt: skip
def failing_disk(folder: Path) -> str:
    store, read = store_with(folder, lambda _: None), bad_clips.os.read

    def fail(*_: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def break_it() -> None:
        bad_clips.os.read = fail

    try:
        return in_step(4, break_it, lambda: train(folder / "run", store))
    finally:
        bad_clips.os.read = read


def folder_of_files(folder: Path) -> Path:
    """Ten files, one of them cut short."""
    (folder / "clips").mkdir()
    for n, clip in enumerate(walks()):
        np.save(folder / "clips" / f"{n}.npy", clip)
    os.truncate(folder / "clips" / "5.npy", 700)
    return folder / "clips"


@fault(
    "clips", "a file of a folder is cut short", how="on_bad_clip='raise'",
    expected="FormatError names it, before the first step", observed=r"^FormatError: .*5\.npy .*cut short",
)  # fmt: skip
def file_raise(folder: Path) -> str:
    clips = folder_of_files(folder)
    return told(lambda: train(folder / "run", clips))


@fault(
    "clips", "a file of a folder is cut short", how="on_bad_clip='skip'",
    expected="DataWarning names it; trains on the others",
    observed=r"^DataWarning: 1 sources of clips cannot be read.*5\.npy",
)  # fmt: skip
def file_skip(folder: Path) -> str:
    clips = folder_of_files(folder)
    return told(lambda: train(folder / "run", clips, SKIP))
