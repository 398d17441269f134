"""One random crop of every clip of a batch."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from ..config import AugmentConfig
from ..errors import ConfigError
from .body import joint_maps, mix_lower_bodies
from .draws import Draws, draw
from .motion import add_drift, gains, scale_motion
from .space import space_maps
from .timing import crop_rows

CLIPS_IN_CACHE = 32


def augment(
    x_NCTVM: Tensor,
    config: AugmentConfig,
    generator: Generator,
    *,
    total: int | None = None,
    first: int = 0,
    batch: Tensor | None = None,
) -> Tensor:
    """One random crop of every clip.

    The changes, in this order: legs of another clip, mirror, bone lengths; temporal crop, speed; shear,
    rotation, tilt; drift; amplitude, frozen joints, frozen axis.

    Args:
        x_NCTVM: float (N, 3, T, V, M), preprocessed, metres.
        config: amplitudes and probabilities; a zero switches a change off.
        generator: a CPU generator; the same state gives the same crops.
        total, first: these are the N clips from `first` on of a batch of `total`, and get the crops that they
            would get within it; by default they are the batch.
        batch: float (total, 3, T, V, M), all clips of the batch; needed only where these are a part of it and
            `config.part_mix` takes legs from any of them.

    Returns:
        float (N, 3, T, V, M); absent (zero) bodies stay zero.

    Raises:
        ConfigError: `config.part_mix` without the whole batch.

    Source:
        Crop and shear: Rao et al. 2021 as used by Li et al., CVPR 2021, section 4.2.

    Example:
        >>> x = torch.randn(2, 3, 50, 25, 1)
        >>> augment(x, AugmentConfig(), torch.Generator().manual_seed(0)).shape
        torch.Size([2, 3, 50, 25, 1])
    """
    n, _, frames, _, bodies = x_NCTVM.shape
    total = n if total is None else total
    draws = draw(total, frames, config, generator, bodies).of(slice(first, first + n))
    if draws.partners is not None:
        others = x_NCTVM if batch is None else batch
        if len(others) != total:
            raise ConfigError(
                f"part_mix takes legs from any of the batch's {total} clips, but {len(others)} were given. "
                "Pass all of them as batch=, or set part_mix to 0."
            )
        x_NCTVM = mix_lower_bodies(x_NCTVM, others, draws.partners.to(x_NCTVM.device))
    return apply(x_NCTVM, draws, config)


def apply(x_NCTVM: Tensor, draws: Draws, config: AugmentConfig) -> Tensor:
    """Make the crops that were drawn, but for the legs of other clips, joining what is linear.

    Mirror and bone lengths are one map over joints, crop and speed one choice of frames, shear, rotation,
    tilt and the mirror's sign one map over coordinates, amplitude and masks one factor. On the CPU a few
    clips at a time stay in cache.
    """
    n = len(x_NCTVM)
    x, out = x_NCTVM.contiguous(), torch.empty_like(x_NCTVM, memory_format=torch.contiguous_format)
    index, joints, space, gain = (
        crop_rows(draws, x, config),
        joint_maps(draws),
        space_maps(draws),
        gains(draws),
    )
    rows = x.flatten(3).flatten(0, 2)
    size = CLIPS_IN_CACHE if x.device.type == "cpu" else max(n, 1)
    held = torch.empty_like(rows[: size * x.shape[1] * x.shape[2]])
    for first in range(0, n, size):
        part = slice(first, first + size)
        piece = x[part]
        if index is not None:
            piece = index.take(rows, part, held).view(piece.shape)
        if joints is not None:
            piece = torch.einsum("nwv,nctvm->nctwm", joints[part].to(x), piece)
        if space is None:
            out[part] = piece
        else:
            torch.bmm(space[part].to(x), piece.flatten(2), out=out[part].flatten(2))
        if draws.drifts is not None:
            out[part] = add_drift(out[part], draws.drifts[part])
        if gain is not None:
            out[part] = scale_motion(out[part], gain[part])
    return out
