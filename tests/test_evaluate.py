"""Probes against brute-force oracles and scikit-learn."""

from __future__ import annotations

import builtins

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skelrep.errors import EvaluationError, MissingDependencyError
from skelrep.evaluate import (
    knn_probe,
    linear_probe,
    probes,
    ridge_probe,
)

PROBES = [linear_probe, ridge_probe, knn_probe]


def blobs(n: int, dim: int = 6, classes: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping Gaussian classes, each at least once, float32 as an encoder gives them."""
    rng = np.random.default_rng(seed)
    y = np.concatenate((np.arange(classes), rng.integers(classes, size=n - classes)))
    centres = np.random.default_rng(99).normal(size=(classes, dim))
    return (centres[y] + 1.5 * rng.normal(size=(n, dim)) + 2).astype(np.float32), y


def loop_knn(train_x, train_y, test_x, k, temperature):
    """One clip at a time, one vote at a time."""
    called = []
    for row in np.asarray(test_x, float):
        s = [float(row @ t / (np.linalg.norm(row) * np.linalg.norm(t))) for t in np.asarray(train_x, float)]
        votes = dict.fromkeys(sorted(set(train_y.tolist())), 0.0)
        for i in sorted(range(len(s)), key=lambda i: -s[i])[:k]:
            votes[train_y[i].item()] += np.exp(s[i] / temperature)
        called.append(max(votes, key=votes.get))
    return called


@pytest.mark.parametrize(("k", "temperature"), [(1, 0.07), (5, 0.07), (20, 0.5), (60, 0.07)])
def test_knn_probe_equals_a_plain_loop(k, temperature, monkeypatch):
    (train_x, train_y), (test_x, test_y) = blobs(60), blobs(40, seed=1)
    whole = knn_probe(train_x, train_y, test_x, test_y, k=k, temperature=temperature)
    assert whole.predictions.tolist() == loop_knn(train_x, train_y, test_x, k, temperature)
    monkeypatch.setattr(probes, "BLOCK_ENTRIES", 7 * 60)  # 7 rows a block; 40 is no multiple of 7
    blocks = knn_probe(train_x, train_y, test_x, test_y, k=k, temperature=temperature)
    assert blocks.predictions.tolist() == whole.predictions.tolist()


@pytest.mark.parametrize(("k", "temperature"), [(1, 0.07), (5, 1e9)])
def test_knn_probe_equals_scikit_learn_where_it_has_the_same_vote(k, temperature):
    from sklearn.neighbors import KNeighborsClassifier

    (train_x, train_y), (test_x, test_y) = blobs(301), blobs(100, seed=1)
    oracle = KNeighborsClassifier(k, metric="cosine", algorithm="brute").fit(train_x, train_y)
    called = knn_probe(train_x, train_y, test_x, test_y, k=k, temperature=temperature).predictions
    unweighted = oracle.predict_proba(test_x)
    clear = np.sort(unweighted)[:, -1] > np.sort(unweighted)[:, -2]  # a tied vote has no one answer
    assert clear.sum() > 80
    np.testing.assert_array_equal(called[clear], oracle.predict(test_x)[clear])


def test_a_nearer_neighbour_outvotes_two_far_ones_and_a_tiny_temperature_does_not_overflow():
    train_x = [[1.0, 0.0], [0.6, 0.8], [0.5, 0.8]]
    assert knn_probe(train_x, [0, 1, 1], [[1.0, 0.1]], [0], k=3, temperature=0.07).accuracy == 1
    assert knn_probe(train_x, [0, 1, 1], [[1.0, 0.1]], [0], k=3, temperature=10.0).accuracy == 0
    assert knn_probe(train_x, [0, 1, 1], [[1.0, 0.1]], [0], k=3, temperature=1e-5).accuracy == 1


@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 20))
@settings(max_examples=20, deadline=None)
def test_cosine_neighbours_do_not_depend_on_the_length_of_vectors(scale, seed):
    (train_x, train_y), (test_x, test_y) = blobs(30, seed=seed), blobs(20, seed=seed + 1)
    one = knn_probe(train_x, train_y, test_x, test_y, k=3).predictions
    assert one.tolist() == knn_probe(train_x, train_y, scale * test_x, test_y, k=3).predictions.tolist()


@pytest.mark.parametrize("dim", [6, 90], ids=["more rows", "more features"])
def test_linear_and_ridge_probes_equal_scikit_learn(dim):
    from sklearn.linear_model import LogisticRegression, RidgeClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    (train_x, train_y), (test_x, test_y) = blobs(60, dim), blobs(200, dim, seed=1)
    train_x[:, 3] = test_x[:, 3] = 1.1  # a dead feature, whose float32 mean is not exact
    for probe, oracle in [
        (linear_probe(train_x, train_y, test_x, test_y, C=0.1), LogisticRegression(C=0.1, max_iter=1000)),
        (ridge_probe(train_x, train_y, test_x, test_y, alpha=10), RidgeClassifier(alpha=10)),
    ]:
        expected = make_pipeline(StandardScaler(), oracle).fit(train_x.astype(float), train_y)
        np.testing.assert_array_equal(probe.predictions, expected.predict(test_x.astype(float)))


@pytest.mark.parametrize("probe", [linear_probe, ridge_probe])
def test_a_feature_that_only_rounding_moves_is_no_feature(probe):
    (train_x, train_y), (test_x, test_y) = blobs(60), blobs(200, seed=1)
    without = probe(train_x[:, :4], train_y, test_x[:, :4], test_y)
    train_x[:, 4], test_x[:, 4] = 0, 0
    train_x[:, 5], test_x[:, 5] = 1.1, 1.1
    train_x[::2, 5] = np.nextafter(np.float32(1.1), np.float32(2))
    test_x[:, 5] += np.float32(1e-3)  # thousands of the deviations that rounding left in training
    assert probe(train_x, train_y, test_x, test_y).predictions.tolist() == without.predictions.tolist()


@pytest.mark.parametrize("probe", PROBES)
def test_a_result_counts_what_was_called(probe):
    (train_x, train_y), (test_x, test_y) = blobs(90), blobs(50, seed=3)
    names = np.array(["walk", "sit", "wave"])
    keep = test_y != 2
    result = probe(train_x, names[train_y], test_x[keep], names[test_y[keep]])
    truth = names[test_y[keep]]
    assert result.accuracy == pytest.approx(np.mean(result.predictions == truth))
    assert (result.n_train, result.n_test) == (90, keep.sum())
    assert result.classes.tolist() == ["sit", "walk", "wave"]
    assert set(result.per_class) == {"sit", "walk"}
    for i, true in enumerate(result.classes):
        for j, called in enumerate(result.classes):
            assert result.confusion[i, j] == sum((truth == true) & (result.predictions == called))
    assert result.per_class["sit"] == pytest.approx(np.mean(result.predictions[truth == "sit"] == "sit"))


@pytest.mark.parametrize("probe", PROBES)
def test_tensors_give_what_arrays_give(probe):
    (train_x, train_y), (test_x, test_y) = blobs(40), blobs(30, seed=1)
    tensors = [torch.from_numpy(a) for a in (train_x, train_y, test_x, test_y)]
    tensors[0].requires_grad_()
    tensors[2] = tensors[2].double()
    assert (
        probe(*tensors).predictions.tolist() == probe(train_x, train_y, test_x, test_y).predictions.tolist()
    )


GOOD = ([[1.0, 0], [0, 1], [1, 1]], [0, 1, 1], [[1.0, 2]], [1])


@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (0, [1.0, 2, 3], r"train_x has shape \(3,\); expected \(N, D\)"),
        (0, np.zeros((0, 2)), r"train_x has shape \(0, 2\)"),
        (0, [[1.0, 2], [3]], r"train_x is not a matrix of numbers"),
        (0, [[1.0, 0], [0, np.nan], [1, np.inf]], r"train_x\[1\] holds NaN or infinity \(2 such"),
        (1, [0, 1], r"train_y has shape \(2,\); expected \(3,\)"),
        (1, [0, None, 1], r"train_y\[1\] is None; .* unlabelled"),
        (1, [1, 1, 1], r"one class only, 1; "),
        (2, [[1.0, 2, 3]], r"train_x has 2 features and test_x 3; .* same model"),
        (3, [7], r"1 label\(s\) that no training clip has, 7 first"),
        (3, ["wave"], r"no training clip has, 'wave' first"),
    ],
)
def test_bad_input_is_named(probe, place, value, message):
    arguments = [*GOOD]
    arguments[place] = value
    with pytest.raises(EvaluationError, match=message):
        probe(*arguments)


@pytest.mark.parametrize(
    ("probe", "options", "message"),
    [
        (knn_probe, {"k": 0}, "k is 0; expected 1 to 3"),
        (knn_probe, {"k": 4}, "k is 4; expected 1 to 3"),
        (knn_probe, {"temperature": 0.0}, "temperature is 0.0"),
        (linear_probe, {"C": -1.0}, "C is -1.0"),
        (ridge_probe, {"alpha": float("nan")}, "alpha is nan"),
    ],
)
def test_impossible_options(probe, options, message):
    with pytest.raises(EvaluationError, match=message):
        probe(*GOOD, **options)


def test_linear_probe_without_scikit_learn_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependencyError, match=r"pip install 'skelrep\[eval\]'"):
        linear_probe(*GOOD)
    assert knn_probe(*GOOD).n_test == ridge_probe(*GOOD).n_test == 1
