"""Whitening: the last layer of a vector, an affine map after which its numbers are uncorrelated.

Axes: N rows, D numbers of the pooled vector, K numbers kept.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..errors import ConfigError


class Whitening(nn.Module):
    """(x - mean) @ matrix; both are buffers, so that they travel with the weights and are not trained.

    Args:
        dim: D.
        size: K.

    Raises:
        ConfigError: K is larger than D.
    """

    mean: Tensor
    matrix: Tensor

    def __init__(self, dim: int, size: int) -> None:
        super().__init__()
        if size > dim:
            raise ConfigError(
                f"whitening is {size}; expected at most {dim}, the length of the pooled vector."
            )
        self.register_buffer("mean", torch.zeros(dim))
        # Not torch.eye, which without memory (`empty_encoder`) imports all of sympy.
        self.register_buffer("matrix", torch.zeros(dim, size))
        self.matrix.diagonal().fill_(1)

    def forward(self, x: Tensor) -> Tensor:
        """float (..., D) -> (..., K)."""
        return (x - self.mean) @ self.matrix


def whitening_matrix(deviations_ND: Tensor, *, size: int, shrinkage: float) -> Tensor:
    """The map that whitens rows of a given second moment; the most important direction comes first.

    Args:
        deviations_ND: float64, rows whose mean outer product is the covariance: vectors minus their mean, or
            differences between two versions of a clip.
        size: K.
        shrinkage: s; the eigenvalues l become l * (1 - s) + s * mean(l), which keeps directions of hardly any
            variance from being blown up.

    Returns:
        float64 (D, K): eigenvectors over the square roots of their eigenvalues, largest eigenvalue first,
        each with its largest entry positive.

    Raises:
        ConfigError: the rows span fewer than `size` directions.

    Source:
        Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", 2004
        (shrinkage towards a multiple of the identity).

    Example:
        >>> x = torch.tensor([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]]).double()
        >>> y = x @ whitening_matrix(x, size=2, shrinkage=0.0)
        >>> bool(torch.allclose(y.T @ y / 4, torch.eye(2).double()))
        True
    """
    rows, dim = deviations_ND.shape
    # Of the two Gram matrices, the smaller one: they have the same eigenvalues, but for zeros.
    wide = dim > rows
    gram = deviations_ND @ deviations_ND.T if wide else deviations_ND.T @ deviations_ND
    values, vectors = torch.linalg.eigh(gram / rows)
    values, vectors = values.flip(0), vectors.flip(1)
    rank = int((values > values[:1] * 1e-12).sum())
    if size > rank:
        raise ConfigError(
            f"size is {size}, but the vectors span {rank} directions. Give more clips, or a smaller size."
        )
    values, axes = values[:size], vectors[:, :size]
    if wide:
        axes = torch.nn.functional.normalize(deviations_ND.T @ axes, dim=0)
    mean_value = deviations_ND.square().sum() / rows / dim
    largest = axes.gather(0, axes.abs().argmax(dim=0, keepdim=True))
    return axes * largest.sign() / torch.sqrt(values * (1 - shrinkage) + shrinkage * mean_value)
