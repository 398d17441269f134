"""Small data sets in the raw form of NTU RGB+D and PKU-MMD: true files, a person of few frames in each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ntu_text import skeleton_text

from skelrep.reproduction import gather, recording

LISTED_AS_MISSING = "S001C002P005R002A008"


def ntu_names(setups=(1,), cameras=(1, 2, 3), performers=(1, 3), actions=(1, 2)) -> list[str]:
    return [
        f"S{s:03d}C{c:03d}P{p:03d}R001A{a:03d}"
        for s in setups for c in cameras for p in performers for a in actions
    ]  # fmt: skip


def write_ntu(folder: Path, names: list[str], frames: int = 6) -> Path:
    """A `.skeleton` file a name, its motion by its action, its pose by chance."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        x = motion(seed=number, action=int(name[-3:]), frames=frames)
        text = skeleton_text([[("7205", pose)] for pose in x.round(4)])
        (folder / f"{name}.skeleton").write_bytes(text)
    return folder


def write_empty_ntu(folder: Path, name: str) -> None:
    """A recording in which nobody was seen."""
    (folder / f"{name}.skeleton").write_bytes(skeleton_text([[], []]))


def write_pku(folder: Path, names: list[str], actions=(1, 2), frames: int = 6) -> Path:
    """Recordings and labels in two folders, and the list of cross-subject: the last recordings test."""
    skeletons, labels = folder / "Data" / "skeleton", folder / "Label" / "final"
    for place in (skeletons, labels):
        place.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        x = np.concatenate([motion(seed=number, action=action, frames=frames) for action in actions])
        rows = np.concatenate([x.reshape(len(x), 75), np.zeros((len(x), 75))], axis=1).round(4)
        (skeletons / f"{name}.txt").write_text(
            "\n".join(" ".join(map(repr, map(float, row))) for row in rows)
        )
        spans = [f"{action},{n * frames},{(n + 1) * frames},1" for n, action in enumerate(actions)]
        (labels / f"{name}.txt").write_text("\n".join(spans))
    return folder


def motion(seed: int, action: int, frames: int) -> np.ndarray:
    """(T, V=25, 3) metres: a body that stands, with a hand that moves by the action."""
    rng = np.random.default_rng(seed)
    x = 0.35 * np.linspace(0, 1, 75).reshape(1, 25, 3) ** 0.5 + 0.02 * rng.normal(size=(1, 25, 3))
    x = np.repeat(x, frames, axis=0) + np.array([0, 0, 2.5])
    x[:, 7] += np.outer(np.linspace(0, 0.1 * action, frames), [1, 1, 0])
    return x


def stop_reading_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Ctrl-C at the n-th file that is read; batches hold two files."""
    plain, calls = recording.RecordingReader.read, []

    def read(self: recording.RecordingReader, path: Path) -> recording.Recording:
        calls.append(path)
        if len(calls) == number:
            raise KeyboardInterrupt
        return plain(self, path)

    monkeypatch.setattr(gather, "BATCH_FILES", 2)
    monkeypatch.setattr(recording.RecordingReader, "read", read)
