"""`SkeletonVectorizer`: clips to vectors as a step of a scikit-learn pipeline."""

from __future__ import annotations

import os
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from .embed import check_options, encode
from .errors import MissingDependencyError
from .models import SkeletonEncoder

try:
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.utils import Tags
except ImportError as _error:
    raise MissingDependencyError(
        "skelrep.sklearn needs scikit-learn, which is not installed. Run: pip install 'skelrep[eval]'"
    ) from _error


class SkeletonVectorizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Embed skeleton clips; stands first in a `Pipeline`, before any classifier, regressor or clustering.

    Nothing is learned in `fit`: `model` stays frozen, so cross-validation never sees a test clip.

    Args:
        model: a `SkeletonEncoder`, or what `skelrep.load_pretrained` takes.
        batch_size: clips a forward pass.
        device: where to compute; by default where the model is.
        normalize: scale every vector to unit length.
        preprocess: False for clips that are already resized, centred and turned.
        progress: show a bar, see `skelrep.encode`.

    Attributes:
        encoder_: the model in use, after `fit`.

    Example:
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.pipeline import make_pipeline
        >>> from skelrep.config import ModelConfig
        >>> clips = [np.random.default_rng(i).normal(i % 2, 0.3, (3, 20 + i, 25, 1)) for i in range(4)]
        >>> pipeline = make_pipeline(SkeletonVectorizer(SkeletonEncoder(ModelConfig())), LogisticRegression())
        >>> pipeline.fit(clips, ["sit", "wave", "sit", "wave"]).predict(clips[:1]).shape
        (1,)
    """

    def __init__(
        self,
        model: SkeletonEncoder | str | os.PathLike[str] = "default",
        *,
        batch_size: int = 64,
        device: str | torch.device | None = None,
        normalize: bool = False,
        preprocess: bool = True,
        progress: bool | None = None,
    ) -> None:
        self.model = model
        self.batch_size = batch_size
        self.device = device
        self.normalize = normalize
        self.preprocess = preprocess
        self.progress = progress

    def fit(self, X: object, y: object = None) -> Self:  # noqa: ARG002 (scikit-learn's signature)
        """Load the model; the clips are not looked at.

        Raises:
            ConfigError, WeightsNotFoundError, HubError: options out of range, or no such model.
        """
        check_options(self.batch_size, "clip")
        self.encoder_ = self._load()
        return self

    def transform(self, X: object) -> NDArray[np.float32]:
        """Embed clips.

        Args:
            X: anything `skelrep.encode` takes; for cross-validation a list of arrays (3, T, 25, M) or of
                `Clip`, or an array (N, 3, T, 25, M).

        Returns:
            float32 (N, D).
        """
        vectors = encode(
            X,
            getattr(self, "encoder_", None) or self._load(),
            batch_size=self.batch_size,
            device=self.device,
            normalize=self.normalize,
            preprocess=self.preprocess,
            progress=self.progress,
        )
        return np.asarray(vectors)

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:  # noqa: ARG002
        """Names of the D columns: the view and a number, such as ``motion17``; ``vector17`` if whitened."""
        encoder = getattr(self, "encoder_", None) or self._load()
        if encoder.whitening is not None:
            names = [f"vector{n}" for n in range(encoder.embedding_dim)]
        else:
            each = encoder.embedding_dim // len(encoder.views)
            names = [f"{view}{n}" for view in encoder.views for n in range(each)]
        return np.array(names[: encoder.truncate_dim], dtype=object)

    def _load(self) -> SkeletonEncoder:
        if isinstance(self.model, SkeletonEncoder):
            return self.model
        from .pretrained import load_pretrained

        return load_pretrained(self.model)

    def __sklearn_tags__(self) -> Tags:
        tags: Any = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = False
        tags.no_validation = True
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = []
        return tags
