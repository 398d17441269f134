"""Random changes that make two crops of one clip."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ..errors import ConfigError
from ..record import Record, check_fields, short


@dataclass(frozen=True, kw_only=True)
class AugmentConfig(Record):
    """Random changes that make two crops of one clip.

    Attributes:
        shear: largest shear coefficient, uniform in [-shear, shear].
        crop_ratio: frames // crop_ratio frames are mirrored at both ends before a random crop; 0 switches
            the crop off.
        rotation: largest rotation about the vertical, degrees.
        bone_scale: largest relative change of bone lengths, one draw a clip and a bone.
        tilt: largest rotation about a horizontal axis of any direction, degrees.
        speed: time runs in four pieces, each at a speed of its own: log-uniform in exp(-speed) to exp(speed)
            before they are scaled to make the clip's length.
        amplitude: largest relative change of how far all joints move from their mean over time.
        jitter: standard deviation, in metres, of a slow drift of every joint.
        joint_mask: probability that a joint is frozen at its mean over time.
        axis_mask: probability that one coordinate of all joints is frozen at its mean over time.
        part_mix: probability that both legs are replaced by those of another clip of the batch.
        mirror: probability that left and right change places.
    """

    shear: float = 0.5
    crop_ratio: int = 6
    rotation: float = 0.0
    bone_scale: float = 0.0
    tilt: float = 0.0
    speed: float = 0.0
    amplitude: float = 0.0
    jitter: float = 0.0
    joint_mask: float = 0.0
    axis_mask: float = 0.0
    part_mix: float = 0.0
    mirror: float = 0.0

    def __post_init__(self) -> None:
        names = tuple(f.name for f in fields(self))
        check_fields(self, non_negative=names)
        for name in ("amplitude", "joint_mask", "axis_mask", "part_mix", "mirror"):
            if getattr(self, name) > 1:
                raise ConfigError(f"{name} is {short(getattr(self, name))}; expected a share from 0 to 1.")
