"""Random changes of time: a crop, and another speed from piece to piece."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..config import AugmentConfig
from .draws import Draws


@dataclass(frozen=True)
class Rows:
    """Of which rows of joints the rows of some crops are made, of all clips' rows one after another.

    Attributes:
        before: int64 (N, 3, T).
        after: int64 (N, 3, T), or None where a row is one row.
        weight: float (N, T) of `after`.
    """

    before: Tensor
    after: Tensor | None = None
    weight: Tensor | None = None

    def take(self, rows: Tensor, part: slice, held: Tensor) -> Tensor:
        """The rows of some of the crops: (n, 3, T, V * M), in the memory of `held`."""
        before = self.before[part]
        shape, count = (*before.shape, *rows.shape[1:]), before.numel()
        piece = torch.index_select(rows, 0, before.flatten(), out=held[:count]).view(shape)
        if self.after is None or self.weight is None:
            return piece
        after = torch.index_select(rows, 0, self.after[part].flatten()).view(shape)
        return piece.lerp_(after, self.weight[part][:, None, :, None])


def crop_rows(draws: Draws, x_NCTVM: Tensor, config: AugmentConfig) -> Rows | None:
    """`temporal_crop`, then `warp_time`, as a choice of rows."""
    n, coordinates, frames = x_NCTVM.shape[:3]
    frame = None
    if draws.first_frame is not None:
        frame = cropped_frames(draws.first_frame, frames, frames // config.crop_ratio)
    first = torch.arange(n * coordinates).view(n, coordinates, 1) * frames
    if draws.speeds is None:
        return None if frame is None else Rows((first + frame[:, None]).to(x_NCTVM.device))
    before, after, weight = warped_frames(draws.speeds, frames)
    if frame is not None:
        before, after = frame.gather(1, before), frame.gather(1, after)
    before, after = ((first + index[:, None]).to(x_NCTVM.device) for index in (before, after))
    return Rows(before, after, weight.to(x_NCTVM))


def temporal_crop(x_NCTVM: Tensor, start_N: Tensor, padding: int) -> Tensor:
    """T frames from `start` of the clip with `padding` frames mirrored at both ends, edge frame included.

    Args:
        x_NCTVM: float (N, 3, T, V, M).
        start_N: int64 (N,), from 0 to 2 * padding.
        padding: frames mirrored at each end, at most T.
    """
    n, _, frames, _, _ = x_NCTVM.shape
    index = cropped_frames(start_N, frames, padding)
    clip = torch.arange(n, device=x_NCTVM.device)[:, None]
    return x_NCTVM.transpose(1, 2)[clip, index].transpose(1, 2)


def cropped_frames(start_N: Tensor, frames: int, padding: int) -> Tensor:
    """int64 (N, T): which frame of its clip each frame of a crop is."""
    index = start_N[:, None] + torch.arange(frames, device=start_N.device) - padding
    index = torch.where(index < 0, -index - 1, index)
    return torch.where(index >= frames, 2 * frames - 1 - index, index)


def warp_time(x_NCTVM: Tensor, speeds_NP: Tensor) -> Tensor:
    """Play each of P equally long pieces at its own speed; first and last frame stay where they are.

    Args:
        x_NCTVM: float (N, 3, T, V, M).
        speeds_NP: float (N, P), above 0; only their ratios matter.

    Returns:
        float (N, 3, T, V, M), linear between frames.
    """
    before, after, weight = warped_frames(speeds_NP, x_NCTVM.shape[2])
    x, clip = x_NCTVM.transpose(1, 2), torch.arange(len(x_NCTVM))[:, None]
    return torch.lerp(x[clip, before], x[clip, after], weight.to(x)[..., None, None, None]).transpose(1, 2)


def warped_frames(speeds_NP: Tensor, frames: int) -> tuple[Tensor, Tensor, Tensor]:
    """(N, T) each: the frames before and after each moment of a warped clip, and the second's weight."""
    speeds, pieces = speeds_NP.double(), speeds_NP.shape[1]
    progress = torch.linspace(0, pieces, frames, dtype=torch.float64)
    piece = progress.long().clamp(max=pieces - 1)
    way = (speeds.cumsum(1) - speeds)[:, piece] + speeds[:, piece] * (progress - piece)
    position = (way * (frames - 1) / speeds.sum(1, keepdim=True)).clamp(max=frames - 1)
    before = position.long()
    return before, (before + 1).clamp(max=frames - 1), position - before
