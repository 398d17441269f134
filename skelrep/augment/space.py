"""Random changes of space: shear, rotation about the vertical, and tilt."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from ..preprocess import rotate_about_y
from .draws import Draws


def space_maps(draws: Draws) -> Tensor | None:
    """(N, 3, 3): the sign of `mirror`, then `shear`, `rotate` and `tilt`, as one map over coordinates."""
    maps = []
    if draws.mirrored is not None:
        signs = torch.where(draws.mirrored[:, None], torch.tensor((-1.0, 1.0, 1.0)), 1.0)
        maps.append(torch.diag_embed(signs))
    if draws.shears is not None:
        maps.append(shear_matrices(draws.shears))
    if draws.angles is not None:
        maps.append(rotate_about_y(torch.eye(3).expand(len(draws.angles), 3, 3), draws.angles).mT)
    if draws.tilts is not None:
        maps.append(tilt_matrices(draws.tilts))
    return functools.reduce(lambda done, following: following @ done, maps) if maps else None


def shear(x_NCTVM: Tensor, values_N6: Tensor) -> Tensor:
    """x' = R x with R = [[1, a0, b0], [a1, 1, b1], [a2, b2, 1]], values a0, a1, a2, b0, b1, b2 a clip."""
    return torch.einsum("nij,njtvm->nitvm", shear_matrices(values_N6), x_NCTVM)


def shear_matrices(values_N6: Tensor) -> Tensor:
    """(N, 3, 3): R of `shear`."""
    a0, a1, a2, b0, b1, b2 = values_N6.unbind(1)
    one = torch.ones_like(a0)
    return torch.stack((one, a0, b0, a1, one, b1, a2, b2, one), dim=1).view(-1, 3, 3)


def rotate(x_NCTVM: Tensor, angles_N: Tensor) -> Tensor:
    """Rotate each clip about the vertical (radians)."""
    return rotate_about_y(x_NCTVM.movedim(1, -1), angles_N[:, None, None]).movedim(-1, 1)


def tilt(x_NCTVM: Tensor, tilts_N2: Tensor) -> Tensor:
    """Rotate each clip about the horizontal axis (cos d, 0, sin d) by an angle; d and angle in radians."""
    return torch.einsum("nij,njtvm->nitvm", tilt_matrices(tilts_N2), x_NCTVM)


def tilt_matrices(tilts_N2: Tensor) -> Tensor:
    """(N, 3, 3): rotations, by Rodrigues' formula I + sin(a) K + (1 - cos(a)) K K."""
    direction, angle = tilts_N2.unbind(1)
    x, z, zero = direction.cos(), direction.sin(), torch.zeros_like(angle)
    cross = torch.stack((zero, -z, zero, z, zero, -x, zero, x, zero), dim=1).view(-1, 3, 3)
    sin, rest = angle.sin()[:, None, None], (1 - angle.cos())[:, None, None]
    return torch.eye(3).to(cross) + sin * cross + rest * (cross @ cross)
