"""`fit_whitening`: an encoder whose vectors are decorrelated, by a map fitted to clips without labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from .augment import augment as augmented
from .clips import Clip
from .config import AugmentConfig
from .embed import encode
from .embed.batches import Batch, chunks, network_input
from .embed.options import EncodeOptions
from .embed.progress import progress_bar
from .embed.workers import Workers
from .errors import ConfigError
from .models import SkeletonEncoder
from .models.encoder import Devices
from .models.reuse import same_weights
from .models.whitening import Whitening, whitening_from_crops, whitening_matrix
from .preprocess import gather_frames
from .read.anything import as_clips


def fit_whitening(
    model: SkeletonEncoder,
    clips: object,
    *,
    size: int = 768,
    shrinkage: float = 0.1,
    augment: AugmentConfig | None = None,
    seed: int = 0,
    batch_size: int = 64,
    device: Devices = None,
    progress: bool | None = None,
) -> SkeletonEncoder:
    """A new encoder with the same weights, whose vectors are whitened by a map fitted to clips.

    Cosines of vectors are otherwise ruled by the few directions in which all clips differ most. Without
    `augment`, directions are levelled by the variance of the clips (principal components), and numbers come
    in order of importance. With `augment`, they are levelled by the variance between two crops of the same
    clip, which is what should not matter, and kept by how much clips differ beyond that; a random rotation
    then makes all numbers equally important, so that the first k of them are a random projection. See
    `skelrep.models.whitening.whitening_from_crops`.

    Args:
        model: it is left as it is; a whitening it has is replaced.
        clips: anything `encode` takes, without labels; more of them than `size`.
        size: length of the new vectors.
        shrinkage: 0 to 1, how far variances are drawn towards their mean; 0 is plain whitening. With
            `augment`, this share of the mean is added to each.
        augment: how two crops of a clip differ; None for principal components.
        seed: of crops and rotation; the crops depend on `batch_size` too.
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
    if augment is None:
        vectors = torch.as_tensor(
            encode(clips, plain, batch_size=batch_size, device=device, progress=progress)
        ).double()
        if len(vectors) < 2:
            raise ConfigError(f"{len(vectors)} clips were given; expected more than size, {size}.")
        mean = vectors.mean(dim=0)
        matrix = whitening_matrix(vectors - mean, size=size, shrinkage=shrinkage)
    else:
        items = as_clips(clips, recipe=plain.config.preprocess.recipe_name)
        if len(items) <= size:  # before minutes of encoding
            raise ConfigError(f"{len(items)} clips were given; expected more than size, {size}.")
        workers = Workers(plain, device, EncodeOptions(batch_size=batch_size, preprocess=False))
        crops = crop_vectors(workers, items, augment, seed, progress)
        mean, matrix = whitening_from_crops(*crops, size=size, shrinkage=shrinkage, seed=seed)
    return with_whitening(plain, mean, matrix)


def with_whitening(plain: SkeletonEncoder, mean: Tensor, matrix: Tensor) -> SkeletonEncoder:
    """Give an encoder this map as its last layer, in place."""
    encoder = dataclasses.replace(plain.config.encoder, whitening=matrix.shape[1])
    plain.config = dataclasses.replace(plain.config, encoder=encoder)
    plain.whitening = Whitening(*matrix.shape).to(plain.device, next(plain.parameters()).dtype)
    plain.whitening.mean.copy_(mean)
    plain.whitening.matrix.copy_(matrix)
    return plain.eval()


def crop_vectors(
    workers: Workers, items: Sequence[Clip], config: AugmentConfig, seed: int, progress: bool | None
) -> tuple[Tensor, Tensor]:
    """Vectors of two crops of every clip: two float64 (N, D). Of crops, a few batches are held at a time."""
    rows: list[Tensor] = []
    with progress_bar(len(items), progress) as advance:
        for number, some in enumerate(workers.rows(crop_batches(workers, items, config, seed))):
            rows.append(some)
            if number % 2:
                advance(len(some))
    return torch.cat(rows[::2]).double(), torch.cat(rows[1::2]).double()


def crop_batches(
    workers: Workers, items: Sequence[Clip], config: AugmentConfig, seed: int
) -> Iterator[Batch]:
    """Two crops of each batch of clips, preprocessed."""
    generator = torch.Generator().manual_seed(seed)
    for chunk in chunks(items, workers.options.batch_size):
        x = network_input(chunk.gather(), workers.config, True, torch.device("cpu"))
        for crop in range(2):
            arrays = augmented(x, config, generator).numpy()
            frames, lengths = gather_frames(list(arrays))
            yield Batch(2 * chunk.number + crop, frames, lengths, lengths > 0)
