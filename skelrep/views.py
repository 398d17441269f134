"""The three views of a clip: joint positions, their motion, and bones. Taken after augmentation."""

from __future__ import annotations

import torch
from torch import Tensor

from .config import View
from .layout import PARENT


def motion(x_NCTVM: Tensor) -> Tensor:
    """Difference to the next frame; the last frame is zero.

    Args:
        x_NCTVM: float (N, 3, T, V, M), metres.

    Returns:
        float (N, 3, T, V, M), metres a frame.

    Source:
        Li et al., CVPR 2021, section 3.2.
    """
    moved = torch.zeros_like(x_NCTVM)
    moved[:, :, :-1] = x_NCTVM[:, :, 1:] - x_NCTVM[:, :, :-1]
    return moved


def bone(x_NCTVM: Tensor) -> Tensor:
    """Joint minus its parent in the published tree; the root's own bone is zero.

    Args:
        x_NCTVM: float (N, 3, T, V, M), metres.

    Returns:
        float (N, 3, T, V, M), metres.
    """
    return x_NCTVM - x_NCTVM[:, :, :, list(PARENT)]


def make_view(x_NCTVM: Tensor, view: View) -> Tensor:
    """One view of preprocessed joints, of the same shape.

    Example:
        >>> make_view(torch.ones(1, 3, 50, 25, 1), "motion").abs().max()
        tensor(0.)
    """
    match view:
        case "joint":
            return x_NCTVM
        case "motion":
            return motion(x_NCTVM)
        case "bone":
            return bone(x_NCTVM)
