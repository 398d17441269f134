"""Linear evaluation against a plain torch loop; few labels and top-5 against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_evaluate import blobs
from torch import nn

from skelrep.errors import EvaluationError
from skelrep.evaluate import (
    centroid_probe,
    draw_share,
    draw_shots,
    few_shot,
    knn_probe,
    linear_evaluation,
    linear_probe,
    ridge_probe,
    semi_supervised,
)
from skelrep.train.sampler import Order


def plain_linear_evaluation(train_x, train_y, test_x, parts, epochs, decay_epoch, rate, batch_size, seed):
    """One `nn.Linear` a view, their logits averaged, torch's own gradients and SGD."""
    x, y = torch.from_numpy(train_x), torch.from_numpy(train_y)
    heads = nn.ModuleList([nn.Linear(x.shape[1] // parts, int(y.max()) + 1) for _ in range(parts)])
    for parameter in heads.parameters():
        nn.init.zeros_(parameter)

    def logits(rows):
        pieces = zip(heads, rows.chunk(parts, dim=1), strict=True)
        return torch.stack([head(piece) for head, piece in pieces]).mean(dim=0)

    optimizer = torch.optim.SGD(heads.parameters(), lr=rate, momentum=0.9, weight_decay=0)
    order = Order(seed=seed, num_clips=len(x), batch_size=batch_size)
    for step in range(1, epochs * order.steps_per_epoch + 1):
        if order.epoch_of(step) == decay_epoch + 1:
            optimizer.param_groups[0]["lr"] = rate / 10
        clips = order.batch_at(step).clips
        optimizer.zero_grad()
        nn.functional.cross_entropy(logits(x[clips]), y[clips]).backward()
        optimizer.step()
    return logits(torch.from_numpy(test_x)).detach().numpy()


@pytest.mark.parametrize("parts", [1, 3])
def test_linear_evaluation_takes_the_steps_of_torch(parts, monkeypatch):
    (train_x, train_y), (test_x, test_y) = blobs(50, dim=6), blobs(300, dim=6, seed=1)
    options = {"parts": parts, "epochs": 6, "decay_epoch": 3, "batch_size": 16, "seed": 4}
    seen = []
    real = linear_evaluation.__globals__["probe_result"]
    monkeypatch.setitem(
        linear_evaluation.__globals__,
        "probe_result",
        lambda task, scores: seen.append(scores) or real(task, scores),
    )
    result = linear_evaluation(train_x, train_y, test_x, test_y, learning_rate=0.3, **options)
    expected = plain_linear_evaluation(train_x, train_y, test_x, rate=0.3, **options)
    np.testing.assert_allclose(seen[0], expected, rtol=1e-4, atol=1e-4)
    assert result.predictions.tolist() == expected.argmax(axis=1).tolist()
    assert result.n_train == 50


def test_the_seed_of_linear_evaluation_fixes_it():
    (train_x, train_y), (test_x, test_y) = blobs(60), blobs(200, seed=1)
    one, again, other = (
        linear_evaluation(
            train_x, train_y, test_x, test_y, epochs=2, batch_size=8, seed=seed
        ).predictions.tolist()
        for seed in (1, 1, 2)
    )
    assert one == again != other


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parts": 4}, "parts is 4, which does not divide the 6 features"),
        ({"parts": 0}, "parts is 0"),
        ({"epochs": 0}, "epochs is 0"),
        ({"batch_size": -1}, "batch_size is -1"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
        ({"learning_rate": 1e38}, "diverged: logits are not finite at learning_rate 1e"),
    ],
)
def test_impossible_linear_evaluations(options, message):
    train_x, train_y = blobs(20)
    with pytest.raises(EvaluationError, match=message):
        linear_evaluation(train_x, train_y, train_x, train_y, **options)


def test_top_5_counts_classes_that_have_a_score():
    (train_x, train_y), (test_x, test_y) = blobs(80, 8, classes=8), blobs(100, 8, classes=8, seed=2)
    from sklearn.linear_model import RidgeClassifier
    from sklearn.metrics import top_k_accuracy_score
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(train_x)
    model = RidgeClassifier(alpha=10).fit(scaler.transform(train_x), train_y)
    expected = top_k_accuracy_score(test_y, model.decision_function(scaler.transform(test_x)), k=5)
    found = ridge_probe(train_x, train_y, test_x, test_y, alpha=10)
    assert found.top_5 == pytest.approx(expected)
    assert found.accuracy < found.top_5 < 1
    one = knn_probe(train_x, train_y, test_x, test_y, k=1)  # one neighbour names one class
    assert one.top_5 == one.accuracy
    many = knn_probe(train_x, train_y, test_x, test_y, k=20)
    assert many.accuracy < many.top_5 < 1
    assert knn_probe(*blobs(20), *blobs(9, seed=1)).top_5 is None  # three classes


def test_centroids_are_means_of_unit_vectors():
    (train_x, train_y), (test_x, test_y) = blobs(60), blobs(80, seed=1)
    called = []
    for row in test_x.astype(float):
        cosines = []
        for k in range(3):
            mean = np.mean([x / np.linalg.norm(x) for x in train_x[train_y == k].astype(float)], axis=0)
            cosines.append(row @ mean / np.linalg.norm(row) / np.linalg.norm(mean))
        called.append(int(np.argmax(cosines)))
    assert centroid_probe(train_x, train_y, test_x, test_y).predictions.tolist() == called


@given(
    labels=st.lists(st.sampled_from("abc"), min_size=3, max_size=60),
    seed=st.integers(0, 9),
    share=st.floats(0.01, 1),
)
@settings(max_examples=60, deadline=None)
def test_a_share_is_balanced_and_grows(labels, seed, share):
    chosen = draw_share(labels, share, seed).tolist()
    y = np.array(labels)
    each = max(1, round(share * len(labels) / len(set(labels))))
    for name in set(labels):
        assert np.sum(y[chosen] == name) == (
            np.sum(y == name) if share == 1 else min(each, np.sum(y == name))
        )
    assert sorted(set(chosen)) == chosen
    assert set(draw_share(labels, share / 2, seed).tolist()) <= set(chosen)


def test_shots_are_drawn_from_every_class_and_by_the_seed():
    y = np.repeat(["sit", "walk"], 30)
    draws = {tuple(draw_shots(y, 2, seed).tolist()) for seed in range(20)}
    assert len(draws) > 15
    assert all(y[list(draw)].tolist() == ["sit", "sit", "walk", "walk"] for draw in draws)
    assert draw_shots(y, 30, 0).tolist() == list(range(60))
    with pytest.raises(EvaluationError, match=r"class 'rare' has 1 training clip\(s\); expected 2"):
        draw_shots(["rare", "often", "often"], 2, 0)
    with pytest.raises(EvaluationError, match="shots is 0"):
        draw_shots(y, 0, 0)
    with pytest.raises(EvaluationError, match=r"share is 1\.5"):
        draw_share(y, 1.5, 0)


@pytest.mark.parametrize("classifier", ["ridge", "centroid", "logistic"])
def test_an_episode_equals_scikit_learn_on_the_clips_drawn(classifier):
    from sklearn.linear_model import LogisticRegression, RidgeClassifier
    from sklearn.neighbors import NearestCentroid
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Normalizer, StandardScaler

    oracle = {
        "ridge": make_pipeline(StandardScaler(), RidgeClassifier(alpha=1000)),
        "centroid": make_pipeline(Normalizer(), NearestCentroid()),
        "logistic": make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)),
    }[classifier]
    (train_x, train_y), (test_x, test_y) = blobs(90, 20), blobs(200, 20, seed=1)
    found = few_shot(train_x, train_y, test_x, test_y, shots=4, seed=3, classifier=classifier)
    chosen = draw_shots(train_y, 4, 3)
    assert found.n_train == 12
    if classifier == "centroid":  # the distance to a mean and the cosine with it differ by the mean's length
        x = train_x[chosen] / np.linalg.norm(train_x[chosen], axis=1, keepdims=True)
        oracle.fit(x, train_y[chosen])
        means = oracle[-1].centroids_
        oracle[-1].centroids_ = means / np.linalg.norm(means, axis=1, keepdims=True)
        expected = oracle.predict(test_x)
    else:
        expected = oracle.fit(train_x[chosen].astype(float), train_y[chosen]).predict(test_x.astype(float))
    assert found.predictions.tolist() == expected.tolist()


def test_semi_supervised_is_a_probe_on_the_share():
    (train_x, train_y), (test_x, test_y) = blobs(90), blobs(50, seed=1)
    chosen = draw_share(train_y, 0.1, 5)
    expected = linear_probe(train_x[chosen], train_y[chosen], test_x, test_y)
    found = semi_supervised(train_x, train_y, test_x, test_y, share=0.1, seed=5, classifier="logistic")
    assert found.predictions.tolist() == expected.predictions.tolist()
    with pytest.raises(EvaluationError, match="classifier is 'forest'"):
        semi_supervised(train_x, train_y, test_x, test_y, classifier="forest")
