"""Random crops of preprocessed clips, a whole batch at a time, from one explicit generator.

Each function draws on the CPU, so that a seed gives the same crops on every device.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from .config import AugmentConfig
from .layout import ANATOMY, NUM_JOINTS, SPINE_SHOULDER
from .preprocess import rebuild, rotate_about_y


def augment(
    x_NCTVM: Tensor, config: AugmentConfig, generator: Generator, *, total: int | None = None, first: int = 0
) -> Tensor:
    """One random crop of every clip: bone lengths, temporal crop, shear, rotation, in this order.

    Args:
        x_NCTVM: float (N, 3, T, V, M), preprocessed, metres.
        config: amplitudes; a zero switches a change off.
        generator: a CPU generator; the same state gives the same crops.
        total, first: these are the N clips from `first` on of a batch of `total`, and get the crops that they
            would get within it; by default they are the batch.

    Returns:
        float (N, 3, T, V, M); absent (zero) bodies stay zero.

    Source:
        Crop and shear: Rao et al. 2021 as used by Li et al., CVPR 2021, section 4.2.

    Example:
        >>> x = torch.randn(2, 3, 50, 25, 1)
        >>> augment(x, AugmentConfig(), torch.Generator().manual_seed(0)).shape
        torch.Size([2, 3, 50, 25, 1])
    """
    frames, x = x_NCTVM.shape[2], x_NCTVM
    n = len(x) if total is None else total
    here = slice(first, first + len(x))
    if config.bone_scale:
        x = scale_bones(x, 1 + uniform((n, NUM_JOINTS), config.bone_scale, generator)[here].to(x))
    if config.crop_ratio:
        padding = frames // config.crop_ratio
        start = torch.randint(0, 2 * padding + 1, (n,), generator=generator)[here]
        x = temporal_crop(x, start.to(x.device), padding)
    if config.shear:
        x = shear(x, uniform((n, 6), config.shear, generator)[here].to(x))
    if config.rotation:
        angles = uniform((n,), math.radians(config.rotation), generator)[here].to(x)
        x = rotate(x, angles)
    return x


def temporal_crop(x_NCTVM: Tensor, start_N: Tensor, padding: int) -> Tensor:
    """T frames from `start` of the clip with `padding` frames mirrored at both ends, edge frame included.

    Args:
        x_NCTVM: float (N, 3, T, V, M).
        start_N: int64 (N,), from 0 to 2 * padding.
        padding: frames mirrored at each end, at most T.
    """
    n, _, frames, _, _ = x_NCTVM.shape
    index = start_N[:, None] + torch.arange(frames, device=x_NCTVM.device) - padding
    index = torch.where(index < 0, -index - 1, index)
    index = torch.where(index >= frames, 2 * frames - 1 - index, index)
    clip = torch.arange(n, device=x_NCTVM.device)[:, None]
    return x_NCTVM.transpose(1, 2)[clip, index].transpose(1, 2)


def shear(x_NCTVM: Tensor, values_N6: Tensor) -> Tensor:
    """x' = R x with R = [[1, a0, b0], [a1, 1, b1], [a2, b2, 1]], values a0, a1, a2, b0, b1, b2 a clip."""
    a0, a1, a2, b0, b1, b2 = values_N6.unbind(1)
    one = torch.ones_like(a0)
    matrix = torch.stack((one, a0, b0, a1, one, b1, a2, b2, one), dim=1).view(-1, 3, 3)
    return torch.einsum("nij,njtvm->nitvm", matrix, x_NCTVM)


def rotate(x_NCTVM: Tensor, angles_N: Tensor) -> Tensor:
    """Rotate each clip about the vertical (radians)."""
    return rotate_about_y(x_NCTVM.movedim(1, -1), angles_N[:, None, None]).movedim(-1, 1)


def scale_bones(x_NCTVM: Tensor, factors_NV: Tensor) -> Tensor:
    """Multiply bone lengths (bone of joint v to its anatomical parent), SpineShoulder staying in place."""
    x = x_NCTVM.permute(0, 2, 4, 3, 1)
    bones = (x - x[..., list(ANATOMY), :]) * factors_NV[:, None, None, :, None]
    scaled = rebuild(x, bones)
    joint = slice(SPINE_SHOULDER, SPINE_SHOULDER + 1)
    return (scaled + x[..., joint, :] - scaled[..., joint, :]).permute(0, 4, 1, 3, 2)


def uniform(shape: tuple[int, ...], limit: float, generator: Generator) -> Tensor:
    """float32 draws from U(-limit, limit)."""
    return (2 * torch.rand(shape, generator=generator) - 1) * limit
