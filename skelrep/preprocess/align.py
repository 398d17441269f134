"""Bodies moved to the origin and turned to face the same way.

Axes of any number after the first two, (B, T, ..., V, 3): bodies by themselves or in slots.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..layout import SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_SHOULDER


def centre(x_BTVC: Tensor, leaders: Tensor | None = None) -> Tensor:
    """Move SpineShoulder to the origin in every frame: each body's own, or that of another.

    Args:
        x_BTVC: float (B, T, V, 3).
        leaders: int64 (B,), by whose SpineShoulder each body is moved; frames that are zero stay so.
    """
    origin = x_BTVC[..., SPINE_SHOULDER : SPINE_SHOULDER + 1, :]
    if leaders is None:
        return x_BTVC - origin
    there = x_BTVC.abs().amax(dim=(2, 3), keepdim=True) > 0
    return torch.where(there, x_BTVC - origin[leaders], 0)


def align_each_frame(x_BTVC: Tensor) -> Tensor:
    """`faithful`: turn every frame of every body about y until its shoulders lie along x.

    theta = arccos(v_x / (|v| + 1e-4)) cannot tell left from right; one sign for the whole clip decides
    (reference.md, Data 5), so frames that face the other way are turned wrongly, as published.
    """
    shoulders = x_BTVC[..., SHOULDER_RIGHT, :] - x_BTVC[..., SHOULDER_LEFT, :]
    vx, vz = shoulders[..., 0], shoulders[..., 2]
    theta = torch.arccos(vx / (torch.sqrt(vx**2 + vz**2) + 1e-4))
    theta = torch.where(vz.sum(dim=1, keepdim=True) >= 0, -theta, theta)
    return rotate_about_y(x_BTVC, theta)


def align_each_clip(x_BTVC: Tensor, leaders: Tensor | None = None) -> Tensor:
    """`fixed`: turn every body about y, once a clip, until its shoulders lie along x on average over time.

    One angle a clip keeps turning as motion and adds no jitter of its own; atan2 knows left from right. A
    pair that keeps its relative position is turned as one, by the first body's angle.

    Args:
        x_BTVC: float (B, T, V, 3).
        leaders: int64 (B,), by whose angle each body is turned; by default its own.
    """
    shoulders = (x_BTVC[..., SHOULDER_RIGHT, :] - x_BTVC[..., SHOULDER_LEFT, :]).mean(dim=1, keepdim=True)
    theta = -torch.atan2(shoulders[..., 2], shoulders[..., 0])
    return rotate_about_y(x_BTVC, theta if leaders is None else theta[leaders])


def rotate_about_y(x: Tensor, theta: Tensor) -> Tensor:
    """Rotate points (..., V, 3) by `theta` (..., radians): rows [cos, 0, -sin], [0, 1, 0], [sin, 0, cos]."""
    cos, sin = torch.cos(theta)[..., None], torch.sin(theta)[..., None]
    px, py, pz = x.unbind(-1)
    turned = (cos * px).sub_(sin * pz)
    return torch.stack((turned, py.expand_as(turned), (sin * px).add_(cos * pz))).movedim(0, -1)
