"""Poolings of `skelrep.models.pooling` on slices, with bodies innermost, and their gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ...config import Pooling
from ...layout import BODY_PARTS
from ..pooling import TIME_SEGMENTS, time_segments


def pool_slices(maps_TCVB: Tensor, pooling: Pooling) -> Tensor:
    """`skelrep.models.pooling.pool` of one slice (T, C, V, B): float (D, B)."""
    match pooling:
        case "mean":
            return maps_TCVB.mean(dim=(0, 2))
        case "mean_std":
            over_joints = maps_TCVB.mean(dim=2)
            return torch.cat((over_joints.mean(dim=0), over_joints.std(dim=0, correction=0)))
    parts_TCPB = torch.matmul(averages_of_parts(maps_TCVB), maps_TCVB)
    means_SCPB = torch.tensordot(averages_of_segments(maps_TCVB), parts_TCPB, dims=1)
    pooled = means_SCPB.transpose(1, 2).flatten(0, 2)
    if pooling == "parts":
        return pooled
    deviations_CPB = parts_TCPB.std(dim=0, correction=0)
    return torch.cat((pooled, deviations_CPB.transpose(0, 1).flatten(0, 1)))


def averages_of_segments(maps_TCVB: Tensor) -> Tensor:
    """Weights of frames that average each of 3 time segments: (3, T)."""
    weights = maps_TCVB.new_zeros(TIME_SEGMENTS, len(maps_TCVB))
    for row, (start, stop) in zip(weights, time_segments(len(maps_TCVB)), strict=True):
        row[start:stop] = 1 / (stop - start)
    return weights


def averages_of_parts(maps_TCVB: Tensor) -> Tensor:
    """Weights of joints that average each of 5 body parts: (5, V)."""
    weights = maps_TCVB.new_zeros(len(BODY_PARTS), maps_TCVB.shape[2])
    for row, part in zip(weights, BODY_PARTS, strict=True):
        row[list(part)] = 1 / len(part)
    return weights


def pooling_gradients(
    d_features: Sequence[Tensor], outputs: Sequence[Tensor], pooling: Pooling
) -> Iterator[Tensor]:
    """Gradients at the maps of each slice, contiguous (T, C, V, B).

    Args:
        d_features: of each slice, (B, D).
        outputs: the maps of each slice.
        pooling: what made the features of the maps.
    """
    for d_BD, out in zip(d_features, outputs, strict=True):
        if pooling == "mean":
            frames, _, joints, _ = out.shape
            yield (d_BD / (frames * joints)).T[None, :, None, :].expand_as(out).contiguous()
            continue
        with torch.enable_grad():
            maps = out.detach().requires_grad_()
            (d_maps,) = torch.autograd.grad(pool_slices(maps, pooling), maps, d_BD.T)
        yield d_maps.contiguous()
