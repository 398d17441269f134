"""Linear evaluation as published: one linear head a view on frozen features, trained by SGD.

Axes: N clips, D features of all views, K classes.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from tqdm.auto import tqdm

from ..errors import EvaluationError
from ..train.sampler import Order
from .task import ProbeResult, check_positive, check_task, probe_result

MOMENTUM = 0.9


def linear_evaluation(
    train_x: ArrayLike,
    train_y: ArrayLike,
    test_x: ArrayLike,
    test_y: ArrayLike,
    *,
    parts: int = 1,
    epochs: int = 100,
    decay_epoch: int = 80,
    learning_rate: float = 3.0,
    batch_size: int = 128,
    seed: int = 0,
    progress: bool | None = False,
) -> ProbeResult:
    """The field's linear evaluation: SGD on frozen features, the views' logits averaged; last epoch.

    Every view has a linear head of its own; the cross-entropy of the mean of their logits trains them
    together. SGD with momentum 0.9 and no weight decay; the learning rate falls to a tenth after
    `decay_epoch`. The model of the last epoch is tested, once. Heads start at zero: the problem is convex.

    Args:
        train_x, test_x: (N, D) frozen features, as they are: nothing is standardised.
        train_y, test_y: (N,) labels, numbers or names.
        parts: views, whose features are D / parts neighbouring columns each.
        epochs, decay_epoch, learning_rate, batch_size: as published; a last batch of one clip joins the one
            before it.
        seed: fixes the order of clips.
        progress: show a bar; None shows it in a terminal.

    Raises:
        EvaluationError: features or labels that cannot be probed (see `knn_probe`), D that `parts` does not
            divide, an option out of range, or weights that grew beyond all numbers.

    Source:
        Li et al., "3D Human Action Representation Learning via Cross-View Consistency Pursuit", CVPR 2021,
        section 4.2; the mean of the logits is the published code's.

    Example:
        >>> x, y = [[0.0], [1.0], [4.0], [5.0]], ["low", "low", "high", "high"]
        >>> linear_evaluation(x, y, [[6.0]], ["high"], epochs=20, learning_rate=0.1).accuracy
        1.0
    """
    task = check_task(train_x, train_y, test_x, test_y)
    options = {"epochs": epochs, "decay_epoch": decay_epoch, "batch_size": batch_size, "parts": parts}
    for name, value in {**options, "learning_rate": learning_rate}.items():
        check_positive(name, value)
    if task.train_x.shape[1] % parts:
        raise EvaluationError(
            f"parts is {parts}, which does not divide the {task.train_x.shape[1]} features; expected the "
            "number of views whose features stand one after another, or 1."
        )
    x_ND, y_N = _inputs(task.train_x, parts), torch.from_numpy(task.train_y)
    head = AveragedHeads(x_ND.shape[1], len(task.classes))
    order = Order(seed=seed, num_clips=len(x_ND), batch_size=batch_size)
    for epoch in tqdm(range(epochs), "linear evaluation", disable=None if progress is None else not progress):
        rate = learning_rate if epoch < decay_epoch else learning_rate / 10
        first = epoch * order.steps_per_epoch + 1
        for step in range(first, first + order.steps_per_epoch):
            clips = order.batch_at(step).clips
            head.step(x_ND[clips], y_N[clips], rate)
    scores_NK = head.logits(_inputs(task.test_x, parts)).double().numpy()
    if not np.isfinite(scores_NK).all():
        raise EvaluationError(
            f"linear evaluation diverged: logits are not finite at learning_rate {learning_rate:g}. Try a "
            "lower one; features this large were not what it was chosen for."
        )
    return probe_result(task, scores_NK)


class AveragedHeads:
    """Linear heads of all views as one matrix, with the steps that SGD would take on each.

    With V views the logits are ``sum_v (x_v W_v + b_v) / V``. That is one matrix on inputs divided by V;
    the V biases move alike, and their mean moves as one weight does whose input is 1 / sqrt(V).

    Attributes:
        weight: float32 (D + 1, K), the biases' mean (times sqrt(V)) in the last row.
        velocity: of the same shape, SGD's momentum.
    """

    def __init__(self, inputs: int, classes: int) -> None:
        self.weight = torch.zeros(inputs, classes)
        self.velocity = torch.zeros(inputs, classes)

    def logits(self, x_ND: Tensor) -> Tensor:
        """Float (N, K), of inputs made by `_inputs`."""
        return x_ND @ self.weight

    def step(self, x_ND: Tensor, y_N: Tensor, learning_rate: float) -> None:
        """One step of SGD on the mean cross-entropy, whose gradient is x^T (softmax - one-hot) / N."""
        with torch.no_grad():
            error_NK = torch.softmax(self.logits(x_ND), dim=1)
            error_NK[torch.arange(len(y_N)), y_N] -= 1
            self.velocity.mul_(MOMENTUM).add_(x_ND.T @ error_NK, alpha=1 / len(y_N))
            self.weight.sub_(self.velocity, alpha=learning_rate)


def _inputs(x_ND: np.ndarray, parts: int) -> Tensor:
    """Features divided by the number of views, and the column that stands for the heads' biases."""
    x = torch.from_numpy(np.ascontiguousarray(x_ND, dtype=np.float32))
    return torch.cat((x / parts, torch.full((len(x), 1), 1 / math.sqrt(parts))), dim=1)
