"""Frozen configuration records, their recipes, and strict reading from JSON.

A model's record holds its architecture *and* its preprocessing, so that training and encoding cannot drift.
Two recipes exist: ``"fixed"`` (default; the published bugs repaired) and ``"faithful"`` (what the published
code computes). They are one name in the record, not a set of flags.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Literal, get_args

from .errors import ConfigError
from .record import Record, check_fields, short

FORMAT_VERSION = 1

Recipe = Literal["fixed", "faithful"]
View = Literal["joint", "motion", "bone"]
Pooling = Literal["mean", "mean_std", "parts", "parts_std"]
Centring = Literal["body", "pair"]
BoneLengths = Literal["keep", "kinect"]
Precision = Literal["auto", "float32", "bfloat16"]
OnBadClip = Literal["raise", "skip"]

VIEWS: tuple[View, ...] = get_args(View)
NUM_BLOCKS = 10
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


@dataclass(frozen=True, kw_only=True)
class ModelConfig(Record):
    """Everything `config.json` of a published model holds: architecture and preprocessing."""

    format_version: int = FORMAT_VERSION
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    preprocess: PreprocessConfig = field(default_factory=PreprocessConfig)

    def __post_init__(self) -> None:
        check_fields(self)
        if self.format_version != FORMAT_VERSION:
            raise ConfigError(
                f"config has format_version {short(self.format_version)}; this skelrep reads "
                f"{FORMAT_VERSION}. Upgrade skelrep, or load an older revision of the model."
            )


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


@dataclass(frozen=True, kw_only=True)
class PretrainConfig(Record):
    """One CrosSCLR pretraining run.

    Attributes:
        recipe_name: ``"faithful"`` trains with SGD and a step decay, shares the projection head as published
            and freezes keys in stage 2 as published; ``"fixed"`` trains with AdamW, warm-up and cosine decay,
            a head a view, and moves every key encoder in both stages.
        encoder, preprocess, augment: architecture, input, and the two random crops.
        batch_size: clips a step; a shorter last batch is used, not dropped.
        epochs: passes over the data.
        cross_view_epoch: first epoch (1-based) of stage 2, cross-view knowledge mining. One view has no
            stage 2.
        queue_size: negatives kept a view. ``"fixed"`` caps it at half the number of clips, so that few rows
            of the queue come from the query's own clip.
        momentum, temperature, top_k, context, projection_dim: as in the paper.
        learning_rate, weight_decay: of the optimiser.
        warmup_epochs: linear warm-up (``"fixed"``).
        decay_epoch: the learning rate is divided by 10 after this epoch (``"faithful"``).
        precision: ``"auto"`` is bfloat16 autocast on CUDA and float32 on the CPU.
        recompute: keep less for the backward pass and compute it again; the same results in less memory and
            more time.
        seed: fixes initial weights, order, augmentation and dropout.
        checkpoint_steps: steps between checkpoints (one more is written at the end).
        checkpoint_minutes: one is also written when the last is so old, so that a slow run loses little.
        keep_checkpoints: how many of the newest are kept.
        on_bad_clip: what happens to a clip that cannot be read or trained on (NaN, a file cut short):
            ``"raise"`` stops the run, ``"skip"`` goes on without it and tells which and why.

    Source:
        Li et al., "3D Human Action Representation Learning via Cross-View Consistency Pursuit", CVPR 2021.
    """

    recipe_name: Recipe = "fixed"
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    preprocess: PreprocessConfig = field(default_factory=PreprocessConfig)
    augment: AugmentConfig = field(default_factory=lambda: AugmentConfig(rotation=30.0, bone_scale=0.2))
    batch_size: int = 128
    epochs: int = 300
    cross_view_epoch: int = 151
    queue_size: int = 32768
    momentum: float = 0.999
    temperature: float = 0.07
    top_k: int = 1
    context: bool = True
    projection_dim: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    warmup_epochs: int = 10
    decay_epoch: int = 250
    precision: Precision = "auto"
    recompute: bool = False
    seed: int = 0
    checkpoint_steps: int = 500
    checkpoint_minutes: float = 10.0
    keep_checkpoints: int = 3
    on_bad_clip: OnBadClip = "raise"

    def __post_init__(self) -> None:
        positive = ("batch_size", "epochs", "queue_size", "top_k", "projection_dim", "checkpoint_steps")
        check_fields(
            self,
            positive=(
                *positive,
                "checkpoint_minutes",
                "keep_checkpoints",
                "temperature",
                "learning_rate",
                "cross_view_epoch",
            ),
            non_negative=("weight_decay", "warmup_epochs", "decay_epoch", "momentum", "seed"),
        )
        if self.momentum > 1:
            raise ConfigError(f"momentum is {short(self.momentum)}; expected 0 <= momentum <= 1.")
        if self.encoder.whitening:
            raise ConfigError(
                f"encoder.whitening is {self.encoder.whitening}; expected 0. Whiten after training, by "
                "skelrep.fit_whitening."
            )
        if not self.recipe_name == self.encoder.recipe_name == self.preprocess.recipe_name:
            raise ConfigError(
                f"recipes differ: pretraining {self.recipe_name!r}, encoder {self.encoder.recipe_name!r}, "
                f"preprocess {self.preprocess.recipe_name!r}. Start from PretrainConfig.recipe(...)."
            )

    @classmethod
    def recipe(cls, name: Recipe) -> PretrainConfig:
        """A recipe's configuration; change fields with `dataclasses.replace`.

        Example:
            >>> import dataclasses
            >>> config = dataclasses.replace(PretrainConfig.recipe("fixed"), epochs=20, cross_view_epoch=11)
            >>> config.epochs
            20
        """
        encoder, preprocess = EncoderConfig.recipe(name), PreprocessConfig.recipe(name)
        if name == "faithful":
            return cls(
                recipe_name=name,
                encoder=encoder,
                preprocess=preprocess,
                augment=AugmentConfig(),
                learning_rate=0.1,
            )
        return cls(recipe_name=name, encoder=encoder, preprocess=preprocess)
