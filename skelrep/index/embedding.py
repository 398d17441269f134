"""Clips to rows and names, one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import VectorsError
from .origin import VectorOrigin, check_same_origin

if TYPE_CHECKING:
    from ..clips import Clip
    from ..models import SkeletonEncoder


def embed_clips(
    clips: object, model: str | SkeletonEncoder, progress: bool | None, truncate_dim: int | None = None
) -> tuple[NDArray[np.float32], list[str]]:
    """Vectors and names of clips; only the vectors are held.

    Args:
        clips, model, progress, truncate_dim: as in `skelrep.encode`.

    Returns:
        float32 (N, D), and N names.
    """
    from ..embed import encode_stream
    from ..embed.progress import progress_bar
    from ..read.anything import iter_clips

    encoder = loaded(model)
    source = iter_clips(clips, recipe=encoder.config.preprocess.recipe_name)
    names: list[str] = []

    def named() -> Iterator[Clip]:
        for clip in source:
            names.append(clip.name)
            yield clip

    rows = []
    with progress_bar(len(source) if isinstance(source, Sequence) else None, progress) as advance:
        for row in encode_stream(named(), encoder, truncate_dim=truncate_dim):
            rows.append(row)
            advance(1)
    dim = truncate_dim or encoder.truncate_dim or encoder.embedding_dim
    return np.stack(rows) if rows else np.empty((0, dim), np.float32), names


def fitting_dim(dim: int, encoder: SkeletonEncoder) -> int | None:
    """What to truncate vectors to, so that they fit an index of `dim` numbers a vector."""
    return dim if dim < encoder.embedding_dim else None


def own_model(origin: VectorOrigin | None, model: str | SkeletonEncoder | None) -> SkeletonEncoder:
    """The model that made an index's vectors, loaded, and known to be the same.

    Args:
        origin: what the index knows of it.
        model: what the caller says; None loads it by the name that the index knows.

    Raises:
        VectorsError: another model, or none to be found.
    """
    if model is None and not (origin and origin.model):
        raise VectorsError(
            "the index does not know its model by name. Pass model=..., the one that it was made with."
        )
    encoder = loaded(model if model is not None else origin.model if origin else "")
    check_same_origin(origin, VectorOrigin.of(encoder))
    return encoder


def loaded(model: str | SkeletonEncoder) -> SkeletonEncoder:
    """A model, by itself or by what `load_pretrained` takes."""
    from ..embed.workers import loaded

    return loaded(model)
