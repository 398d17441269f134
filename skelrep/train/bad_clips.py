"""Clips that turn out to be unusable in the middle of training: found before the step, left out or an error.

A store on disk is read only when a step asks for it, so that a NaN, a file cut short or a failing disk shows
itself there. Every decision to leave a clip out is on the disk before the step that it changes: a run that is
killed and resumed decides the same.
"""

from __future__ import annotations

import json
import mmap
import os
import warnings
import weakref
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..atomic import atomic_write
from ..clips import check_clip
from ..config import OnBadClip
from ..errors import CheckpointError, DataWarning, InvalidClipError, SkelrepError
from ..read import ClipStore
from ..regular_files import read_regular
from .distributed import Group

BAD_CLIPS_NAME = "bad_clips.json"
# Metres. No recording reaches this far; a flipped bit does, and float32 overflows when it is squared.
MAX_COORDINATE = 1e6


@dataclass(frozen=True, kw_only=True)
class BadClip:
    """A clip that is left out.

    Attributes:
        clip: its place in the training set.
        name: what a person knows it by.
        reason: what is wrong with it.
        step: the first step that left it out; so does every later one.
    """

    clip: int
    name: str
    reason: str
    step: int


class ClipGuard:
    """Looks at the clips of each step before they are trained on.

    Args:
        store: all clips.
        policy: ``"raise"`` or ``"skip"``.
        group: each process looks at its share of a step's clips; what one finds, all leave out.

    Attributes:
        found: the clips left out so far, by their place.
    """

    def __init__(self, store: ClipStore, policy: OnBadClip, group: Group | None = None) -> None:
        self.store, self.policy = store, policy
        self.group = Group.single() if group is None else group
        self.found: dict[int, BadClip] = {}
        self._frames = FrameReader(store)
        self._path: Path | None = None

    def keep_in(self, folder: Path) -> None:
        """Know the clips that this run left out before, and write new ones into the same file.

        Raises:
            CheckpointError: the file is not one that skelrep wrote.
        """
        path = folder / BAD_CLIPS_NAME
        self._path = path if self.group.main else None
        self.found = {bad.clip: bad for bad in self.group.from_main(lambda: read_bad_clips(path))}

    def usable(self, clips: NDArray[np.int64], step: int) -> NDArray[np.int64]:
        """Those of a step's clips that can be trained on, in order.

        Args:
            clips: int64 (B,), places in the store.
            step: 1-based.

        Raises:
            InvalidClipError: a clip cannot be used and the policy is ``"raise"``, or none of them can.
            OutputError: ``"skip"`` could not write its list.
        """
        here = clips[self.group.share(len(clips)).here].tolist()
        with self.group.together():
            bad = [found for n in here if (found := self._look_at(n, step)) is not None]
        bad = self.group.join(bad)
        if bad and (self.policy == "raise" or len(bad) == len(clips)):
            raise InvalidClipError(f"at step {step}, {self._explain(bad[0], len(bad), len(clips))}")
        if any(one is not self.found.get(one.clip) for one in bad):
            self.found |= {one.clip: one for one in bad}
            with self.group.together():
                self._write()
        return clips[~np.isin(clips, [one.clip for one in bad])]

    def _look_at(self, clip: int, step: int) -> BadClip | None:
        known = self.found.get(clip)
        if known is not None and known.step <= step:
            return known
        reason = self._frames.problem(clip)
        if reason is None:
            return None
        return BadClip(clip=clip, name=self.store.names[clip], reason=reason, step=step)

    def _explain(self, bad: BadClip, count: int, of: int) -> str:
        remedy = (
            "Repair it and train again, or set on_bad_clip='skip' to go on without it"
            if self.policy == "raise"
            else "Nothing is left to train on: repair them, or raise batch_size"
        )
        others = f", and {count - 1} more of the step's {of} clips" if count > 1 else ""
        return f"clips[{bad.clip}] ({bad.name}) cannot be used: {bad.reason}{others}. {remedy}."

    def _write(self) -> None:
        if self._path is not None:
            with atomic_write(self._path) as file:
                file.write(json.dumps([asdict(bad) for bad in self.found.values()], indent=1).encode())

    def warn(self) -> None:
        """Tell at the end of training which clips were left out.

        Warns:
            DataWarning: some were.
        """
        if self.found and self.group.main:
            listed = "; ".join(f"clips[{b.clip}] ({b.name}): {b.reason}" for b in [*self.found.values()][:5])
            more = f"; {BAD_CLIPS_NAME} lists all" if len(self.found) > 5 else ""
            warnings.warn(
                f"{len(self.found)} of {len(self.store)} clips were left out of training: {listed}{more}.",
                DataWarning,
                stacklevel=3,
            )


def read_bad_clips(path: Path) -> list[BadClip]:
    """The clips that a run left out, from its ``bad_clips.json``; none where there is no such file.

    Raises:
        CheckpointError: not such a file.
    """
    try:
        found = [BadClip(**entry) for entry in json.loads(read_regular(path))]
        for bad in found:
            _check_types(bad)
        return found
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise CheckpointError(
            f"{path} is not the list of clips that a run left out ({error}). The run cannot go on exactly "
            "without it: restore it, or delete it to have every clip looked at again."
        ) from error


def _check_types(bad: BadClip) -> None:
    if not (type(bad.clip) is type(bad.step) is int and type(bad.name) is type(bad.reason) is str):
        raise TypeError(f"expected numbers and text, found {bad!r:.200}")


class FrameReader:
    """Finds out whether a clip's frames can be used, without touching a memory map.

    Reading a map beyond the end of a file that was cut short, or on a failing disk, kills the process
    (SIGBUS); a read says that it failed. What was just read, the map finds in the system's cache.
    """

    def __init__(self, store: ClipStore) -> None:
        self.store = store
        frames = store.frames
        mapped = isinstance(frames, np.memmap) and isinstance(frames.base, mmap.mmap)
        self._descriptor: int | None = None
        if mapped and frames.flags.c_contiguous and frames.filename is not None:  # type: ignore[attr-defined]
            self._descriptor = os.open(frames.filename, os.O_RDONLY | getattr(os, "O_BINARY", 0))  # type: ignore[attr-defined]
            weakref.finalize(self, os.close, self._descriptor)

    def problem(self, clip: int) -> str | None:
        """What is wrong with a clip, or None."""
        try:
            frames_TMVC = self._read(int(self.store.offsets[clip]), int(self.store.offsets[clip + 1]))
            largest = float(np.abs(frames_TMVC).max())
            if 0 < largest <= MAX_COORDINATE:  # of a good clip, this is all that is looked at
                return None
            check_clip(frames_TMVC.transpose(3, 0, 2, 1), "the clip")
        except OSError as error:
            return f"its frames cannot be read ({error.strerror or error})"
        except SkelrepError as error:
            return str(error).removesuffix(".")
        return f"it has coordinates of {largest:.3g} metres"

    def _read(self, start: int, stop: int) -> NDArray[np.float32]:
        frames = self.store.frames
        if self._descriptor is None:
            return frames[start:stop]
        row = int(np.prod(frames.shape[1:])) * frames.itemsize
        os.lseek(self._descriptor, frames.offset + start * row, os.SEEK_SET)  # type: ignore[attr-defined]
        data = os.read(self._descriptor, (stop - start) * row)
        if len(data) < (stop - start) * row:
            raise OSError(None, "the file ends before them")
        return np.frombuffer(data, frames.dtype).reshape(stop - start, *frames.shape[1:])
