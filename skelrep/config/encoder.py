"""Architecture of an encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ..errors import ConfigError
from ..record import Record, check_fields, short
from .recipe import Recipe

View = Literal["joint", "motion", "bone"]
Pooling = Literal["mean", "mean_std", "parts", "parts_std"]

VIEWS: tuple[View, ...] = get_args(View)
NUM_BLOCKS = 10


@dataclass(frozen=True, kw_only=True)
class EncoderConfig(Record):
    """Architecture of a `SkeletonEncoder`: one ST-GCN a view, and what its vector is made of.

    Attributes:
        recipe_name: ``"fixed"`` uses true graph partitions and leaves absent bodies out; ``"faithful"``
            repeats the published partitions and averages over both body slots, present or not.
        views: one to three of joint, motion, bone, in this order.
        base_channels: channels of blocks 1-4; blocks 5-7 have twice, 8-9 four times as many.
        feature_channels: channels of block 10, and of the hidden layer of the heads in pretraining.
        dropout: dropout after each temporal convolution but the first block's, in training.
        blocks: how many of the ten blocks there are; a vector that needs fewer carries no weights in vain.
        feature_blocks: the blocks whose outputs feed the vector, in rising order: each is pooled, and the
            results are concatenated. 0 is the input after its normalisation. Blocks after the last one named
            are not computed.
        pooling: of every block but 0, which keeps 25 joints x 8 time segments apart, and adds the deviation
            over time of each joint. ``"mean"`` over time and joints (published); ``"mean_std"`` adds the
            deviation over time; ``"parts"`` concatenates means over 3 time segments x 5 body parts;
            ``"parts_std"`` adds to these, for each part, the deviation over time of the part's mean.
        whitening: 0, or the length of the vector after an affine map that is kept in the weights; see
            `skelrep.fit_whitening`.
    """

    recipe_name: Recipe = "fixed"
    views: tuple[View, ...] = VIEWS
    base_channels: int = 16
    feature_channels: int = 256
    dropout: float = 0.0
    blocks: int = NUM_BLOCKS
    feature_blocks: tuple[int, ...] = (NUM_BLOCKS,)
    pooling: Pooling = "mean"
    whitening: int = 0

    def __post_init__(self) -> None:
        check_fields(
            self, positive=("base_channels", "feature_channels", "blocks"), non_negative=("whitening",)
        )
        if not self.views or self.views != tuple(v for v in VIEWS if v in self.views):
            raise ConfigError(
                f"views is {short(self.views)}; expected one to three of {VIEWS}, each once, in this order."
            )
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout is {short(self.dropout)}; expected 0 <= dropout < 1.")
        if self.blocks > NUM_BLOCKS:
            raise ConfigError(f"blocks is {short(self.blocks)}; expected 1-{NUM_BLOCKS}.")
        if not self.feature_blocks or list(self.feature_blocks) != sorted({*self.feature_blocks}):
            raise ConfigError(
                f"feature_blocks is {short(self.feature_blocks)}; expected one or more numbers, each once, "
                "in rising order."
            )
        if self.feature_blocks[0] < 0 or self.feature_blocks[-1] > self.blocks:
            raise ConfigError(
                f"feature_blocks is {short(self.feature_blocks)}; expected numbers from 0 (the input) to "
                f"{self.blocks}, the encoder's blocks."
            )

    @classmethod
    def recipe(cls, name: Recipe) -> EncoderConfig:
        """The architecture of a recipe."""
        return cls(recipe_name=name, dropout=0.5 if name == "faithful" else 0.0)
