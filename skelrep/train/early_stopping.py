"""Stop pretraining when the nearest neighbours of a few labelled clips stop improving."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..config import PreprocessConfig
from ..errors import ConfigError, ShapeError
from ..models import SkeletonEncoder
from ..preprocess import preprocess
from .distributed import Group

BATCH = 64


@dataclass(frozen=True, kw_only=True)
class KnnMonitor:
    """What `train_crossclr` watches: leave-one-out 1-NN accuracy (cosine) of labelled clips after each epoch.

    The labels never reach the loss; they only choose when to stop and which epoch's weights to keep.

    Attributes:
        clips: anything that holds clips; a few hundred are enough. Not clips you will test on.
        labels: one a clip; at least two clips share one.
        patience: epochs without a new best before training stops.
    """

    clips: object
    labels: Sequence[Hashable]
    patience: int = 5

    def __post_init__(self) -> None:
        if not isinstance(self.patience, int) or self.patience < 1:
            raise ConfigError(f"KnnMonitor.patience is {self.patience!r}; expected 1 or more epochs.")
        labels = list(self.labels)
        if len(set(labels)) < 2 or len(set(labels)) == len(labels):
            raise ConfigError(
                f"KnnMonitor.labels has {len(labels)} labels of {len(set(labels))} classes; expected two "
                "or more classes, one of them with two clips: only then can a neighbour share a label."
            )


class EarlyStopping:
    """The running state of a `KnnMonitor`: accuracies so far, and the weights of the best epoch.

    Args:
        monitor: what to watch.
        config: preprocessing of the model in training.
        device: where it trains.
        group: the processes that train together; the first one judges for all.
    """

    def __init__(
        self, monitor: KnnMonitor, config: PreprocessConfig, device: torch.device, group: Group | None = None
    ) -> None:
        self.group = Group.single() if group is None else group
        self.patience = monitor.patience
        self.x = preprocess(monitor.clips, config).to(device)
        self.classes = class_numbers(monitor.labels).to(device)
        if len(self.x) != len(self.classes):
            raise ShapeError(
                f"KnnMonitor has {len(self.x)} clips and {len(self.classes)} labels; expected as many."
            )
        self.accuracies: list[float] = []
        self.best_weights: dict[str, Tensor] = {}

    @property
    def best_epoch(self) -> int:
        """The first epoch (1-based) of the highest accuracy; 0 before any."""
        return int(np.argmax(self.accuracies)) + 1 if self.accuracies else 0

    @property
    def stopped(self) -> bool:
        """Whether `patience` epochs have passed without a new best."""
        return len(self.accuracies) - self.best_epoch >= self.patience

    def update(self, encoder: SkeletonEncoder) -> None:
        """Judge the weights after one more epoch, and keep them where they are the best so far."""
        self.accuracies.append(self.group.from_main(lambda: self.judge(encoder)))
        if self.best_epoch == len(self.accuracies):
            self.best_weights = {name: t.detach().clone() for name, t in encoder.state_dict().items()}

    @torch.inference_mode()
    def judge(self, encoder: SkeletonEncoder) -> float:
        """Leave-one-out 1-NN accuracy of the monitor's clips."""
        vectors = torch.cat([encoder(batch) for batch in torch.split(self.x, BATCH)])
        return leave_one_out(vectors, self.classes)

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {"accuracies": list(self.accuracies), "best_weights": self.best_weights}

    def load_state(self, state: dict[str, Any]) -> None:
        """Stand where a checkpoint was written."""
        self.accuracies, self.best_weights = list(state["accuracies"]), dict(state["best_weights"])

    def identity(self) -> dict[str, Any]:
        """What must be equal for a run to go on."""
        digest = hashlib.sha256(self.x.cpu().numpy().tobytes() + self.classes.cpu().numpy().tobytes())
        return {"patience": self.patience, "data": digest.hexdigest()[:16]}


def leave_one_out(vectors: Tensor, classes: Tensor) -> float:
    """Share of rows (N, D) whose nearest other row by cosine has the same class (N,)."""
    unit = torch.nn.functional.normalize(vectors.float(), dim=1)
    similarity = (unit @ unit.T).fill_diagonal_(-2)
    return float((classes[similarity.argmax(dim=1)] == classes).float().mean())


def class_numbers(labels: Sequence[Hashable]) -> Tensor:
    """Labels of any kind as int64 (N,), numbered by first appearance."""
    numbers: dict[Hashable, int] = {}
    return torch.tensor([numbers.setdefault(label, len(numbers)) for label in labels])
