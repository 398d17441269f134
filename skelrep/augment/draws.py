"""Everything random about a batch of crops, drawn at once on the CPU."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Generator, Tensor

from ..config import AugmentConfig
from ..layout import NUM_JOINTS, SPINE_SHOULDER

PIECES = 4  # of the time warp
KNOTS = 5  # of the drift


@dataclass(frozen=True, kw_only=True)
class Draws:
    """What one random crop of each of N clips is made with; None where a change is switched off.

    Attributes:
        bone_factors: float (N, V).
        first_frame: int64 (N,), first frame of the temporal crop.
        shears: float (N, 6), coefficients, see `shear`.
        angles: float (N,), rotations about the vertical, radians.
        tilts: float (N, 2), direction of a horizontal axis and rotation about it, radians, see `tilt`.
        speeds: float (N, PIECES), relative to each other, see `warp_time`.
        amplitudes: float (N,), factors of all motion.
        drifts: float (N, KNOTS, 3, V, M), metres, see `add_drift`.
        frozen_joints: bool (N, V).
        frozen_axes: bool (N, 3), at most one a clip.
        mirrored: bool (N,).
        partners: int64 (N,), the clip of the batch whose legs it gets; -1 where it keeps its own.
    """

    bone_factors: Tensor | None = None
    first_frame: Tensor | None = None
    shears: Tensor | None = None
    angles: Tensor | None = None
    tilts: Tensor | None = None
    speeds: Tensor | None = None
    amplitudes: Tensor | None = None
    drifts: Tensor | None = None
    frozen_joints: Tensor | None = None
    frozen_axes: Tensor | None = None
    mirrored: Tensor | None = None
    partners: Tensor | None = None

    def of(self, part: slice) -> Draws:
        """Those of some of the clips."""
        drawn = {field.name: getattr(self, field.name) for field in fields(self)}
        return Draws(**{name: None if numbers is None else numbers[part] for name, numbers in drawn.items()})


def draw(clips: int, frames: int, config: AugmentConfig, generator: Generator, bodies: int = 1) -> Draws:
    """Everything random about one crop of each clip.

    Args:
        clips, frames, bodies: N, T and M of the batch.
        config: amplitudes; for a zero nothing is drawn.
        generator: a CPU generator.
    """
    g, knots = generator, (clips, KNOTS, 3, NUM_JOINTS, bodies)
    starts = 2 * (frames // config.crop_ratio) + 1 if config.crop_ratio else 0
    # Drawn in this order: a change that is added comes last, so that it leaves the others' draws alone.
    return Draws(
        bone_factors=1 + uniform((clips, NUM_JOINTS), config.bone_scale, g) if config.bone_scale else None,
        first_frame=torch.randint(0, starts, (clips,), generator=g) if starts else None,
        shears=uniform((clips, 6), config.shear, g) if config.shear else None,
        angles=uniform((clips,), math.radians(config.rotation), g) if config.rotation else None,
        tilts=draw_tilts(clips, math.radians(config.tilt), g) if config.tilt else None,
        speeds=uniform((clips, PIECES), config.speed, g).exp() if config.speed else None,
        amplitudes=1 + uniform((clips,), config.amplitude, g) if config.amplitude else None,
        drifts=draw_drifts(knots, config.jitter, g) if config.jitter else None,
        frozen_joints=chance((clips, NUM_JOINTS), config.joint_mask, g) if config.joint_mask else None,
        frozen_axes=draw_axes(clips, config.axis_mask, g) if config.axis_mask else None,
        mirrored=chance((clips,), config.mirror, g) if config.mirror else None,
        partners=draw_partners(clips, config.part_mix, g) if config.part_mix else None,
    )


def draw_tilts(clips: int, limit: float, generator: Generator) -> Tensor:
    """(N, 2): any direction, and an angle up to `limit`; both in radians."""
    direction = uniform((clips,), math.pi, generator)
    return torch.stack((direction, uniform((clips,), limit, generator)), dim=1)


def draw_drifts(shape: tuple[int, ...], deviation: float, generator: Generator) -> Tensor:
    """Normal draws for every knot, coordinate, joint and body, but none for the joint at the origin."""
    drifts = deviation * torch.randn(shape, generator=generator)
    drifts[..., SPINE_SHOULDER, :] = 0
    return drifts


def draw_axes(clips: int, probability: float, generator: Generator) -> Tensor:
    """bool (N, 3): in some clips one of the axes."""
    axis = torch.randint(0, 3, (clips, 1), generator=generator)
    return (axis == torch.arange(3)) & chance((clips, 1), probability, generator)


def draw_partners(clips: int, probability: float, generator: Generator) -> Tensor:
    """int64 (N,): another clip, any of them alike, or -1; a clip alone has none."""
    further = torch.randint(1, max(clips, 2), (clips,), generator=generator)
    chosen = chance((clips,), probability, generator) & (clips > 1)
    return torch.where(chosen, (torch.arange(clips) + further) % max(clips, 1), -1)


def uniform(shape: tuple[int, ...], limit: float, generator: Generator) -> Tensor:
    """float32 draws from U(-limit, limit)."""
    return (2 * torch.rand(shape, generator=generator) - 1) * limit


def chance(shape: tuple[int, ...], probability: float, generator: Generator) -> Tensor:
    """bool draws, true with this probability."""
    return torch.rand(shape, generator=generator) < probability
