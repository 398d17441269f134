"""Whitening: the last layer of a vector, an affine map after which its numbers are uncorrelated.

Two ways to fit one: `whitening_matrix` to the variance of all clips (principal components), and
`whitening_from_crops` to the differences between two crops of each clip (linear discriminants with every clip
as a class of its own), which knows what should not matter.

Axes: N rows, D numbers of the pooled vector, K numbers kept.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import ConfigError

FLOOR = 0.05  # share of the median deviation that is added to each, so that dead numbers are not blown up


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


def whitening_from_crops(
    A_ND: Tensor, B_ND: Tensor, *, size: int, shrinkage: float, seed: int, groups: tuple[int, ...] = ()
) -> tuple[Tensor, Tensor]:
    """The map that levels what differs between crops of one clip, and keeps what differs between clips.

    With numbers standardised to z: W = mean of d d' over clips, d = (z_A - z_B) / sqrt(2), is the covariance
    of what should not matter. P whitens it: P' W P = I. The eigenvectors U of P' T P, T the covariance of all
    z, are the directions in which clips differ most relative to their own crops. A random rotation spreads
    their variances evenly over the K numbers, so that a probe that standardises each number does not undo
    how much a direction weighs.

    Args:
        A_ND, B_ND: float64 vectors of two crops of each of N clips.
        size: K.
        shrinkage: times the mean variance of W, added to each of its variances.
        seed: of the rotation.
        groups: rising places at which the numbers are cut into groups, each rotated by itself: numbers of an
            earlier group then weigh more. Without any, all are rotated together.

    Returns:
        float64 mean (D,) and matrix (D, K); mapped crops have mean squared norm 1.

    Raises:
        ConfigError: too few clips, fewer directions than `size`, NaN, or groups out of order.

    Source:
        Fisher, "The use of multiple measurements in taxonomic problems", 1936, with a class a clip;
        Jegou and Chum, "Negative evidences and co-occurences in image retrieval", ECCV 2012 (random rotation
        after whitening).

    Example:
        >>> A = torch.randn(20, 5, generator=torch.Generator().manual_seed(0)).double()
        >>> mean, matrix = whitening_from_crops(A, A + 0.1 * A.flip(0), size=3, shrinkage=0.1, seed=0)
        >>> tuple(matrix.shape)
        (5, 3)
    """
    check_crops(A_ND, B_ND, size)
    both = torch.cat((A_ND, B_ND))
    mean, deviation = both.mean(dim=0), both.std(dim=0, correction=0)
    # The mean stands in where more than half of the numbers are dead.
    scale = deviation + FLOOR * (deviation.median() if deviation.median() > 0 else deviation.mean())
    if not bool(scale.max() > 0):
        raise ConfigError("all vectors are the same. Give clips that differ.")
    z, d = (both - mean) / scale, (A_ND - B_ND) / scale / 2**0.5
    P = inverse_root(d.T @ d / len(d), shrinkage)
    values, U = torch.linalg.eigh(P.T @ (z.T @ z / len(z)) @ P)
    rank = int((values > values[-1] * 1e-12).sum())
    if size > rank:
        raise ConfigError(f"size is {size}, but the vectors span {rank} directions. Give a smaller size.")
    kept = P @ U.flip(1)[:, :size]
    largest = kept.gather(0, kept.abs().argmax(dim=0, keepdim=True))
    matrix = (kept * largest.sign() / scale[:, None]) @ rotation(size, seed, groups).to(kept.device)
    return mean, matrix / ((both - mean) @ matrix).square().sum(dim=1).mean().sqrt()


def check_crops(A_ND: Tensor, B_ND: Tensor, size: int) -> None:
    """Raise `ConfigError` where no map can be fitted."""
    rows, dim = A_ND.shape
    if size > dim:
        raise ConfigError(f"size is {size}, but the vectors have {dim} numbers. Give a smaller size.")
    if rows <= size:
        raise ConfigError(f"{rows} clips were given; expected more than size, {size}.")
    if not bool(torch.isfinite(A_ND).all() and torch.isfinite(B_ND).all()):
        raise ConfigError("the vectors hold NaN or infinity. Check the model's weights and the clips.")


def inverse_root(W_DD: Tensor, shrinkage: float) -> Tensor:
    """P with P' (W + shrinkage * mean variance * I) P = I, one eigenvector a column.

    Raises:
        ConfigError: a direction has no variance.
    """
    values, vectors = torch.linalg.eigh(W_DD)
    values = values + shrinkage * W_DD.trace() / len(W_DD)
    if not bool(values[0] > values[-1] * 1e-12):
        raise ConfigError(
            "crops of one clip differ in fewer directions than vectors have numbers. Give more clips, "
            "stronger augmentation, or a shrinkage above 0."
        )
    return vectors / values.sqrt()


def rotation(size: int, seed: int, groups: tuple[int, ...] = ()) -> Tensor:
    """A random orthonormal matrix, float64 (K, K); with `groups`, one a group along the diagonal.

    Raises:
        ConfigError: groups that do not rise from 1.
    """
    if list(groups) != sorted({*groups}) or (groups and groups[0] < 1):
        raise ConfigError(f"groups is {groups}; expected rising numbers from 1, such as (64, 128, 256).")
    rng, blocks = np.random.default_rng(seed), []
    edges = [0, *(edge for edge in groups if edge < size), size]
    for start, stop in pairwise(edges):
        Q, R = np.linalg.qr(rng.standard_normal((stop - start, stop - start)))
        blocks.append(torch.from_numpy(Q * np.sign(np.diag(R))))  # signs: uniform over all rotations
    return torch.block_diag(*blocks)  # type: ignore[no-untyped-call]
