"""Nearest rows, doubles and clusters, beside a slow oracle."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skelrep import Index
from skelrep.errors import ConfigError, MissingDependencyError, VectorsError
from skelrep.index import search as search_room
from skelrep.index.neighbours import nearest_others


def vectors(count: int, dim: int = 8, seed: int = 0) -> np.ndarray:
    """Random rows of very different lengths."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(count, dim)) * np.exp(rng.normal(0, 5, size=(count, 1)))).astype(np.float32)


def all_cosines(queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Every cosine in float64, 0 beside a row of zeros."""
    a, b = (x.astype(np.float64) for x in (queries, rows))
    a, b = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-300) for x in (a, b))
    return a @ b.T


@pytest.fixture(params=[1, 7, 1000])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of one row, some and all."""
    monkeypatch.setattr(search_room, "BLOCK_ROWS", request.param)
    monkeypatch.setattr(search_room, "BLOCK_QUERIES", max(1, request.param // 3))


@pytest.mark.usefixtures("block")
@pytest.mark.parametrize("k", [1, 4, 60, 99])
def test_search_finds_what_comparing_everything_finds(k: int) -> None:
    rows, queries = vectors(60), vectors(11, seed=1)
    scores, ids = Index(rows).search(queries, k)
    cosines = all_cosines(queries, rows)
    best = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(ids, best)
    np.testing.assert_allclose(scores, np.take_along_axis(cosines, best, axis=1), atol=1e-7)
    assert (scores.dtype, ids.dtype) == (np.float32, np.int64)


@pytest.mark.usefixtures("block")
def test_of_equal_rows_the_lower_comes_first() -> None:
    rows = np.tile(vectors(5), (8, 1))
    _, ids = Index(rows).search(rows[:5], 8)
    np.testing.assert_array_equal(ids, np.arange(5)[:, None] + 5 * np.arange(8))


def test_rows_that_come_in_rising_order_overflow_nothing() -> None:
    """Each block beats the one before, so that no running threshold helps."""
    angles = np.linspace(1.5, 0.1, 400)
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    _, ids = Index(rows).search([[1.0, 0.0]], 3)
    assert ids.tolist() == [[399, 398, 397]]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_appending_equals_having_been_there(data: st.DataObject) -> None:
    rows = vectors(data.draw(st.integers(1, 40)), dim=3, seed=data.draw(st.integers(0, 99)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    parts = np.split(rows, cuts)
    grown = Index(parts[0])
    for part in parts[1:]:
        grown.append(part)
    whole = Index(rows)
    assert list(grown.names) == list(whole.names)
    np.testing.assert_array_equal(grown.vectors(), rows)
    for a, b in zip(grown.search(rows, 5), whole.search(rows, 5), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.usefixtures("block")
@pytest.mark.parametrize(("count", "k"), [(1, 3), (5, 0), (7, 3), (40, 100)])
def test_nearest_others_are_those_of_a_loop_over_all_pairs(count: int, k: int) -> None:
    rows = vectors(count, dim=5, seed=count)
    scores, ids = nearest_others(rows, k)
    assert ids.shape == scores.shape == (count, min(k, count - 1))
    cosines = all_cosines(rows, rows)
    for row in range(count):
        pairs = sorted((-cosines[row, other], other) for other in range(count) if other != row)[:k]
        assert ids[row].tolist() == [other for _, other in pairs]
        np.testing.assert_allclose(scores[row], [-cosine for cosine, _ in pairs], atol=1e-6)


def test_of_equal_others_the_first_come_first() -> None:
    scores, ids = nearest_others(np.tile([[3.0, 0.0]], (6, 1)), 3)
    assert ids.tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], *[[0, 1, 2]] * 3]
    assert (scores == 1).all()
    with pytest.raises(ConfigError, match="k is -1; expected a whole number of 0 or more"):
        nearest_others(np.eye(2), -1)


def test_a_row_of_zeros_is_like_nothing() -> None:
    scores, ids = Index([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0]]).search([[2.0, 0.0], [0.0, 0.0]], 3)
    assert scores.tolist() == [[1, 0, -1], [0, 0, 0]]
    assert ids.tolist() == [[1, 0, 2], [0, 1, 2]]


@pytest.mark.parametrize("length", [1e-36, 1e36])
def test_length_does_not_matter(length: float) -> None:
    scores, _ = Index([[3.0 * length, 4.0 * length]]).search([[0.0, length]])
    assert scores[0, 0] == pytest.approx(0.8)


def test_none_and_one() -> None:
    empty = Index(np.empty((0, 4)))
    assert [part.shape for part in empty.search(np.ones((2, 4)))] == [(2, 0), (2, 0)]
    assert empty.duplicates() == []
    one = Index(torch.ones(1, 4, requires_grad=True).bfloat16(), ["wave"])
    assert [part.shape for part in one.search(np.ones(4))] == [(1, 1), (1, 1)]
    assert [part.shape for part in one.search(np.empty((0, 4)))] == [(0, 1), (0, 1)]
    assert repr(one) == "Index(1 vectors of 4 numbers, made by an untold model)"


@pytest.mark.parametrize(
    ("rows", "names", "words"),
    [
        ([[1.0], [np.nan]], None, r"vectors\[1\] holds NaN"),
        ([[np.inf]], None, r"vectors\[0\]"),
        ([[1e38]], None, "beyond all use"),
        ([["a"]], None, r"expected numbers \(N, D\)"),
        ([[1.0], [1.0, 2.0]], None, "different lengths"),
        (np.ones((2, 3, 4)), None, r"\(2, 3, 4\)"),
        (np.ones((2, 0)), None, r"\(2, 0\)"),
        ([[1.0]], ["a", "b"], "2 names were given for 1 vectors"),
        ([[1.0]], "a", "names are the text 'a'"),
        ([[1.0]], [3], r"names\[0\] is 3"),
    ],
)
def test_what_cannot_be_held_is_refused(rows: object, names: list[str], words: str) -> None:
    with pytest.raises(VectorsError, match=words):
        Index(rows, names)


def test_impossible_questions_are_refused() -> None:
    index = Index(vectors(4))
    with pytest.raises(VectorsError, match="queries have 3 numbers each; the index holds vectors of 8"):
        index.search(np.ones((1, 3)))
    with pytest.raises(VectorsError, match=r"queries\[0\] holds NaN"):
        index.search(np.full((1, 8), np.nan))
    with pytest.raises(VectorsError, match="vectors have 3"):
        index.append(np.ones((1, 3)))
    for k in (0, True, 1.5):
        with pytest.raises(ConfigError, match="k is"):
            index.search(vectors(1), k)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="expected 0 to 3"):
        index.vectors([1, 4])
    with pytest.raises(ConfigError, match="threshold is 0"):
        index.duplicates(0)
    with pytest.raises(ConfigError, match="k is 5, but the index holds 4"):
        index.clusters(5)
    assert len(index) == 4


def groups_by_looking(rows: np.ndarray, threshold: float) -> list[list[int]]:
    """Connected groups by walking from row to row."""
    near = all_cosines(rows, rows) >= threshold - 1e-9
    left, groups = set(range(len(rows))), []
    while left:
        group, edge = set(), {min(left)}
        while edge:
            group |= edge
            edge = {int(j) for i in edge for j in np.flatnonzero(near[i])} - group
        left -= group
        groups.append(sorted(group))
    return [group for group in groups if len(group) > 1]


@pytest.mark.usefixtures("block")
@pytest.mark.parametrize("threshold", [0.5, 0.9, 0.999, 1.0])
def test_duplicates_are_the_connected_groups(threshold: float) -> None:
    rows = np.concatenate([vectors(30, dim=3), 2 * vectors(10, dim=3)])
    index = Index(rows[:17])
    index.append(rows[17:])
    found = [group.tolist() for group in index.duplicates(threshold)]
    assert found == groups_by_looking(rows, threshold)


def test_many_equal_rows_are_one_group() -> None:
    [group] = Index(np.ones((3000, 2))).duplicates(1.0)
    assert len(group) == 3000


def test_clusters_gather_what_points_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    directions, kind = np.eye(3, 8), rng.permutation(np.repeat([0, 1, 2], [50, 30, 20]))
    rows = (directions[kind] + rng.normal(0, 0.05, (100, 8))) * rng.uniform(1, 100, (100, 1))
    index = Index(rows)
    found = index.clusters(3, seed=4)
    np.testing.assert_array_equal(found.labels, kind)  # the largest is 0
    assert found.sizes.tolist() == [50, 30, 20]
    np.testing.assert_allclose(np.linalg.norm(found.centres, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(index.clusters(3, seed=4).centres, found.centres)
    monkeypatch.setattr("skelrep.index.clusters.SAMPLE_ROWS", 60)
    np.testing.assert_array_equal(index.clusters(3, seed=1).labels, kind)


def test_without_scikit_learn_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sklearn.cluster", None)
    with pytest.raises(MissingDependencyError, match=r"skelrep\[eval\]"):
        Index(vectors(4)).clusters(2)
