"""Random changes of motion: drift of the sensor, and less motion, of the whole clip, a joint or an axis."""

from __future__ import annotations

import torch
from torch import Tensor

from ..layout import NUM_JOINTS
from .body import present
from .draws import Draws


def add_drift(x_NCTVM: Tensor, knots_NKCVM: Tensor) -> Tensor:
    """Move each joint by an offset that changes slowly: given at K moments, linear between them.

    Args:
        x_NCTVM: float (N, 3, T, V, M), metres.
        knots_NKCVM: float (N, K >= 2, 3, V, M), metres, the first at the first frame, the last at the last.

    Returns:
        float (N, 3, T, V, M); an absent body stays zero.
    """
    offsets = torch.einsum(
        "tk,nkcvm->nctvm", hats(x_NCTVM.shape[2], knots_NKCVM.shape[1]).to(x_NCTVM), knots_NKCVM.to(x_NCTVM)
    )
    return torch.where(present(x_NCTVM), x_NCTVM + offsets, x_NCTVM)


def hats(frames: int, knots: int) -> Tensor:
    """float64 (T, K): the weight of each knot in each frame, of linear interpolation."""
    position = torch.linspace(0, knots - 1, frames, dtype=torch.float64)
    return (1 - (position[:, None] - torch.arange(knots)).abs()).clamp(min=0)


def gains(draws: Draws) -> Tensor | None:
    """float (N, 3, V): amplitudes, frozen joints and frozen axes as what `scale_motion` multiplies by."""
    factors: list[Tensor] = []
    if draws.amplitudes is not None:
        factors.append(draws.amplitudes[:, None, None].expand(-1, 3, NUM_JOINTS))
    if draws.frozen_joints is not None:
        factors.append((~draws.frozen_joints).float()[:, None].expand(-1, 3, -1))
    if draws.frozen_axes is not None:
        factors.append((~draws.frozen_axes).float()[:, :, None].expand(-1, -1, NUM_JOINTS))
    return torch.stack(factors).prod(dim=0) if factors else None


def scale_motion(x_NCTVM: Tensor, gains_NCV: Tensor) -> Tensor:
    """Multiply each joint's deviation from its mean over time; zero freezes it there.

    Args:
        x_NCTVM: float (N, 3, T, V, M).
        gains_NCV: float (N, 3, V).

    Returns:
        float (N, 3, T, V, M); an absent body stays zero and has no part in the mean.
    """
    there = present(x_NCTVM)
    mean = x_NCTVM.sum(dim=2, keepdim=True) / there.sum(dim=2, keepdim=True).clamp(min=1)
    moved = torch.addcmul(mean, x_NCTVM - mean, gains_NCV.to(x_NCTVM)[:, :, None, :, None])
    return torch.where(there, moved, x_NCTVM)
