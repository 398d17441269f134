"""From feature maps to a vector a body: what is averaged, and what is kept apart."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.compiler import is_exporting

from ..config import Pooling
from ..layout import BODY_PARTS, NUM_JOINTS

TIME_SEGMENTS = 3
INPUT_SEGMENTS = 8


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


def pool_block(maps_BCTV: Tensor, number: int, pooling: Pooling) -> Tensor:
    """What a block's maps give the vector: `pool` of them, but `pool_input` of block 0, the input."""
    return pool(maps_BCTV, pooling) if number else pool_input(maps_BCTV)


def pool_input(maps_BCTV: Tensor) -> Tensor:
    """Pool the normalised input, finely: with three channels, averages over body parts would leave little.

    Args:
        maps_BCTV: float (B, 3, T, V).

    Returns:
        float (B, 8 * V * 3 + V * 3): each joint's mean over each of 8 time segments, then its deviation over
        time; segment-major, joint by joint, x, y and z.

    Example:
        >>> pool_input(torch.randn(4, 3, 50, 25)).shape
        torch.Size([4, 675])
    """
    segments = time_segments(maps_BCTV.shape[2], INPUT_SEGMENTS)
    rows = [mean_of_frames(maps_BCTV, start, stop) for start, stop in segments]
    rows.append(maps_BCTV.std(dim=2, correction=0))
    return torch.cat([row_BCV.transpose(1, 2).flatten(1) for row_BCV in rows], dim=1)


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


def time_segments(frames: int, count: int = TIME_SEGMENTS) -> list[tuple[int, int]]:
    """First frame and end of each of `count` segments; fewer frames than these serve several segments."""
    # i * frames / count, rounded; in whole numbers and `sym_min`, as an exported graph knows no `frames`.
    edges = [(2 * i * frames + count) // (2 * count) for i in range(count + 1)]
    smaller: Callable[[int, int], int] = torch.sym_min
    larger: Callable[[int, int], int] = torch.sym_max
    starts = [smaller(start, frames - 1) for start in edges[:-1]]
    return [(start, larger(stop, start + 1)) for start, stop in zip(starts, edges[1:], strict=True)]


def pooled_size(channels: int, number: int, pooling: Pooling) -> int:
    """Length of `pool_block`'s vector for a block's maps of `channels` channels."""
    if not number:
        return (INPUT_SEGMENTS + 1) * NUM_JOINTS * channels
    parts = len(BODY_PARTS)
    means = TIME_SEGMENTS * parts
    return channels * {"mean": 1, "mean_std": 2, "parts": means, "parts_std": means + parts}[pooling]


def averages_of_segments(maps: Tensor, count: int) -> Tensor:
    """Weights of frames that average each of `count` time segments of maps (T, ...): (count, T)."""
    weights = maps.new_zeros(count, len(maps))
    for row, (start, stop) in zip(weights, time_segments(len(maps), count), strict=True):
        row[start:stop] = 1 / (stop - start)
    return weights


def averages_of_parts(maps: Tensor) -> Tensor:
    """Weights of joints that average each of 5 body parts of maps (T, ., V, .): (5, V)."""
    weights = maps.new_zeros(len(BODY_PARTS), maps.shape[2])
    for row, part in zip(weights, BODY_PARTS, strict=True):
        row[list(part)] = 1 / len(part)
    return weights
