"""What callers of an index give, checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, VectorsError
from .names import Names
from .origin import VectorOrigin
from .rows import as_rows

if TYPE_CHECKING:
    from ..models import SkeletonEncoder


def check_count(name: str, value: int, least: int = 1) -> None:
    """Raise `ConfigError` for a count below the least."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ConfigError(f"{name} is {value!r}; expected a whole number of {least} or more.")


def fitting_rows(vectors: object, where: str, dim: int) -> NDArray[np.float32]:
    """Vectors as float32 (N, dim).

    Raises:
        VectorsError: not numbers on two axes, or vectors of another length.
    """
    rows = as_rows(vectors, where)
    if rows.shape[1] != dim:
        raise VectorsError(
            f"{where} have {rows.shape[1]} numbers each; the index holds vectors of {dim}. Encode them with "
            "the same model and output."
        )
    return rows


def names_of(names: Iterable[str] | None, count: int, first: int) -> Names:
    """A name for each of `count` rows; by default their numbers, from `first` on.

    Raises:
        VectorsError: another number of names, or one that is no text.
    """
    if isinstance(names, str):
        raise VectorsError(f"names are the text {names!r:.80}; expected a sequence of texts, one a row.")
    packed = Names.pack(map(str, range(first, first + count)) if names is None else names)
    if len(packed) != count:
        raise VectorsError(f"{len(packed)} names were given for {count} vectors; expected one a row.")
    return packed


def origin_of(model: str | SkeletonEncoder | VectorOrigin | None) -> VectorOrigin | None:
    """What is known of the model."""
    return model if model is None or isinstance(model, VectorOrigin) else VectorOrigin.of(model)
