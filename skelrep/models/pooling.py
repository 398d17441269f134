"""From feature maps to a vector a body: what is averaged, and what is kept apart."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.compiler import is_exporting

from ..config import Pooling
from ..layout import BODY_PARTS

TIME_SEGMENTS = 3


def pool(maps_BCTV: Tensor, pooling: Pooling) -> Tensor:
    """Pool feature maps to one vector a body.

    Args:
        maps_BCTV: float (B, C, T, V).
        pooling: ``"mean"`` over time and joints -> C; ``"mean_std"`` adds the deviation over time of the mean
            over joints -> 2C; ``"parts"`` keeps 3 time segments x 5 body parts apart -> 15C; ``"parts_std"``
            adds the deviation over time of the mean over each part -> 20C.

    Returns:
        float (B, D).

    Example:
        >>> pool(torch.randn(4, 32, 13, 25), "parts").shape
        torch.Size([4, 480])
    """
    match pooling:
        case "mean":
            return maps_BCTV.mean(dim=(2, 3))
        case "mean_std":
            over_joints = maps_BCTV.mean(dim=3)
            return torch.cat((over_joints.mean(dim=2), over_joints.std(dim=2, correction=0)), dim=1)
        case "parts":
            return segments_by_parts(maps_BCTV)
        case "parts_std":
            return torch.cat((segments_by_parts(maps_BCTV), deviations_of_parts(maps_BCTV)), dim=1)


def segments_by_parts(maps_BCTV: Tensor) -> Tensor:
    """Means over each of 3 time segments x 5 body parts: float (B, 15 * C), segment-major."""
    means = []
    for start, stop in time_segments(maps_BCTV.shape[2]):
        over_time = mean_of_frames(maps_BCTV, start, stop)
        means += [over_time[:, :, list(part)].mean(dim=2) for part in BODY_PARTS]
    return torch.cat(means, dim=1)


def deviations_of_parts(maps_BCTV: Tensor) -> Tensor:
    """Deviation over time of the mean over each of 5 body parts: float (B, 5 * C), part-major."""
    means = [maps_BCTV[..., list(part)].mean(dim=3) for part in BODY_PARTS]
    return torch.cat([mean_BCT.std(dim=2, correction=0) for mean_BCT in means], dim=1)


def mean_of_frames(maps_BCTV: Tensor, start: int, stop: int) -> Tensor:
    """Mean over the frames from `start` up to `stop`: float (B, C, V)."""
    if not is_exporting():
        return maps_BCTV[:, :, start:stop].mean(dim=2)
    # The cuts of an exported graph follow from sizes it is not told: a sum that leaves the others out.
    frame = torch.arange(maps_BCTV.shape[2], device=maps_BCTV.device)
    inside = ((frame >= start) & (frame < stop)).to(maps_BCTV.dtype)
    return torch.einsum("bctv,t->bcv", maps_BCTV, inside / inside.sum())


def time_segments(frames: int) -> list[tuple[int, int]]:
    """First frame and end of each of 3 segments; fewer than three frames serve several segments."""
    # i * frames / 3, rounded; in whole numbers and `sym_min`, as an exported graph knows no `frames`.
    edges = [(2 * i * frames + TIME_SEGMENTS) // (2 * TIME_SEGMENTS) for i in range(TIME_SEGMENTS + 1)]
    smaller: Callable[[int, int], int] = torch.sym_min
    larger: Callable[[int, int], int] = torch.sym_max
    starts = [smaller(start, frames - 1) for start in edges[:-1]]
    return [(start, larger(stop, start + 1)) for start, stop in zip(starts, edges[1:], strict=True)]


def pooled_size(channels: int, pooling: Pooling) -> int:
    """Length of `pool`'s vector for maps of `channels` channels."""
    parts = len(BODY_PARTS)
    means = TIME_SEGMENTS * parts
    return channels * {"mean": 1, "mean_std": 2, "parts": means, "parts_std": means + parts}[pooling]
