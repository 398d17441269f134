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
from skelrep.explore.neighbours import nearest_rows, unit_rows
from skelrep.explore.options import MapOptions
from skelrep.explore.project import choose_projection, components, place


def blobs(each: int, *centres: float, dim: int = 6) -> NDArray[np.float32]:
    """Rows around points far from one another, in order."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(c, 0.1, (each, dim)) for c in centres]).astype(np.float32)


@pytest.mark.parametrize(("rows", "top_k"), [(1, 3), (5, 0), (7, 3), (40, 100)])
def test_neighbours_are_those_of_a_loop_over_all_pairs(rows: int, top_k: int) -> None:
    unit = unit_rows(np.random.default_rng(rows).normal(size=(rows, 5)).astype(np.float32))
    found, cosines = nearest_rows(unit, top_k)
    assert found.shape == cosines.shape == (rows, min(top_k, rows - 1))
    for row in range(rows):
        pairs = sorted((-float(unit[row] @ unit[other]), other) for other in range(rows) if other != row)
        assert found[row].tolist() == [other for _, other in pairs[:top_k]]
        np.testing.assert_allclose(cosines[row], [-c for c, _ in pairs[:top_k]], atol=1e-6)


def test_neighbours_do_not_depend_on_how_rows_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    unit = unit_rows(blobs(20, 0.5, 3.0))
    whole = nearest_rows(unit, 5)[0]
    monkeypatch.setattr("skelrep.explore.neighbours.BLOCK_ENTRIES", 3 * len(unit))
    np.testing.assert_array_equal(nearest_rows(unit, 5)[0], whole)


def test_of_equal_neighbours_the_first_come_first() -> None:
    found, cosines = nearest_rows(np.tile(np.float32([[1, 0]]), (6, 1)), 3)
    assert found[4].tolist() == [0, 1, 2]
    assert (cosines == 1).all()


def test_components_keep_distances_and_order_by_variance() -> None:
    x = blobs(30, 0.0, 2.0)
    y = components(x)
    np.testing.assert_allclose(np.linalg.norm(y[0] - y[40]), np.linalg.norm(x[0] - x[40]), rtol=1e-4)
    assert (np.diff(y.var(axis=0)) <= 1e-9).all()
    np.testing.assert_array_equal(components(x), y)


@pytest.mark.parametrize("projection", ["pca", "tsne"])
def test_places_fit_the_map_and_part_what_differs(projection: str) -> None:
    x = components(blobs(12, 0.0, 5.0))
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
    places = place(components(np.ones((rows, 4), dtype=np.float32)), "tsne" if rows > 3 else "pca", 0)
    np.testing.assert_allclose(places, np.full((rows, 2), 0.5))


def test_a_single_component_is_a_line() -> None:
    assert place(components(np.float32([[0], [1]])), "pca", 0)[:, 1].tolist() == [0.5, 0.5]


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
    assert len(place(components(blobs(5, 0.0)), "pca", 0)) == 5
