"""What a fine-tuning run is asked for, and what is stored of it: strict records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ..config import FORMAT_VERSION, AugmentConfig, ModelConfig
from ..errors import ConfigError
from ..record import Record, check_fields

Mode = Literal["linear", "full", "gradual"]
UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class FinetuneSettings(Record):
    """The options of `skelrep.finetune`, checked; their meaning is written there."""

    mode: Mode = "linear"
    validation: float = 0.2
    epochs: int = 40
    learning_rate: float = 3e-4
    weight_decay: float = 1e-4
    batch_size: int = 32
    patience: int = 10
    C: float = 0.1
    unknown: bool = False
    false_reject_rate: float = 0.05
    seed: int = 0
    # Half as strong as in pretraining, where the crops' class does not matter.
    augment: AugmentConfig = field(
        default_factory=lambda: AugmentConfig(shear=0.25, rotation=15.0, bone_scale=0.1)
    )

    def __post_init__(self) -> None:
        check_fields(
            self,
            positive=("epochs", "learning_rate", "batch_size", "patience", "C"),
            non_negative=("weight_decay", "seed"),
        )
        if not 0 <= self.validation <= 0.5:
            raise ConfigError(f"validation is {self.validation}; expected a share from 0 to 0.5.")
        if not 0 < self.false_reject_rate < 1:
            raise ConfigError(
                f"false_reject_rate is {self.false_reject_rate}; expected a share between 0 and 1."
            )
        if self.unknown and self.validation == 0:
            raise ConfigError(
                "unknown=True with validation=0: the threshold is measured on held-out clips. Hold some out."
            )


@dataclass(frozen=True, kw_only=True)
class FinetuneReport(Record):
    """What came of a fine-tuning run.

    Attributes:
        mode: linear, full or gradual.
        clips: how many were given.
        held_out: how many of them were predicted while held out.
        accuracy: share of the held-out clips whose class was found; 0 where none was held out.
        best_epoch: whose weights were kept, counted from 1 through all phases; 0 where no epoch was better
            than the head alone, and with ``"linear"``.
    """

    mode: Mode = "linear"
    clips: int = 0
    held_out: int = 0
    accuracy: float = 0.0
    best_epoch: int = 0

    def __post_init__(self) -> None:
        check_fields(self, non_negative=("clips", "held_out", "accuracy", "best_epoch"))


@dataclass(frozen=True, kw_only=True)
class ClassifierConfig(Record):
    """Everything `config.json` of a saved classifier holds.

    Attributes:
        model: the encoder's architecture and preprocessing.
        classes: K labels, all text or all whole numbers, sorted.
        temperature: logits are divided by it.
        unknown: whether clips may be called unknown.
        threshold: novelty above which they are.
        false_reject_rate: the share of known clips that this was to concern.
        report: how the classifier was made.
    """

    classes: tuple[object, ...] = ()
    temperature: float = 1.0
    report: FinetuneReport = field(default_factory=FinetuneReport)
    format_version: int = FORMAT_VERSION
    model: ModelConfig = field(default_factory=ModelConfig)
    unknown: bool = False
    threshold: float = 0.0
    false_reject_rate: float = 0.05

    def __post_init__(self) -> None:
        check_fields(self, positive=("temperature",))
        kinds = {type(label) for label in self.classes}
        if kinds not in ({str}, {int}) or len(set(self.classes)) < max(2, len(self.classes)):
            raise ConfigError(
                f"classes is {list(self.classes)!r:.80}; expected two or more different labels, all text or "
                "all whole numbers."
            )
