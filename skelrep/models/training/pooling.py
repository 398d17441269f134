"""Poolings of `skelrep.models.pooling` on slices, with bodies innermost, and their gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ...config import Pooling
from ..pooling import TIME_SEGMENTS, averages_of_parts, averages_of_segments


def pool_slices(maps_TCVB: Tensor, pooling: Pooling) -> Tensor:
    """`skelrep.models.pooling.pool` of one slice (T, C, V, B): float (D, B)."""
    match pooling:
        case "mean":
            return maps_TCVB.mean(dim=(0, 2))
        case "mean_std":
            over_joints = maps_TCVB.mean(dim=2)
            return torch.cat((over_joints.mean(dim=0), over_joints.std(dim=0, correction=0)))
    parts_TCPB = torch.matmul(averages_of_parts(maps_TCVB), maps_TCVB)
    means_SCPB = torch.tensordot(averages_of_segments(maps_TCVB, TIME_SEGMENTS), parts_TCPB, dims=1)
    pooled = means_SCPB.transpose(1, 2).flatten(0, 2)
    if pooling == "parts":
        return pooled
    deviations_CPB = parts_TCPB.std(dim=0, correction=0)
    return torch.cat((pooled, deviations_CPB.transpose(0, 1).flatten(0, 1)))


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
