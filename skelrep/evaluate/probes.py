"""Probes: how much a frozen vector says about the class, by the simplest classifiers.

Axes: N clips, D features, K classes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import EvaluationError, MissingDependencyError
from .task import ProbeResult, check_positive, check_task, probe_result

# Similarities held at once by `knn_probe`; 2**24 float32 are 64 MB.
BLOCK_ENTRIES = 2**24
MAX_ITERATIONS = 5000


def linear_probe(
    train_x: ArrayLike, train_y: ArrayLike, test_x: ArrayLike, test_y: ArrayLike, *, C: float = 0.1
) -> ProbeResult:
    """Logistic regression on features standardised by the training clips (needs the extra ``eval``).

    Args:
        train_x, test_x: (N, D) frozen features.
        train_y, test_y: (N,) labels, numbers or names.
        C: inverse strength of the L2 penalty, as in scikit-learn.

    Returns:
        As `knn_probe`.

    Raises:
        EvaluationError: features or labels that cannot be probed (see `knn_probe`), or C <= 0.
        MissingDependencyError: scikit-learn is not installed.

    Example:
        >>> x, y = [[0.0], [1.0], [4.0], [5.0]], ["low", "low", "high", "high"]
        >>> result = linear_probe(x, y, [[6.0]], ["high"])
        >>> result.accuracy, result.per_class
        (1.0, {'high': 1.0})
    """
    task = check_task(train_x, train_y, test_x, test_y)
    check_positive("C", C)
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise MissingDependencyError(
            "linear_probe needs scikit-learn, which is not installed. Run: pip install 'skelrep[eval]' "
            "(knn_probe and ridge_probe do without it)."
        ) from error
    train_ND, test_ND = _standardise(task.train_x, task.train_x), _standardise(task.test_x, task.train_x)
    if train_ND.shape[1] > train_ND.shape[0]:
        # The L2 penalty does not change under rotation, and the solution lies in the span of the training
        # rows: N coordinates in that span give the same classifier as D features, many times faster.
        span_DN, _ = np.linalg.qr(train_ND.T)
        train_ND, test_ND = train_ND @ span_DN, test_ND @ span_DN
    model = LogisticRegression(C=C, max_iter=MAX_ITERATIONS).fit(train_ND, task.train_y)
    scores = model.decision_function(test_ND)
    return probe_result(task, np.stack((-scores, scores), axis=1) if scores.ndim == 1 else scores)


def ridge_probe(
    train_x: ArrayLike, train_y: ArrayLike, test_x: ArrayLike, test_y: ArrayLike, *, alpha: float = 1000.0
) -> ProbeResult:
    """Ridge classifier in closed form on standardised features: least squares on targets -1 and +1.

    Args:
        train_x, test_x: (N, D) frozen features.
        train_y, test_y: (N,) labels, numbers or names.
        alpha: strength of the L2 penalty.

    Raises:
        EvaluationError: features or labels that cannot be probed (see `knn_probe`), or alpha <= 0.

    Example:
        >>> x, y = [[0.0], [1.0], [4.0], [5.0]], [0, 0, 1, 1]
        >>> ridge_probe(x, y, [[-1.0], [6.0]], [0, 1], alpha=1.0).accuracy
        1.0
    """
    task = check_task(train_x, train_y, test_x, test_y)
    check_positive("alpha", alpha)
    train_ND = _standardise(task.train_x, task.train_x)
    targets_NK = np.where(task.train_y[:, None] == np.arange(len(task.classes)), 1.0, -1.0)
    bias_K = targets_NK.mean(axis=0)
    # The dual form solves N x N, the primal D x D; both give the same weights.
    if train_ND.shape[0] < train_ND.shape[1]:
        dual_NK = np.linalg.solve(train_ND @ train_ND.T + alpha * np.eye(len(train_ND)), targets_NK - bias_K)
        weights_DK = train_ND.T @ dual_NK
    else:
        gram_DD = train_ND.T @ train_ND + alpha * np.eye(train_ND.shape[1])
        weights_DK = np.linalg.solve(gram_DD, train_ND.T @ (targets_NK - bias_K))
    scores_NK = _standardise(task.test_x, task.train_x) @ weights_DK + bias_K
    return probe_result(task, scores_NK)


def knn_probe(
    train_x: ArrayLike,
    train_y: ArrayLike,
    test_x: ArrayLike,
    test_y: ArrayLike,
    *,
    k: int = 1,
    temperature: float = 0.07,
) -> ProbeResult:
    """k nearest neighbours by cosine similarity s; with k > 1 each votes with weight exp(s / temperature).

    Args:
        train_x, test_x: (N, D) frozen features.
        train_y, test_y: (N,) labels, numbers or names.
        k: how many neighbours vote; 1 is the plain nearest neighbour.
        temperature: of the weighted vote; unused with k = 1.

    Returns:
        Accuracy, per class and pooled, and the class called for each test clip.

    Raises:
        EvaluationError: features that are not (N, D) of one D, or hold NaN or infinity; labels that are not
            one a row, or None; fewer than two training classes; a test label that no training clip has; k not
            in 1..n_train; temperature <= 0.

    Source:
        Wu, Xiong, Yu, Lin, "Unsupervised Feature Learning via Non-Parametric Instance Discrimination",
        CVPR 2018, section 3.4 (the weighted vote).

    Example:
        >>> knn_probe([[1.0, 0.0], [0.0, 1.0]], [0, 1], [[3.0, 1.0], [1.0, 9.0]], [0, 1]).predictions.tolist()
        [0, 1]
    """
    task = check_task(train_x, train_y, test_x, test_y)
    check_positive("temperature", temperature)
    if not 1 <= k <= len(task.train_x):
        raise EvaluationError(f"k is {k}; expected 1 to {len(task.train_x)}, the number of training clips.")
    train_ND, test_ND = _unit_rows(task.train_x), _unit_rows(task.test_x)
    rows = max(1, BLOCK_ENTRIES // len(train_ND))
    scores_NK = np.empty((len(test_ND), len(task.classes)))
    for start in range(0, len(test_ND), rows):
        similarity = test_ND[start : start + rows] @ train_ND.T
        scores_NK[start : start + rows] = _vote(similarity, task.train_y, len(task.classes), k, temperature)
    return probe_result(task, scores_NK)


def centroid_probe(
    train_x: ArrayLike, train_y: ArrayLike, test_x: ArrayLike, test_y: ArrayLike
) -> ProbeResult:
    """Nearest class mean: cosine similarity to the mean of each class's unit vectors. In closed form.

    With one clip a class it is the nearest neighbour.

    Args:
        train_x, test_x: (N, D) frozen features.
        train_y, test_y: (N,) labels, numbers or names.

    Raises:
        EvaluationError: features or labels that cannot be probed (see `knn_probe`).

    Source:
        Snell, Swersky, Zemel, "Prototypical Networks for Few-shot Learning", NeurIPS 2017, section 2.3, with
        the cosine in the place of the distance.

    Example:
        >>> centroid_probe([[1.0, 0.0], [3.0, 1.0], [0.0, 1.0]], [0, 0, 1], [[1.0, 0.2]], [0]).accuracy
        1.0
    """
    task = check_task(train_x, train_y, test_x, test_y)
    train_ND, test_ND = _unit_rows(task.train_x), _unit_rows(task.test_x)
    members_KN = task.train_y == np.arange(len(task.classes))[:, None]
    means_KD = members_KN.astype(np.float64) @ train_ND / members_KN.sum(axis=1, keepdims=True)
    return probe_result(task, test_ND.astype(np.float64) @ _unit_rows(means_KD).T)


def _vote(
    similarity_NN: NDArray[np.float32],
    train_y: NDArray[np.int64],
    num_classes: int,
    k: int,
    temperature: float,
) -> NDArray[np.float64]:
    """Votes for each class (N, K) by similarities to all training clips; minus infinity without a vote."""
    votes_NK = np.zeros((len(similarity_NN), num_classes))
    rows = np.arange(len(similarity_NN))[:, None]
    if k == 1:
        votes_NK[rows[:, 0], train_y[similarity_NN.argmax(axis=1)]] = 1
    else:
        nearest = np.argpartition(-similarity_NN, k - 1, axis=1)[:, :k]
        s = np.take_along_axis(similarity_NN, nearest, axis=1).astype(np.float64)
        weight = np.exp((s - s.max(axis=1, keepdims=True)) / temperature)
        np.add.at(votes_NK, (rows, train_y[nearest]), weight)
    return np.where(votes_NK > 0, votes_NK, -np.inf)


def _standardise(x_ND: NDArray[np.float64], reference_ND: NDArray[np.float64]) -> NDArray[np.float64]:
    """Zero mean and unit deviation as measured on the reference; a constant feature is only centred."""
    mean, deviation = reference_ND.mean(axis=0), reference_ND.std(axis=0)
    # Features come from float32: what varies less than that can tell is constant up to rounding, and dividing
    # by its deviation would turn the rounding into a feature.
    constant = deviation <= np.finfo(np.float32).eps * np.abs(mean)
    return (x_ND - mean) / np.where(constant, 1.0, deviation)


def _unit_rows(x_ND: NDArray[np.float64]) -> NDArray[np.float32]:
    norm = np.linalg.norm(x_ND, axis=1, keepdims=True)
    return (x_ND / np.where(norm > 0, norm, 1.0)).astype(np.float32)
