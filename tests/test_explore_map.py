"""Where clips stand on the map, which are alike, and that it is the same each time."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from skelrep.errors import ConfigError, MissingDependencyError
from skelrep.explore.clusters import cluster
from skelrep.explore.options import MapOptions
from skelrep.explore.project import choose_projection, place
from skelrep.viz.reduce import principal_components


def blobs(each: int, *centres: float, dim: int = 6) -> NDArray[np.float32]:
    """Rows around points far from one another, in order."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(c, 0.1, (each, dim)) for c in centres]).astype(np.float32)


def test_components_keep_distances_and_order_by_variance() -> None:
    x = blobs(30, 0.0, 2.0)
    y = principal_components(x, 50)
    np.testing.assert_allclose(np.linalg.norm(y[0] - y[40]), np.linalg.norm(x[0] - x[40]), rtol=1e-4)
    assert (np.diff(y.var(axis=0)) <= 1e-9).all()
    np.testing.assert_array_equal(principal_components(x, 50), y)


@pytest.mark.parametrize("projection", ["pca", "tsne"])
def test_places_fit_the_map_and_part_what_differs(projection: str) -> None:
    x = principal_components(blobs(12, 0.0, 5.0), 50)
    places = place(x, projection, seed=3)  # type: ignore[arg-type]
    assert places.min() >= -1e-12
    assert places.max() <= 1 + 1e-12
    np.testing.assert_allclose(np.ptp(places, axis=0).max(), 1)
    first, second = places[:12], places[12:]
    between = np.linalg.norm(first.mean(axis=0) - second.mean(axis=0))
    assert between > 2 * np.linalg.norm(first - first.mean(axis=0), axis=1).mean()
    np.testing.assert_array_equal(place(x, projection, seed=3), places)  # type: ignore[arg-type]


@pytest.mark.parametrize("rows", [1, 5])
def test_clips_that_are_all_alike_stand_in_the_middle(rows: int) -> None:
    places = place(
        principal_components(np.ones((rows, 4), dtype=np.float32), 50), "tsne" if rows > 3 else "pca", 0
    )
    np.testing.assert_allclose(places, np.full((rows, 2), 0.5))


def test_a_single_component_is_a_line() -> None:
    assert place(principal_components(np.float32([[0], [1]]), 50), "pca", 0)[:, 1].tolist() == [0.5, 0.5]


def test_auto_is_tsne_where_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_projection("auto", 10) == "tsne"
    assert choose_projection("pca", 10) == "pca"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert choose_projection("auto", 10) == "pca"
    with pytest.raises(MissingDependencyError, match=r"skelrep\[eval\].*projection='pca'"):
        choose_projection("tsne", 10)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"projection": "umap"}, "'umap'; supported are 'auto', 'tsne', 'pca'"),
        ({"num_clusters": 0}, "num_clusters is 0; expected 1 or more"),
        ({"top_k": -1}, "top_k is -1; expected 0 or more"),
        ({"seed": -5}, "seed is -5"),
    ],
)
def test_impossible_options_are_named(option: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        MapOptions(**option)  # type: ignore[arg-type]


def test_clusters_are_the_blobs_the_largest_first() -> None:
    x = np.concatenate([blobs(5, 0.0), blobs(20, 9.0), blobs(10, 30.0)]).astype(np.float64)
    assert cluster(x, 3, seed=0).tolist() == [2] * 5 + [0] * 20 + [1] * 10


@given(rows=st.integers(1, 12), count=st.integers(1, 8), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_clusters_are_numbered_without_gaps(rows: int, count: int, seed: int) -> None:
    x = np.random.default_rng(seed).integers(0, 3, (rows, 2)).astype(np.float64)
    member = cluster(x, count, seed)
    sizes = np.bincount(member)
    assert len(member) == rows
    assert len(sizes) <= count
    assert (np.diff(sizes) <= 0).all()
    np.testing.assert_array_equal(cluster(x, count, seed), member)


def test_pca_alone_needs_no_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    assert len(place(principal_components(blobs(5, 0.0), 50), "pca", 0)) == 5
