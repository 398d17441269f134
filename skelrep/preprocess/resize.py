"""Clips of any length, resized in time."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def resize(frames: Tensor, starts: Tensor, lengths: Tensor, count: int) -> Tensor:
    """Linear in time, half-pixel centres, edges clamped, no anti-aliasing.

    Resizing comes first here and after centring in the published code: both are linear, so they commute.

    Args:
        frames: float (S, ...), of all clips.
        starts, lengths: int64 (N,): clip n is ``frames[starts[n] : starts[n] + lengths[n]]``.
        count: T, the frames that each clip gets.

    Returns:
        float (N, T, ...), its axes in memory in the order of those of `frames`.
    """
    before, after, weight = _neighbours(starts, lengths, count, frames)
    # Along memory, whatever the order of axes in it.
    order = sorted(range(frames.dim()), key=frames.stride, reverse=True)
    time = order.index(0)
    flat = frames.permute(order).flatten(time + 1)
    found = flat.index_select(time, before).lerp_(flat.index_select(time, after), weight)
    others = [axis for axis in order if axis]
    sizes = [frames.shape[axis] for axis in others]
    found = found.view(*sizes[:time], len(lengths), count, *sizes[time:]).movedim((time, time + 1), (0, 1))
    return found.permute(0, 1, *(2 + others.index(axis) for axis in range(1, frames.dim())))


def _neighbours(starts: Tensor, lengths: Tensor, count: int, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Frames before and after each new one, (N * T,), and how far it is towards the latter, (N * T, 1)."""
    first, length = (index.cpu().numpy()[:, None] for index in (starts, lengths))
    # float64: a frame number of a long recording does not fit float32's 24 bits with its fraction.
    position = ((np.arange(count) + 0.5) * (length / count) - 0.5).clip(min=0)
    before = np.minimum(position.astype(np.int64), length - 1)
    after = np.minimum(before + 1, length - 1)
    weight = torch.from_numpy((position - before).clip(max=1).reshape(-1, 1)).to(like)
    before, after = (torch.from_numpy((first + n).reshape(-1)).to(like.device) for n in (before, after))
    return before, after, weight
