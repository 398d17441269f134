"""Poolings of `skelrep.models.pooling` on rows of channels, with time first: each step along memory."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from ...config import Pooling
from ...layout import NUM_JOINTS
from ..pooling import INPUT_SEGMENTS, TIME_SEGMENTS, averages_of_parts, averages_of_segments


def pool_rows(maps_TBVC: Tensor, pooling: Pooling) -> Tensor:
    """`skelrep.models.pooling.pool` of maps (T, B, V, C) instead of (B, C, T, V): float (B, D)."""
    match pooling:
        case "mean":
            return maps_TBVC.mean(dim=0).mean(dim=1)
        case "mean_std":
            over_joints = maps_TBVC.mean(dim=2)
            return torch.cat((over_joints.mean(dim=0), over_joints.std(dim=0, correction=0)), dim=1)
        case "parts":
            return segments_by_parts_rows(maps_TBVC)
        case "parts_std":
            deviations = torch.matmul(_parts(*kind_of(maps_TBVC)), maps_TBVC).std(dim=0, correction=0)
            return torch.cat((segments_by_parts_rows(maps_TBVC), deviations.flatten(1)), dim=1)


def pool_block_rows(maps_TBVC: Tensor, number: int, pooling: Pooling) -> Tensor:
    """`skelrep.models.pooling.pool_block` of maps (T, B, V, C): float (B, D)."""
    return pool_rows(maps_TBVC, pooling) if number else pool_input_rows(maps_TBVC)


def pool_input_rows(maps_TBVC: Tensor) -> Tensor:
    """Each joint's mean over 8 time segments and its deviation over time: float (B, 9 * V * C)."""
    means = torch.tensordot(_segments(len(maps_TBVC), INPUT_SEGMENTS, *kind_of(maps_TBVC)), maps_TBVC, dims=1)
    deviation = maps_TBVC.std(dim=0, correction=0, keepdim=True)
    return torch.cat((means, deviation)).transpose(0, 1).flatten(1)


def segments_by_parts_rows(maps_TBVC: Tensor) -> Tensor:
    """Means over 3 time segments x 5 body parts, as two products: float (B, 15 * C), segment-major."""
    frames, bodies, joints, channels = maps_TBVC.shape
    over_time = _segments(frames, TIME_SEGMENTS, *kind_of(maps_TBVC)) @ maps_TBVC.view(frames, -1)
    means = torch.matmul(_parts(*kind_of(maps_TBVC)), over_time.view(-1, bodies, joints, channels))
    return means.transpose(0, 1).flatten(1)


def kind_of(tensor: Tensor) -> tuple[torch.dtype, torch.device]:
    """What the weights of its averages must be like."""
    return tensor.dtype, tensor.device


@lru_cache  # made of python numbers, which takes longer than averaging one clip
def _segments(frames: int, count: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    return averages_of_segments(torch.empty(frames, dtype=dtype, device=device), count)


@lru_cache
def _parts(dtype: torch.dtype, device: torch.device) -> Tensor:
    return averages_of_parts(torch.empty(1, 1, NUM_JOINTS, 1, dtype=dtype, device=device))
