"""`SkeletonClassifier`: an encoder, a linear head, and what is needed to say "unknown".

Axes: N clips, D features, K classes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..models import SkeletonEncoder
from .calibrate import Prototypes
from .head import Head
from .settings import UNKNOWN, ClassifierConfig

if TYPE_CHECKING:
    from ..hub import ModelCard, Pushed


@dataclass(frozen=True, eq=False, kw_only=True)
class Predictions:
    """What a classifier says of N clips.

    Attributes:
        labels: (N,) the answer: a class, or ``"unknown"`` (None where classes are numbers).
        best: (N,) the most probable class, unknown or not.
        probabilities: float64 (N, K), over the known classes; rows sum to 1.
        novelty: float64 (N,), distance from the nearest class's mean vector, in its clips' own scatter.
        unknown: bool (N,), novelty above the threshold; all False for a classifier without one.
    """

    labels: NDArray[Any]
    best: NDArray[Any]
    probabilities: NDArray[np.float64]
    novelty: NDArray[np.float64]
    unknown: NDArray[np.bool_]


class SkeletonClassifier:
    """Tells one's own classes apart; made by `skelrep.finetune`, read by `load_classifier`.

    Attributes:
        encoder: in eval mode, on the device where it computes.
        head: on the CPU.
        prototypes: on the CPU; measure novelty.
        config: classes, temperature, threshold and how the classifier was made.

    Example:
        >>> import skelrep
        >>> clips = [np.random.default_rng(kind).normal(size=(3, 20, 25, 1)) for kind in range(4)]
        >>> model = skelrep.SkeletonEncoder(skelrep.ModelConfig())
        >>> classifier = skelrep.finetune(model, clips, ["sit", "sit", "wave", "wave"])
        >>> classifier.classes_.tolist(), classifier.predict(clips).shape
        (['sit', 'wave'], (4,))
    """

    def __init__(
        self, encoder: SkeletonEncoder, head: Head, prototypes: Prototypes, config: ClassifierConfig
    ) -> None:
        self.encoder, self.head, self.prototypes, self.config = encoder, head, prototypes, config

    @property
    def classes_(self) -> NDArray[Any]:
        """The K known labels, sorted: columns of `predict_proba`."""
        return np.array(self.config.classes)

    @property
    def validation_accuracy(self) -> float | None:
        """Share of held-out clips whose class was found while they were held out; None without any."""
        return self.config.report.accuracy if self.config.report.held_out else None

    def predict(
        self, clips: object, *, batch_size: int = 64, device: str | torch.device | None = None
    ) -> NDArray[Any]:
        """The class of each clip, or unknown.

        Args:
            clips: anything `skelrep.encode` takes.
            batch_size: clips a forward pass.
            device: where to compute; by default where the encoder is.

        Returns:
            (N,) labels in the order given. A classifier made with ``unknown=True`` also answers
            ``"unknown"`` (where classes are text) or None (where they are numbers).

        Raises:
            ShapeError, InvalidClipError: a clip that cannot be used, named by its place.
            ConfigError: a device that cannot be used.
        """
        return self.predict_details(clips, batch_size=batch_size, device=device).labels

    def predict_proba(
        self, clips: object, *, batch_size: int = 64, device: str | torch.device | None = None
    ) -> NDArray[np.float64]:
        """Calibrated probabilities of the known classes: float64 (N, K), columns as in `classes_`.

        Arguments and errors are those of `predict`.
        """
        return self.predict_details(clips, batch_size=batch_size, device=device).probabilities

    def predict_details(
        self, clips: object, *, batch_size: int = 64, device: str | torch.device | None = None
    ) -> Predictions:
        """Labels, probabilities and novelty from one pass over the clips, as in `predict`."""
        from ..embed import encode

        vectors = encode(clips, self.encoder, batch_size=batch_size, device=device)
        return self.classify(torch.as_tensor(vectors))

    @torch.inference_mode()
    def classify(self, features_ND: Tensor) -> Predictions:
        """Predictions from vectors that its encoder made.

        Args:
            features_ND: float (N, D), unnormalised, on any device.
        """
        features = features_ND.cpu().float()
        logits = self.head(features).double() / self.config.temperature
        far = self.prototypes(self.head.standardise(features)).double().numpy()
        best = self.classes_[logits.argmax(dim=1).numpy()]
        unknown = (far > self.config.threshold) & self.config.unknown
        return Predictions(
            labels=self._with_unknown(best, unknown),
            best=best,
            probabilities=torch.softmax(logits, dim=1).numpy(),
            novelty=far,
            unknown=unknown,
        )

    def _with_unknown(self, best: NDArray[Any], unknown: NDArray[np.bool_]) -> NDArray[Any]:
        if not self.config.unknown:
            return best
        if best.dtype.kind == "U":
            return np.where(unknown, UNKNOWN, best)
        labels = best.astype(object)
        labels[unknown] = None
        return labels

    def save_pretrained(self, folder: str | os.PathLike[str], *, card: ModelCard | None = None) -> None:
        """Write `config.json` and `model.safetensors`, which `load_classifier` reads, and a `README.md`.

        Args:
            folder: made where missing. A `README.md` that stands there is kept as it is.
            card: what the `README.md` says; without it, that nothing has been said yet.

        Raises:
            OutputError: the folder cannot be written.
        """
        from .files import save_classifier

        save_classifier(self, folder, card)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        commit_message: str | None = None,
        private: bool | None = None,
        token: bool | str | None = None,
        revision: str | None = None,
        create_pr: bool = False,
        card: ModelCard | str | os.PathLike[str] | None = None,
    ) -> Pushed:
        """Publish the classifier on the Hugging Face Hub; the words are `SkeletonEncoder.push_to_hub`'s."""
        from ..hub import Target
        from .files import push_classifier

        target = Target(
            repo_id=repo_id,
            commit_message=commit_message,
            private=private,
            token=token,
            revision=revision,
            create_pr=create_pr,
        )
        return push_classifier(self, target, card)
