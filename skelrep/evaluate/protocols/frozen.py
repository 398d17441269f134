"""Protocols on frozen vectors.

Axes: N clips, D features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ...errors import EvaluationError
from ...record import check_fields
from ..few_labels import Classifier, draw_share, draw_shots, few_shot, semi_supervised
from ..linear import linear_evaluation
from ..probes import knn_probe, linear_probe, ridge_probe
from ..task import ProbeResult
from .base import Protocol


@dataclass(frozen=True, eq=False, kw_only=True)
class Vectors:
    """Frozen vectors of one fold with their labels.

    Attributes:
        train_x, test_x: (N, D); `parts` views of D / parts numbers one after another.
        train_y, test_y: (N,) labels.
        parts: 1 where the vector is one piece.
    """

    train_x: NDArray[Any]
    train_y: NDArray[Any]
    test_x: NDArray[Any]
    test_y: NDArray[Any]
    parts: int = 1


class VectorProtocol(Protocol):
    """A protocol on frozen vectors."""

    def run(self, vectors: Vectors, seed: int) -> ProbeResult:
        """Fit on training vectors, and test."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class LinearEvaluation(VectorProtocol):
    """`linear_evaluation`: the published recipe."""

    epochs: int = 100
    decay_epoch: int = 80
    learning_rate: float = 3.0
    batch_size: int = 128
    seeded = True

    @property
    def title(self) -> str:
        return "linear evaluation"

    def run(self, vectors: Vectors, seed: int) -> ProbeResult:
        return linear_evaluation(
            *_arrays(vectors), parts=vectors.parts, epochs=self.epochs, decay_epoch=self.decay_epoch,
            learning_rate=self.learning_rate, batch_size=self.batch_size, seed=seed,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LogisticProbe(VectorProtocol):
    """`linear_probe` on the concatenated vector (needs scikit-learn)."""

    C: float = 0.1

    @property
    def title(self) -> str:
        return "logistic"

    def run(self, vectors: Vectors, seed: int) -> ProbeResult:
        del seed
        return linear_probe(*_arrays(vectors), C=self.C)


@dataclass(frozen=True, kw_only=True)
class RidgeProbe(VectorProtocol):
    """`ridge_probe`."""

    alpha: float = 1000.0

    @property
    def title(self) -> str:
        return "ridge"

    def run(self, vectors: Vectors, seed: int) -> ProbeResult:
        del seed
        return ridge_probe(*_arrays(vectors), alpha=self.alpha)


@dataclass(frozen=True, kw_only=True)
class NearestNeighbours(VectorProtocol):
    """`knn_probe`: k nearest by cosine, weighted."""

    k: int = 1
    temperature: float = 0.07

    @property
    def title(self) -> str:
        return f"{self.k}-NN"

    def check(self, train_y: NDArray[Any]) -> None:
        if self.k > len(train_y):
            raise EvaluationError(
                f"{self.title} needs {self.k} training clips, and a fold has {len(train_y)}. Ask for fewer "
                "neighbours: '1-nn', or NearestNeighbours(k=...)."
            )

    def run(self, vectors: Vectors, seed: int) -> ProbeResult:
        del seed
        return knn_probe(*_arrays(vectors), k=self.k, temperature=self.temperature)


@dataclass(frozen=True, kw_only=True)
class FewShot(VectorProtocol):
    """`few_shot`, over many episodes, each with its own seed."""

    shots: int = 5
    episodes: int = 100
    classifier: Classifier = "centroid"
    seeded = True

    def __post_init__(self) -> None:
        check_fields(self, positive=("shots", "episodes"))

    @property
    def title(self) -> str:
        return f"{self.shots}-shot"

    def seeds(self, seeds: Sequence[int]) -> tuple[int, ...]:
        return tuple(range(seeds[0], seeds[0] + self.episodes))

    def check(self, train_y: NDArray[Any]) -> None:
        draw_shots(train_y, self.shots, 0)

    def run(self, vectors: Vectors, seed: int) -> ProbeResult:
        return few_shot(*_arrays(vectors), shots=self.shots, seed=seed, classifier=self.classifier)


@dataclass(frozen=True, kw_only=True)
class SemiSupervised(VectorProtocol):
    """`semi_supervised` on frozen vectors."""

    share: float = 0.1
    classifier: Classifier = "ridge"
    seeded = True

    @property
    def title(self) -> str:
        return f"{100 * self.share:g} % of labels"

    def check(self, train_y: NDArray[Any]) -> None:
        draw_share(train_y, self.share, 0)

    def run(self, vectors: Vectors, seed: int) -> ProbeResult:
        return semi_supervised(*_arrays(vectors), share=self.share, seed=seed, classifier=self.classifier)


def _arrays(vectors: Vectors) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    return vectors.train_x, vectors.train_y, vectors.test_x, vectors.test_y
