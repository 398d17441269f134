"""`ClipStore`: clips of different lengths one after another in one array, in memory or in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..clips import Clip, as_float32, check_clip
from ..errors import ShapeError
from ..layout import NUM_JOINTS, SPINE_BASE
from ..on_demand import OnDemand
from .store_files import COLUMNS, read_store, write_store


class ClipStore(OnDemand[Clip]):
    """Clips of any lengths, held as one array whose rows are frames.

    Clip n is ``frames[offsets[n] : offsets[n + 1]]``. A store is a sequence of `Clip`: it has a length, an
    order, and goes wherever clips go.

    Attributes:
        frames: float32 (S, M, V=25, C=3), S the frames of all clips, M their largest number of bodies;
            metres, an absent body is zero.
        offsets: int64 (N + 1,).
        names: N names.
        labels: N class numbers, None where not known.
        fps: N frame rates, None where not known.
        prepared: N times whether the clip is preprocessed already, see `Clip`.

    Example:
        >>> clip = Clip(data=np.ones((3, 8, 25, 1), dtype=np.float32), name="wave")
        >>> store = ClipStore.from_clips([clip, clip])
        >>> len(store), store.frames.shape, store[1].name
        (2, (16, 1, 25, 3), 'wave')
    """

    def __init__(
        self,
        frames: NDArray[np.float32],
        offsets: NDArray[np.int64],
        names: Sequence[str],
        labels: Sequence[int | None],
        fps: Sequence[float | None],
        prepared: Sequence[bool],
    ) -> None:
        self.frames, self.offsets = frames, offsets
        self.names, self.labels, self.fps = list(names), list(labels), list(fps)
        self.prepared = list(prepared)

    @classmethod
    def from_clips(cls, clips: Iterable[Clip]) -> ClipStore:
        """Copy clips into a store in memory.

        Args:
            clips: as `as_clips` gives them, or any other `Clip` records.

        Raises:
            ShapeError, InvalidClipError: a clip that cannot be used, named by its place.
        """
        items = clips if isinstance(clips, Sequence) else list(clips)
        for n, clip in enumerate(items):
            if not isinstance(clip, Clip):
                raise ShapeError(
                    f"clips[{n}] is a {type(clip).__name__}; expected a Clip. Use as_clips(...) first."
                )
        arrays = [as_float32(clip.data, f"clips[{n}]") for n, clip in enumerate(items)]
        offsets = np.cumsum([0, *(array.shape[1] for array in arrays)], dtype=np.int64)
        bodies = max((array.shape[3] for array in arrays), default=1)
        frames = np.zeros((int(offsets[-1]), bodies, NUM_JOINTS, 3), dtype=np.float32)
        for array, start in zip(arrays, offsets.tolist(), strict=False):
            frames[start : start + array.shape[1], : array.shape[3]] = array.transpose(1, 3, 2, 0)
        if not _holds_clips(frames, offsets):
            for n, array in enumerate(arrays):
                check_clip(array, f"clips[{n}]")
        fields = ("name", "label", "fps", "prepared")
        return cls(frames, offsets, *([getattr(clip, name) for clip in items] for name in fields))

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write the store into a folder, which `open` reads.

        The index is written last and names the other files, so that a folder holds the old store or the new
        one, whole, whenever writing stops.

        Raises:
            OutputError: the folder cannot be written, or the disk is full.
        """
        columns = {name: getattr(self, name) for name in COLUMNS}
        write_store(Path(folder), {"frames": self.frames, "offsets": self.offsets}, columns)

    @classmethod
    def open(cls, folder: str | os.PathLike[str], *, mmap: bool = True) -> ClipStore:
        """Open a saved store.

        Args:
            folder: where `save` wrote it.
            mmap: leave the frames on disk and read them when asked for; False copies them into memory.

        Raises:
            FormatError: not a store, or a damaged one.
        """
        frames, offsets, columns = read_store(Path(folder))
        kept: Any = frames if mmap else np.array(frames)
        return cls(kept, offsets, *columns)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def item(self, place: int) -> Clip:
        """The clip at a place, checked."""
        frames_TMVC = self.frames[self.offsets[place] : self.offsets[place + 1]]
        where = f"clips[{place}] ({self.names[place]})"
        return Clip(
            data=check_clip(np.asarray(frames_TMVC).transpose(3, 0, 2, 1), where),
            name=self.names[place],
            label=self.labels[place],
            fps=self.fps[place],
            prepared=self.prepared[place],
        )

    def block(self, start: int, stop: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Frames of neighbouring clips as they lie in the store, checked all at once.

        Returns:
            float32 (C=3, S, M, V=25), a view where the store is in memory; and int64 (N,), their lengths.

        Raises:
            InvalidClipError: a clip that cannot be used, named.
        """
        bounds = self.offsets[start : stop + 1]
        frames = np.asarray(self.frames[bounds[0] : bounds[-1]])
        if not frames.flags.writeable:  # of a file
            frames = frames.copy()
        if not _holds_clips(frames, bounds - bounds[0]):
            _ = self[start:stop]
        return frames.transpose(3, 0, 1, 2), np.diff(bounds)


def _holds_clips(frames_SMVC: NDArray[np.float32], offsets: NDArray[np.int64]) -> bool:
    """Whether every number is finite, and every clip holds a body; False also where it is not certain."""
    with np.errstate(all="ignore"):
        finite = np.isfinite(frames_SMVC.sum())
    return bool(finite and frames_SMVC[offsets[:-1], 0, SPINE_BASE].any(axis=1).all())
