"""Protocols that train a network on clips: fine-tuning, and from scratch beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ...classifier.finetune import DEFAULT
from ...classifier.settings import Mode
from ...clips import Clip
from ...config import ModelConfig
from ...models import SkeletonEncoder
from ..few_labels import draw_share
from ..splits import Fold
from ..supervised import finetune_evaluation, scratch_evaluation
from ..task import ProbeResult
from .base import Protocol


class ClipProtocol(Protocol):
    """A protocol that trains a network on clips."""

    seeded = True
    share: float

    @property
    def title(self) -> str:
        return "fine-tuning" + ("" if self.share == 1 else f", {100 * self.share:g} % of labels")

    def check(self, train_y: NDArray[Any]) -> None:
        draw_share(train_y, self.share, 0)


@dataclass(frozen=True, kw_only=True)
class FineTuning(ClipProtocol):
    """`finetune_evaluation`."""

    share: float = 1.0
    mode: Mode = "full"
    epochs: int = 40
    learning_rate: float = DEFAULT.learning_rate

    def run(
        self, model: SkeletonEncoder, clips: Sequence[Clip], labels: NDArray[Any], fold: Fold, seed: int,
        device: str | None,
    ) -> ProbeResult:  # fmt: skip
        """Fine-tune on training clips, and test."""
        return finetune_evaluation(
            model, clips, labels, fold, share=self.share, mode=self.mode, epochs=self.epochs,
            learning_rate=self.learning_rate, seed=seed, device=device,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class FromScratch(ClipProtocol):
    """`scratch_evaluation`: supervised training of the same architecture, the baseline of fine-tuning."""

    share: float = 1.0
    epochs: int = 100
    learning_rate: float = 2e-3

    def run(
        self, config: ModelConfig, clips: Sequence[Clip], labels: NDArray[Any], fold: Fold, seed: int,
        device: str | None,
    ) -> ProbeResult:  # fmt: skip
        """Train on training clips, and test."""
        return scratch_evaluation(
            config, clips, labels, fold, share=self.share, epochs=self.epochs,
            learning_rate=self.learning_rate, seed=seed, device=device,
        )  # fmt: skip
