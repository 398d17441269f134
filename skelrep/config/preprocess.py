"""How raw coordinates become network input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import ConfigError
from ..record import Record, check_fields, short
from .recipe import Recipe

Centring = Literal["body", "pair"]
BoneLengths = Literal["keep", "kinect"]

MAX_FRAMES = 10_000


@dataclass(frozen=True, kw_only=True)
class PreprocessConfig(Record):
    """How raw coordinates become network input.

    Attributes:
        recipe_name: decides alignment (see `skelrep.preprocess`).
        frames: every clip is resized to this many frames.
        centring: ``"body"`` centres each body on its own SpineShoulder in every frame (published; two bodies
            lose their relative position); ``"pair"`` centres both on the first body's.
        bone_lengths: ``"keep"``, or ``"kinect"`` to give every body the bone lengths of a median Kinect v2
            body, so that body shape cannot serve as a shortcut.

    Raises:
        ConfigError: an impossible value.

    Example:
        >>> PreprocessConfig.recipe("faithful").bone_lengths
        'keep'
    """

    recipe_name: Recipe = "fixed"
    frames: int = 50
    centring: Centring = "body"
    bone_lengths: BoneLengths = "kinect"

    def __post_init__(self) -> None:
        check_fields(self, positive=("frames",))
        if self.frames > MAX_FRAMES:  # a model's file must not decide how much memory a clip takes
            raise ConfigError(f"frames is {short(self.frames)}; expected at most {MAX_FRAMES}.")

    @classmethod
    def recipe(cls, name: Recipe) -> PreprocessConfig:
        """The preprocessing of a recipe."""
        return cls(recipe_name=name, bone_lengths="keep" if name == "faithful" else "kinect")
