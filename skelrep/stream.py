"""Live frames to vectors.

`StreamingEncoder` gives the vectors that ``encode(recording, window=..., stride=...)`` would give, as soon as
each window's last frame is there, and keeps one window of frames.
"""

from __future__ import annotations

import os

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from .clips import MAX_BODIES, Clip
from .embed.batches import chunks
from .embed.options import EncodeOptions
from .embed.workers import Workers, loaded
from .errors import InvalidClipError, ShapeError
from .layout import NUM_JOINTS
from .models import SkeletonEncoder
from .segments import change_points as change_points
from .windows import check_window

__all__ = ["StreamingEncoder", "change_points"]


class StreamingEncoder:
    """Embeds a stream of frames window by window, in constant memory.

    Args:
        model: a `SkeletonEncoder`, or what `skelrep.load_pretrained` takes.
        window: frames a vector.
        stride: frames from one window's start to the next one's; by default `window`.
        device: where to compute; by default where the model is.
        batch_size: windows a forward pass, where one push completes several.

    Attributes:
        frames_seen: how many frames were pushed since the start or the last `reset`.

    Example:
        >>> from skelrep.config import ModelConfig
        >>> stream = StreamingEncoder(SkeletonEncoder(ModelConfig()), window=30, stride=10)
        >>> frames = np.random.default_rng(0).normal(0, 0.3, (3, 45, 25, 1))
        >>> [start for start, vector in stream.push(frames)]
        [0, 10]
    """

    def __init__(
        self,
        model: SkeletonEncoder | str | os.PathLike[str],
        window: int,
        stride: int | None = None,
        *,
        device: str | torch.device | None = None,
        batch_size: int = 64,
    ) -> None:
        self.window, self.stride = check_window(window, stride)
        self._workers = Workers(loaded(model), device, EncodeOptions(batch_size=batch_size))
        self.reset()

    def reset(self) -> None:
        """Forget all frames: the next one is frame 0 of a new recording."""
        self.frames_seen = 0
        self._next_start = 0
        self._kept = np.zeros((3, 0, NUM_JOINTS, MAX_BODIES), dtype=np.float32)

    def push(self, frames: ArrayLike | torch.Tensor) -> list[tuple[int, NDArray[np.float32]]]:
        """Take the next frame or frames.

        Args:
            frames: one frame, float (3, 25) or (3, 25, M), or several, (3, T, 25, M), in metres, M = 1 or 2.
                A frame without any body is all zero.

        Returns:
            ``(first frame, float32 (D,))`` of every window that these frames complete, in order.

        Raises:
            ShapeError: other axes.
            InvalidClipError: NaN or infinity; none of these frames is taken.
        """
        new = self._checked(frames)
        first_kept = self.frames_seen - self._kept.shape[1]
        kept = np.concatenate((self._kept, new), axis=1)
        self.frames_seen += new.shape[1]
        starts = list(range(self._next_start, self.frames_seen - self.window + 1, self.stride))
        if starts:
            self._next_start = starts[-1] + self.stride
        windows = [kept[:, s - first_kept : s - first_kept + self.window] for s in starts]
        # A copy: a view would keep all pushed frames alive.
        self._kept = kept[:, max(0, min(self._next_start - first_kept, kept.shape[1])) :].copy()
        return list(zip(starts, self._encode(windows), strict=True))

    def _encode(self, windows: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        clips = [Clip(data=window) for window in windows]
        batches = (chunk.gather() for chunk in chunks(clips, self._workers.options.batch_size))
        return [vector for rows in self._workers.rows(batches) for vector in rows.numpy()]

    def _checked(self, frames: ArrayLike | torch.Tensor) -> NDArray[np.float32]:
        """float32 (3, T, 25, 2)."""
        array = np.asarray(frames.detach().cpu() if isinstance(frames, torch.Tensor) else frames)
        if array.shape == (3, NUM_JOINTS):
            array = array[:, None, :, None]
        elif array.ndim == 3:
            array = array[:, None]
        bodies = array.shape[3] if array.ndim == 4 else 0
        fits = array.ndim == 4 and array.shape[0] == 3 and array.shape[2] == NUM_JOINTS
        if not fits or bodies not in (1, MAX_BODIES) or array.dtype.kind not in "iuf":
            raise ShapeError(
                f"push was given {array.dtype} of shape {np.shape(frames)}; expected numbers (3, 25) or "
                "(3, 25, M) for one frame, (3, T, 25, M) for several, with M = 1 or 2 bodies."
            )
        finite = np.isfinite(array).all(axis=(0, 2, 3))
        if not finite.all():
            raise InvalidClipError(
                f"frame {self.frames_seen + int(np.argmin(finite))} of the stream holds NaN or infinity. "
                "Fill its joints in, or push zeros for a frame without a body."
            )
        return np.pad(array.astype(np.float32), ((0, 0), (0, 0), (0, 0), (0, MAX_BODIES - bodies)))
