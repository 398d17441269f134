"""Clips cut into batches, which depend on nothing but their order and `batch_size`."""

from __future__ import annotations

import dataclasses
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..clips import Clip
from ..config import PreprocessConfig
from ..preprocess import gather_frames, preprocess_gathered
from ..read.dataset import ClipStore
from ..windows import window_starts


@dataclass(frozen=True, eq=False)
class Batch:
    """The frames of some clips, one after another in memory.

    Attributes:
        number: which batch it is, from 0.
        frames: float32 (C=3, S, M, V=25), S the frames of all its clips.
        lengths: int64 (N,), frames of each clip.
        prepared: bool (N,), clips that were preprocessed before.
    """

    number: int
    frames: NDArray[np.float32]
    lengths: NDArray[np.int64]
    prepared: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.lengths)

    def checksum(self) -> int:
        """A number from 1 on that hardly any other clips have."""
        parts = (self.lengths.astype("<i8"), self.prepared, self.frames.astype("<f4", copy=False))
        total = 0
        for part in parts:
            total = zlib.crc32(np.ascontiguousarray(part).data, total)
        return max(total, 1)


class Chunk(NamedTuple):
    """A batch whose clips are not read yet, where they lie in a store."""

    number: int
    clips: Sequence[Clip]
    start: int
    stop: int

    def gather(self) -> Batch:
        """Read and lay out the clips.

        Raises:
            InvalidClipError: a clip of a store that cannot be used.
        """
        if isinstance(self.clips, ClipStore):
            frames, lengths = self.clips.block(self.start, self.stop)
            prepared = self.clips.prepared[self.start : self.stop]
        else:
            clips = self.clips[self.start : self.stop]
            frames, lengths = gather_frames([clip.data for clip in clips])
            prepared = [clip.prepared for clip in clips]
        return Batch(self.number, frames, lengths, np.array(prepared))


def chunks(clips: Iterable[Clip], size: int) -> Iterator[Chunk]:
    """Clips in batches of `size`, the last one shorter; of a generator only one batch is held."""
    if isinstance(clips, Sequence):
        for number, start in enumerate(range(0, len(clips), size)):
            yield Chunk(number, clips, start, min(start + size, len(clips)))
        return
    source = iter(clips)
    for number in count():
        some = list(islice(source, size))
        if not some:
            return
        yield Chunk(number, some, 0, len(some))


def cut_windows(
    clips: Iterable[Clip], window: int, stride: int | None, counts: deque[int] | None = None
) -> Iterator[Clip]:
    """The windows of clips as they come; how many a clip has is appended to `counts`."""
    for clip in clips:
        starts = window_starts(clip.data.shape[1], window, stride).tolist()
        if counts is not None:
            counts.append(len(starts))
        for start in starts:
            yield dataclasses.replace(clip, data=clip.data[:, start : start + window])


def network_input(batch: Batch, config: PreprocessConfig, preprocess: bool, device: torch.device) -> Tensor:
    """float32 (N, 3, T, V, M) on a device; clips that are not to be preprocessed must have one length."""
    if preprocess:
        flags = torch.from_numpy(batch.prepared)
        return preprocess_gathered(batch.frames, batch.lengths, config, flags, device)
    frames = torch.from_numpy(batch.frames).to(device)
    return frames.reshape(3, len(batch), -1, *frames.shape[2:]).permute(1, 0, 2, 4, 3).contiguous()
