"""Places on the map: t-SNE where scikit-learn is installed, else the first two principal components.

Axes: N clips, K components.
"""

from __future__ import annotations

import importlib.util
from typing import Literal, get_args

from ..errors import ConfigError, MissingDependencyError
from ..viz.reduce import FloatArray, first_two, tsne

Projection = Literal["auto", "tsne", "pca"]

MAX_COMPONENTS = 50  # what t-SNE and the clusters see of a vector


def choose_projection(projection: str, count: int) -> Literal["tsne", "pca"]:
    """Which projection is drawn.

    Args:
        projection: ``"tsne"``, ``"pca"``, or ``"auto"``: t-SNE where scikit-learn is installed.
        count: of clips; fewer than 4 have no neighbourhoods that t-SNE could keep.

    Raises:
        ConfigError: another word.
        MissingDependencyError: ``"tsne"`` without scikit-learn.

    Example:
        >>> choose_projection("auto", 3)
        'pca'
    """
    if projection not in get_args(Projection):
        known = ", ".join(map(repr, get_args(Projection)))
        raise ConfigError(f"projection is {projection!r}; supported are {known}.")
    installed = importlib.util.find_spec("sklearn") is not None
    if projection == "tsne" and not installed:
        raise MissingDependencyError(
            "projection='tsne' needs scikit-learn, which is not installed. Run: pip install "
            "'skelrep[eval]', or pass projection='pca'."
        )
    return "tsne" if projection != "pca" and installed and count >= 4 else "pca"


def place(components_NK: FloatArray, projection: Literal["tsne", "pca"], seed: int) -> FloatArray:
    """Places on the map.

    Args:
        components_NK: from `principal_components`; one row or more, for t-SNE 4 or more.
        projection: from `choose_projection`.
        seed: of t-SNE.

    Returns:
        float64 (N, 2), both axes in [0, 1] at one scale, the map's middle at 0.5.
    """
    flat_N2 = tsne(components_NK, seed) if projection == "tsne" else first_two(components_NK)
    low, high = flat_N2.min(axis=0), flat_N2.max(axis=0)
    extent = float((high - low).max()) or 1.0
    return (flat_N2 - (low + high) / 2) / extent + 0.5
