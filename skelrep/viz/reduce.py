"""Vectors as fewer numbers: principal components, and what keeps neighbourhoods (t-SNE, UMAP).

Axes: N clips, D numbers a vector, K components.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingDependencyError

FloatArray = NDArray[np.float64]

PERPLEXITY = 30.0
MANY_ROWS, FEW_STEPS, ALL_STEPS = 5000, 500, 1000
UMAP_NEIGHBOURS = 15


def principal_components(x_ND: NDArray[np.floating], count: int) -> FloatArray:
    """The first principal components, each with the sign that makes its largest weight positive.

    Args:
        x_ND: float (N, D), one row or more.
        count: of components.

    Returns:
        float64 (N, K), K the smaller of `count` and D; columns of falling variance, their mean at 0.

    Example:
        >>> principal_components(np.float32([[0, 1], [0, 3]]), 2).round(3).tolist()
        [[-1.0, 0.0], [1.0, 0.0]]
    """
    centred_ND = x_ND - x_ND.mean(axis=0, dtype=np.float64)
    _, axes_DK = np.linalg.eigh(centred_ND.T @ centred_ND)
    axes_DK = axes_DK[:, ::-1][:, :count]
    largest = np.abs(axes_DK).argmax(axis=0)
    signs = np.where(np.take_along_axis(axes_DK, largest[None], axis=0) < 0, -1.0, 1.0)
    return centred_ND @ (axes_DK * signs)


def first_two(components_NK: FloatArray) -> FloatArray:
    """Two components as places on a plane, float64 (N, 2); the second is 0 where there is but one."""
    places_N2 = np.zeros((len(components_NK), 2))
    places_N2[:, : components_NK.shape[1]] = components_NK[:, :2]
    return places_N2


def tsne(x_ND: FloatArray, seed: int) -> FloatArray:
    """Places by t-SNE, which starts from the first two principal components.

    Args:
        x_ND: float64 (N, D), at least 3 rows. Where all are alike, all places are 0.
        seed: fixes the places, on every number of cores.

    Returns:
        float64 (N, 2).

    Raises:
        MissingDependencyError: scikit-learn is not installed.

    Source:
        van der Maaten, Hinton, "Visualizing Data using t-SNE", JMLR 2008.
    """
    try:
        from sklearn.manifold import TSNE
        from threadpoolctl import threadpool_limits  # comes with scikit-learn
    except ImportError as error:
        raise MissingDependencyError(
            "a t-SNE map needs scikit-learn, which is not installed. Run: pip install 'skelrep[eval]' "
            "(method='pca' does without it)."
        ) from error
    count = len(x_ND)
    start_N2 = first_two(principal_components(x_ND, 2))
    if not start_N2.any():
        return start_N2
    mapper = TSNE(
        perplexity=min(PERPLEXITY, (count - 1) / 3),
        init=start_N2 / start_N2[:, 0].std() * 1e-4,
        max_iter=FEW_STEPS if count > MANY_ROWS else ALL_STEPS,
        random_state=seed,
        n_jobs=1,
    )
    # Threads add their parts of a sum in any order: one of them makes the same map on every number of cores.
    with threadpool_limits(limits=1):
        return np.asarray(mapper.fit_transform(x_ND), dtype=np.float64)


def umap(x_ND: FloatArray, seed: int) -> FloatArray:
    """Places by UMAP, float64 (N, 2), by the cosine of rows.

    Raises:
        MissingDependencyError: umap-learn is not installed.

    Source:
        McInnes, Healy, Melville, "UMAP: Uniform Manifold Approximation and Projection", 2018.
    """
    try:
        from umap import UMAP
    except ImportError as error:
        raise MissingDependencyError(
            "a UMAP map needs umap-learn, which is not installed. Run: pip install umap-learn "
            "(method='pca' and 'tsne' do without it)."
        ) from error
    neighbours = min(UMAP_NEIGHBOURS, len(x_ND) - 1)
    mapper = UMAP(n_neighbors=neighbours, metric="cosine", random_state=seed, n_jobs=1)
    return np.asarray(mapper.fit_transform(x_ND), dtype=np.float64)
