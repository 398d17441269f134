"""One CrosSCLR pretraining run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ..errors import ConfigError
from ..record import Record, check_fields, short
from .augment import AugmentConfig
from .encoder import EncoderConfig
from .preprocess import PreprocessConfig
from .recipe import Recipe

Precision = Literal["auto", "float32", "bfloat16"]
OnBadClip = Literal["raise", "skip"]


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

    Raises:
        ConfigError: an impossible value, or records of different recipes.

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
