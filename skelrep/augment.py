"""Random crops of preprocessed clips, a whole batch at a time, from one explicit generator.

Each function draws on the CPU, so that a seed gives the same crops on every device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from .config import AugmentConfig
from .layout import ANATOMY, NUM_JOINTS, SPINE_SHOULDER
from .preprocess import path_matrix, rebuild, rotate_about_y

CLIPS_IN_CACHE = 32


@dataclass(frozen=True)
class Draws:
    """What one random crop of each of N clips is made with; None where a change is switched off.

    Attributes:
        bone_factors: float (N, V).
        first_frame: int64 (N,), first frame of the temporal crop.
        shears: float (N, 6), coefficients, see `shear`.
        angles: float (N,), rotations about the vertical, radians.
    """

    bone_factors: Tensor | None
    first_frame: Tensor | None
    shears: Tensor | None
    angles: Tensor | None

    def of(self, part: slice) -> Draws:
        """Those of some of the clips."""
        drawn = (self.bone_factors, self.first_frame, self.shears, self.angles)
        return Draws(*(None if numbers is None else numbers[part] for numbers in drawn))


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
    draws = draw(len(x_NCTVM) if total is None else total, x_NCTVM.shape[2], config, generator)
    return apply(x_NCTVM, draws.of(slice(first, first + len(x_NCTVM))), config)


def draw(clips: int, frames: int, config: AugmentConfig, generator: Generator) -> Draws:
    """Everything random about one crop of each clip, on the CPU."""
    bones = start = shears = angles = None
    if config.bone_scale:
        bones = 1 + uniform((clips, NUM_JOINTS), config.bone_scale, generator)
    if config.crop_ratio:
        start = torch.randint(0, 2 * (frames // config.crop_ratio) + 1, (clips,), generator=generator)
    if config.shear:
        shears = uniform((clips, 6), config.shear, generator)
    if config.rotation:
        angles = uniform((clips,), math.radians(config.rotation), generator)
    return Draws(bones, start, shears, angles)


def apply(x_NCTVM: Tensor, draws: Draws, config: AugmentConfig) -> Tensor:
    """Make the crops that were drawn: `scale_bones`, `temporal_crop`, `shear` and `rotate`, joined.

    Bone lengths are one linear map over joints, shear and rotation one over coordinates. On the CPU a few
    clips at a time stay in cache.
    """
    n = len(x_NCTVM)
    x, out = x_NCTVM.contiguous(), torch.empty_like(x_NCTVM, memory_format=torch.contiguous_format)
    index, joints, space = crop_rows(draws, x, config), joint_maps(draws), space_maps(draws)
    rows = x.flatten(3).flatten(0, 2)
    size = CLIPS_IN_CACHE if x.device.type == "cpu" else max(n, 1)
    held = torch.empty_like(rows[: size * x.shape[1] * x.shape[2]])
    for first in range(0, n, size):
        part = slice(first, first + size)
        piece = x[part]
        if index is not None:
            chosen = index[part].flatten()
            piece = torch.index_select(rows, 0, chosen, out=held[: len(chosen)]).view(piece.shape)
        if joints is not None:
            piece = torch.einsum("nwv,nctvm->nctwm", joints[part].to(x), piece)
        if space is None:
            out[part] = piece
        else:
            torch.bmm(space[part].to(x), piece.flatten(2), out=out[part].flatten(2))
    return out


def crop_rows(draws: Draws, x_NCTVM: Tensor, config: AugmentConfig) -> Tensor | None:
    """int64 (N, 3, T): for every row of joints of the crops, the row of the clips that it is."""
    if draws.first_frame is None:
        return None
    n, coordinates, frames = x_NCTVM.shape[:3]
    frame = cropped_frames(draws.first_frame, frames, frames // config.crop_ratio)
    row = torch.arange(n * coordinates).view(n, coordinates, 1) * frames
    return (row + frame[:, None]).to(x_NCTVM.device)


def joint_maps(draws: Draws) -> Tensor | None:
    """(N, V, V): `scale_bones` as a linear map over joints."""
    if draws.bone_factors is None:
        return None
    path, unit = path_matrix(), torch.eye(NUM_JOINTS)
    maps = (path * draws.bone_factors[:, None]) @ (unit - unit[list(ANATOMY)]) + unit[0]
    return maps + unit[SPINE_SHOULDER] - maps[:, SPINE_SHOULDER, None]


def space_maps(draws: Draws) -> Tensor | None:
    """(N, 3, 3): shear, then rotation, as one linear map over coordinates."""
    shears = None if draws.shears is None else shear_matrices(draws.shears)
    if draws.angles is None:
        return shears
    turns = rotate_about_y(torch.eye(3).expand(len(draws.angles), 3, 3), draws.angles).mT
    return turns if shears is None else turns @ shears


def temporal_crop(x_NCTVM: Tensor, start_N: Tensor, padding: int) -> Tensor:
    """T frames from `start` of the clip with `padding` frames mirrored at both ends, edge frame included.

    Args:
        x_NCTVM: float (N, 3, T, V, M).
        start_N: int64 (N,), from 0 to 2 * padding.
        padding: frames mirrored at each end, at most T.
    """
    n, _, frames, _, _ = x_NCTVM.shape
    index = cropped_frames(start_N, frames, padding)
    clip = torch.arange(n, device=x_NCTVM.device)[:, None]
    return x_NCTVM.transpose(1, 2)[clip, index].transpose(1, 2)


def cropped_frames(start_N: Tensor, frames: int, padding: int) -> Tensor:
    """int64 (N, T): which frame of its clip each frame of a crop is."""
    index = start_N[:, None] + torch.arange(frames, device=start_N.device) - padding
    index = torch.where(index < 0, -index - 1, index)
    return torch.where(index >= frames, 2 * frames - 1 - index, index)


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
