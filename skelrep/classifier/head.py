"""The linear head: logistic regression on standardised features, fitted to the optimum by L-BFGS.

Axes: N clips, D features, K classes.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

ClassWeight = Literal["balanced"]
MAX_ITERATIONS = 2000


class Head(nn.Module):
    """``logits = (features - mean) / deviation @ weight.T + bias``.

    Attributes:
        mean, deviation: float32 (D,), of the training features; fixed.
        weight, bias: float32 (K, D) and (K,).
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))
        self.weight = nn.Parameter(torch.zeros(classes, features))
        self.bias = nn.Parameter(torch.zeros(classes))

    def standardise(self, features_ND: Tensor) -> Tensor:
        """Features with the training features' mean and deviation taken out."""
        return (features_ND - self.mean) / self.deviation

    def forward(self, features_ND: Tensor) -> Tensor:
        """Logits float (N, K)."""
        return nn.functional.linear(self.standardise(features_ND), self.weight, self.bias)


def fit_head(features_ND: Tensor, y_N: Tensor, class_weights_K: Tensor, C: float) -> Head:
    """Fit a head; deterministic, from zero, in float64 on the CPU.

    The objective is that of scikit-learn's `LogisticRegression`: ``|W|^2 / 2 + C * sum_i w_i CE_i`` with the
    bias not penalised.

    Args:
        features_ND: float (N, D), frozen.
        y_N: int64 (N,) class numbers.
        class_weights_K: float (K,), how much an error on each class costs.
        C: inverse strength of the penalty.
    """
    head = Head(features_ND.shape[1], len(class_weights_K))
    x = features_ND.double()
    mean, deviation = x.mean(dim=0), x.std(dim=0, correction=0)
    # What varies less than float32 can tell is constant up to rounding.
    constant = deviation <= torch.finfo(torch.float32).eps * mean.abs()
    head.mean.copy_(mean)
    head.deviation.copy_(torch.where(constant, 1.0, deviation))
    weight, bias = _logistic((x - mean) / head.deviation.double(), y_N, class_weights_K.double(), C)
    with torch.no_grad():
        head.weight.copy_(weight)
        head.bias.copy_(bias)
    return head


def class_weights(y_N: Tensor, classes: int, kind: ClassWeight | None) -> Tensor:
    """float64 (K,): N / (K * clips of the class) for ``"balanced"``, else ones.

    Example:
        >>> class_weights(torch.tensor([0, 0, 0, 1]), 2, "balanced").tolist()
        [0.6666666666666666, 2.0]
    """
    if kind is None:
        return torch.ones(classes, dtype=torch.float64)
    return len(y_N) / (classes * torch.bincount(y_N, minlength=classes).clamp(min=1).double())


def _logistic(x_ND: Tensor, y_N: Tensor, class_weights_K: Tensor, C: float) -> tuple[Tensor, Tensor]:
    span = None
    if x_ND.shape[1] > x_ND.shape[0]:
        # The solution lies in the span of the rows and the penalty does not change under rotation: N numbers
        # a clip instead of D.
        span, _ = torch.linalg.qr(x_ND.T)
        x_ND = x_ND @ span
    weight = torch.zeros(len(class_weights_K), x_ND.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(len(class_weights_K), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weight, bias],
        max_iter=MAX_ITERATIONS,
        history_size=20,
        tolerance_grad=1e-6,
        tolerance_change=1e-12,
        line_search_fn="strong_wolfe",
    )
    scale = 1 / (C * float(class_weights_K[y_N].sum()))

    def closure() -> Tensor:
        optimizer.zero_grad()
        cost = nn.functional.cross_entropy(x_ND @ weight.T + bias, y_N, class_weights_K)
        cost = cost + scale * weight.square().sum() / 2
        cost.backward()  # type: ignore[no-untyped-call]
        return cost

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    weight, bias = weight.detach(), bias.detach()
    return (weight if span is None else weight @ span.T), bias
