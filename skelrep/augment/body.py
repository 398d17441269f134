"""Random changes of the body: bone lengths, left for right, and another clip's legs."""

from __future__ import annotations

import torch
from torch import Tensor

from ..layout import ANATOMY, BODY_PARTS, MIRROR_PAIRS, NUM_JOINTS, SPINE_BASE, SPINE_SHOULDER
from ..preprocess import path_matrix, rebuild
from .draws import Draws

LEGS = [*BODY_PARTS[3], *BODY_PARTS[4]]


def joint_maps(draws: Draws) -> Tensor | None:
    """(N, V, V): the joints of `mirror`, then `scale_bones`, as one linear map over joints."""
    maps = None if draws.bone_factors is None else bone_maps(draws.bone_factors)
    if draws.mirrored is None:
        return maps
    maps = torch.eye(NUM_JOINTS).expand(len(draws.mirrored), -1, -1) if maps is None else maps
    return torch.where(draws.mirrored[:, None, None], maps[:, :, opposite_joints()], maps)


def bone_maps(factors_NV: Tensor) -> Tensor:
    """(N, V, V): `scale_bones` as a linear map over joints."""
    path, unit = path_matrix(), torch.eye(NUM_JOINTS)
    maps = (path * factors_NV[:, None]) @ (unit - unit[list(ANATOMY)]) + unit[0]
    return maps + unit[SPINE_SHOULDER] - maps[:, SPINE_SHOULDER, None]


def scale_bones(x_NCTVM: Tensor, factors_NV: Tensor) -> Tensor:
    """Multiply bone lengths (bone of joint v to its anatomical parent), SpineShoulder staying in place."""
    x = x_NCTVM.permute(0, 2, 4, 3, 1)
    bones = (x - x[..., list(ANATOMY), :]) * factors_NV[:, None, None, :, None]
    scaled = rebuild(x, bones)
    joint = slice(SPINE_SHOULDER, SPINE_SHOULDER + 1)
    return (scaled + x[..., joint, :] - scaled[..., joint, :]).permute(0, 4, 1, 3, 2)


def mirror(x_NCTVM: Tensor, mirrored_N: Tensor) -> Tensor:
    """Show some clips in a mirror: left joints become right ones, and x changes its sign."""
    reflected = x_NCTVM[:, :, :, opposite_joints()] * x_NCTVM.new_tensor((-1, 1, 1)).view(3, 1, 1, 1)
    return torch.where(mirrored_N.view(-1, 1, 1, 1, 1), reflected, x_NCTVM)


def opposite_joints() -> list[int]:
    """For every joint that of the other side; itself in the middle."""
    joints = list(range(NUM_JOINTS))
    for left, right in MIRROR_PAIRS:
        joints[left], joints[right] = right, left
    return joints


def mix_lower_bodies(x_NCTVM: Tensor, others: Tensor, partners_N: Tensor) -> Tensor:
    """Hang the legs of other clips on some clips' SpineBase, frame by frame.

    Args:
        x_NCTVM: float (N, 3, T, V, M).
        others: float (B, 3, T, V, M), the clips to take legs from.
        partners_N: int64 (N,), which of them; -1 for none.

    Returns:
        float (N, 3, T, V, M). A body keeps its own legs where the other clip has no body to take them from.
    """
    changed = torch.nonzero(partners_N >= 0).flatten()
    x = x_NCTVM.clone()
    own, other = x[changed], others[partners_N[changed]]
    base = slice(SPINE_BASE, SPINE_BASE + 1)
    legs = other[:, :, :, LEGS] - other[:, :, :, base] + own[:, :, :, base]
    own[:, :, :, LEGS] = torch.where(present(own) & present(other), legs, own[:, :, :, LEGS])
    x[changed] = own
    return x


def present(x_NCTVM: Tensor) -> Tensor:
    """bool (N, 1, T, 1, M): where there is a body; an absent one is zero."""
    return x_NCTVM.ne(0).any(dim=3, keepdim=True).any(dim=1, keepdim=True)
