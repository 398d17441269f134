"""Long recordings as overlapping windows, cut when they are needed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .clips import Clip
from .errors import ConfigError
from .on_demand import OnDemand
from .read import ClipStore


def check_window(window: int, stride: int | None) -> tuple[int, int]:
    """Window and stride in frames; windows follow one another without overlap where no stride is given.

    Raises:
        ConfigError: one of them is below 1.
    """
    stride = window if stride is None else stride
    for name, value in (("window", window), ("stride", stride)):
        if value < 1:
            raise ConfigError(f"{name} is {value}; expected 1 frame or more.")
    return window, stride


def window_starts(frames: int, window: int, stride: int | None = None) -> NDArray[np.int64]:
    """First frames of the windows of a recording.

    Args:
        frames: T of the recording.
        window, stride: in frames; `stride` defaults to `window`.

    Returns:
        int64 (n,): every start whose window lies wholly in the recording, or 0 alone for a recording shorter
        than a window. Frames after the last whole window are in none.

    Raises:
        ConfigError: `window` or `stride` is below 1.

    Example:
        >>> window_starts(100, window=40, stride=20).tolist(), window_starts(30, window=40).tolist()
        ([0, 20, 40, 60], [0])
    """
    window, stride = check_window(window, stride)
    return np.arange(0, max(frames - window, 0) + 1, stride, dtype=np.int64)


class Windows(OnDemand[Clip]):
    """The windows of some clips, one after another, each a clip.

    Args:
        clips: recordings.
        window, stride: in frames.

    Attributes:
        counts: int64 (N,), windows of each clip.
    """

    def __init__(self, clips: Sequence[Clip], window: int, stride: int | None) -> None:
        self.clips = clips
        self.window, self.stride = check_window(window, stride)
        lengths = _lengths(clips)
        self.counts = np.array([len(window_starts(t, window, stride)) for t in lengths], dtype=np.int64)
        self._stops = np.cumsum(self.counts)
        self._held: tuple[int, Clip] | None = None

    def __len__(self) -> int:
        return int(self.counts.sum())

    def item(self, place: int) -> Clip:
        """The window at a place."""
        owner = int(np.searchsorted(self._stops, place, side="right"))
        start = (place - int(self._stops[owner] - self.counts[owner])) * self.stride
        clip = self._clip(owner)
        return dataclasses.replace(clip, data=clip.data[:, start : start + self.window])

    def _clip(self, owner: int) -> Clip:
        # A store reads and checks a whole recording each time: it is kept while its windows are cut.
        if self._held is None or self._held[0] != owner:
            self._held = (owner, self.clips[owner])
        return self._held[1]


def _lengths(clips: Sequence[Clip]) -> list[int]:
    if isinstance(clips, ClipStore):
        return np.diff(clips.offsets).tolist()
    return [clip.data.shape[1] for clip in clips]
