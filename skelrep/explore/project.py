"""Vectors to places on a map: principal components, then t-SNE where scikit-learn is installed.

Axes: N clips, D features, K components.
"""

from __future__ import annotations

import importlib.util
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, MissingDependencyError

Projection = Literal["auto", "tsne", "pca"]
FloatArray = NDArray[np.float64]

MAX_COMPONENTS = 50  # what t-SNE and the clusters see of a vector
PERPLEXITY = 30.0
MANY_CLIPS, FEW_STEPS, ALL_STEPS = 5000, 500, 1000


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


def components(vectors_ND: NDArray[np.float32]) -> FloatArray:
    """The first principal components, each with the sign that makes its largest weight positive.

    Args:
        vectors_ND: (N, D), unit rows.

    Returns:
        float64 (N, K), K at most 50; columns of falling variance.

    Example:
        >>> components(np.float32([[0, 1], [0, 3]])).round(3).tolist()
        [[-1.0, 0.0], [1.0, 0.0]]
    """
    x_ND = vectors_ND.astype(np.float64)
    x_ND -= x_ND.mean(axis=0)
    _, axes_DK = np.linalg.eigh(x_ND.T @ x_ND)
    axes_DK = axes_DK[:, ::-1][:, :MAX_COMPONENTS]
    largest = np.abs(axes_DK).argmax(axis=0)
    signs = np.where(np.take_along_axis(axes_DK, largest[None], axis=0) < 0, -1.0, 1.0)
    return x_ND @ (axes_DK * signs)


def place(components_NK: FloatArray, projection: Literal["tsne", "pca"], seed: int) -> FloatArray:
    """Places on the map.

    Args:
        components_NK: from `components`; one row or more.
        projection: from `choose_projection`.
        seed: of t-SNE, which also starts from the first two components.

    Returns:
        float64 (N, 2), both axes in [0, 1] at one scale, the map's middle at 0.5.
    """
    flat_N2 = np.zeros((len(components_NK), 2))
    flat_N2[:, : components_NK.shape[1]] = components_NK[:, :2]
    if projection == "tsne" and flat_N2.any():
        flat_N2 = _tsne(components_NK, seed)
    low, high = flat_N2.min(axis=0), flat_N2.max(axis=0)
    extent = float((high - low).max()) or 1.0
    return (flat_N2 - (low + high) / 2) / extent + 0.5


def _tsne(components_NK: FloatArray, seed: int) -> FloatArray:
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # comes with scikit-learn

    count = len(components_NK)
    tsne = TSNE(
        perplexity=min(PERPLEXITY, (count - 1) / 3),
        init="pca",
        learning_rate="auto",
        max_iter=FEW_STEPS if count > MANY_CLIPS else ALL_STEPS,
        random_state=seed,
        n_jobs=1,
    )
    # Threads add their parts of a sum in any order: one of them makes the same map on every number of cores.
    with threadpool_limits(limits=1):
        return np.asarray(tsne.fit_transform(components_NK), dtype=np.float64)
