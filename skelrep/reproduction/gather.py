"""First stage: raw files to one memory-mapped store, training clips first; stoppable between any two files.

Frames go to ``gathering.f32`` and a line a file to ``gathering.jsonl``, in this order and each brought to the
disk before the next, so that the journal never names frames that are not there. What it does not name is cut
off and read again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from ..atomic import atomic_write
from ..errors import EvaluationError, OutputError
from ..read import ClipStore
from .recording import FRAME_BYTES, FRAME_SHAPE, Recording, RecordingReader, frames_of

BATCH_FILES = 64  # read again, at most, after a stop


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What the store holds.

    Attributes:
        train, test: numbers of clips; the training clips are the first.
        notes: file name to what should be known of it, such as that nobody is seen in it.
    """

    train: int
    test: int
    notes: dict[str, str]


def gather(folder: Path, reader: RecordingReader, progress: bool | None) -> Gathered:
    """Read all files of an inventory into a `ClipStore`.

    Args:
        folder: receives the store, and holds what an interrupted call has read.
        reader: of the inventory.
        progress: show a bar; None shows it in a terminal.

    Raises:
        FormatError: a damaged file.
        EvaluationError: a side without clips.
        OutputError: the folder cannot be written, or the disk is full; what was read stays.
    """
    journal = Journal(folder)
    files = reader.inventory.files
    done = journal.open()
    hidden = None if progress is None else not progress
    with tqdm(total=len(files), initial=done, desc="reading", unit="file", disable=hidden) as bar:
        for start in range(done, len(files), BATCH_FILES):
            paths = files[start : start + BATCH_FILES]
            journal.append(paths, _reading(reader, paths, bar))
    return _finish(folder, journal, num_train=len(reader.inventory.train))


def remove_gathering(folder: Path) -> None:
    """Remove the files that only a call to go on needs."""
    for path in (folder / "gathering.f32", folder / "gathering.jsonl"):
        path.unlink(missing_ok=True)


class Journal:
    """The files read so far: their frames, and a line for each."""

    def __init__(self, folder: Path) -> None:
        self.frames, self.path = folder / "gathering.f32", folder / "gathering.jsonl"
        self.lines: list[dict[str, Any]] = []

    def open(self) -> int:
        """Stand after the last file whose frames are there; returns the number of files."""
        self.frames.parent.mkdir(parents=True, exist_ok=True)
        there = self.frames.stat().st_size // FRAME_BYTES if self.frames.exists() else 0
        self.lines, frames = [], 0
        for line in _whole_lines(self.path):
            frames += sum(line["frames"])
            if frames > there:
                break
            self.lines.append(line)
        with self.frames.open("ab") as file:
            file.truncate(FRAME_BYTES * sum(sum(line["frames"]) for line in self.lines))
        with atomic_write(self.path) as file:
            file.writelines(map(_encoded, self.lines))
        return len(self.lines)

    def append(self, paths: Sequence[Path], recordings: Iterator[Recording]) -> None:
        """Write some files' frames, then their lines.

        Raises:
            OutputError: they cannot be written.
        """
        lines, blocks = [], []
        for path, recording in zip(paths, recordings, strict=True):
            lines.append(_line(path, recording))
            blocks += [frames_of(clip).tobytes() for clip in recording.clips]
        try:
            _append(self.frames, blocks)
            _append(self.path, list(map(_encoded, lines)))
        except OSError as error:
            raise OutputError(
                f"cannot write {self.frames}: {error.strerror or error}. Check permissions and free space; "
                "the same call goes on from here."
            ) from error
        self.lines += lines

    def column(self, name: str) -> list[Any]:
        """A field of all clips."""
        return [value for line in self.lines for value in line[name]]


def _reading(reader: RecordingReader, paths: Sequence[Path], bar: tqdm[Any]) -> Iterator[Recording]:
    for path in paths:
        yield reader.read(path)
        bar.update()


def _finish(folder: Path, journal: Journal, num_train: int) -> Gathered:
    """The store, made of what was gathered."""
    offsets = np.cumsum([0, *journal.column("frames")], dtype=np.int64)
    train, test = (
        sum(len(line["frames"]) for line in part)
        for part in (journal.lines[:num_train], journal.lines[num_train:])
    )
    if not train or not test:
        raise EvaluationError(
            f"{train} training and {test} test clips could be read, and both sides need some. "
            + " ".join(note for line in journal.lines[:3] for note in line["notes"])
        )
    frames = np.memmap(journal.frames, np.float32, mode="r", shape=(int(offsets[-1]), *FRAME_SHAPE))
    names, labels, fps = (journal.column(name) for name in ("names", "labels", "fps"))
    ClipStore(frames, offsets, names, labels, fps, [False] * len(names)).save(folder)
    notes = {line["file"]: " ".join(line["notes"]) for line in journal.lines if line["notes"]}
    return Gathered(train=train, test=test, notes=notes)


def _line(path: Path, recording: Recording) -> dict[str, Any]:
    return {
        "file": path.name,
        "frames": [clip.data.shape[1] for clip in recording.clips],
        "names": [clip.name for clip in recording.clips],
        "labels": [clip.label for clip in recording.clips],
        "fps": [clip.fps for clip in recording.clips],
        "notes": list(recording.notes),
    }


def _encoded(line: dict[str, Any]) -> bytes:
    return json.dumps(line).encode() + b"\n"


def _append(path: Path, blocks: Sequence[bytes]) -> None:
    with path.open("ab") as file:
        file.writelines(blocks)
        file.flush()
        os.fsync(file.fileno())


def _whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Lines of the journal up to the first that a power cut left unfinished."""
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else []:
        try:
            yield json.loads(line)
        except ValueError:
            return
