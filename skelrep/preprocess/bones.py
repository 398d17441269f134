"""Joints to bones and back, and bodies with the bone lengths of another."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..layout import ANATOMY, ANATOMY_ORDER, NUM_JOINTS


def set_bone_lengths(x_NTMVC: Tensor, lengths_V: Tensor) -> Tensor:
    """Keep SpineBase's place and every bone's direction; set bone lengths (metres, to anatomical parent)."""
    planes = x_NTMVC.movedim(-1, 0)
    # As a product of matrices, because picking single joints is slower than all of it.
    bones = torch.matmul(planes, bone_matrix().to(planes).T)
    size = bones.square().sum(dim=0).sqrt_()
    bones *= lengths_V / size.clamp_(min=1e-6)
    joints = torch.matmul(bones, path_matrix().to(planes).T)
    return joints.add_(planes[..., :1]).movedim(0, -1)


def rebuild(x: Tensor, bones: Tensor) -> Tensor:
    """Joint positions (..., V, 3) from SpineBase's place in `x` and bone vectors `bones` (..., V, 3)."""
    return x[..., :1, :] + torch.einsum("vb,...bc->...vc", path_matrix().to(x), bones)


def path_matrix() -> Tensor:
    """float32 (V, V): row v has ones at the bones between SpineBase and joint v."""
    path = np.zeros((NUM_JOINTS, NUM_JOINTS), dtype=np.float32)
    for joint in ANATOMY_ORDER[1:]:
        path[joint] = path[ANATOMY[joint]]
        path[joint, joint] = 1
    return torch.from_numpy(path)


def bone_matrix() -> Tensor:
    """float32 (V, V): row v is joint v minus its anatomical parent, SpineBase's row zero."""
    bones = np.eye(NUM_JOINTS, dtype=np.float32)
    bones[np.arange(NUM_JOINTS), list(ANATOMY)] -= 1
    return torch.from_numpy(bones)
