"""`fit_whitening`: an encoder whose vectors are decorrelated, by a map fitted to clips without labels."""

from __future__ import annotations

import dataclasses

import torch

from .embed import encode
from .errors import ConfigError
from .models import SkeletonEncoder
from .models.encoder import Devices
from .models.reuse import same_weights
from .models.whitening import Whitening, whitening_matrix


def fit_whitening(
    model: SkeletonEncoder,
    clips: object,
    *,
    size: int = 768,
    shrinkage: float = 0.1,
    batch_size: int = 64,
    device: Devices = None,
    progress: bool | None = None,
) -> SkeletonEncoder:
    """A new encoder with the same weights, whose vectors are whitened by principal components.

    Cosines of vectors are otherwise ruled by the few directions in which all clips differ most. Numbers come
    in order of importance: the first ones are the best shorter vector.

    Args:
        model: it is left as it is; a whitening it has is replaced.
        clips: anything `encode` takes, without labels; more of them than `size`.
        size: length of the new vectors.
        shrinkage: 0 to 1, how far variances are drawn towards their mean; 0 is plain whitening.
        batch_size, device, progress: as in `encode`.

    Returns:
        In eval mode, with `size` as `EncoderConfig.whitening`.

    Raises:
        ConfigError: `size` or `shrinkage` out of range, or too few clips for this size.
        ShapeError, InvalidClipError: a clip that cannot be used.

    Example:
        >>> import numpy as np, skelrep
        >>> clips = [np.random.default_rng(i).normal(size=(3, 30, 25, 1)) for i in range(8)]
        >>> skelrep.fit_whitening(SkeletonEncoder(skelrep.ModelConfig()), clips, size=4).embedding_dim
        4
    """
    if size < 1 or not 0 <= shrinkage <= 1:
        raise ConfigError(f"size is {size} and shrinkage {shrinkage}; expected 1 or more, and 0 to 1.")
    plain = same_weights(model, model.config.encoder)
    vectors = torch.as_tensor(
        encode(clips, plain, batch_size=batch_size, device=device, progress=progress)
    ).double()
    if len(vectors) < 2:
        raise ConfigError(f"{len(vectors)} clips were given; expected more than size, {size}.")
    mean = vectors.mean(dim=0)
    matrix = whitening_matrix(vectors - mean, size=size, shrinkage=shrinkage)
    encoder = dataclasses.replace(plain.config.encoder, whitening=size)
    plain.config = dataclasses.replace(plain.config, encoder=encoder)
    plain.whitening = Whitening(*matrix.shape).to(plain.device, next(plain.parameters()).dtype)
    plain.whitening.mean.copy_(mean)
    plain.whitening.matrix.copy_(matrix)
    return plain.eval()
