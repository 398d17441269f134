"""Whitening by crops: against a NumPy oracle, on known nuisances, and of a whole encoder."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conftest import make_encoder
from numpy.typing import NDArray
from torch import Tensor

import skelrep
from skelrep.config import AugmentConfig
from skelrep.errors import ConfigError
from skelrep.models.fused import fused_encoder
from skelrep.models.whitening import rotation, whitening_from_crops

MILD = AugmentConfig(rotation=20, bone_scale=0.2)


def clips(n: int = 20) -> list[NDArray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(3, 10 + i % 5, 25, 1 + i % 2)) for i in range(n)]


def crops(n: int = 60, dim: int = 9, nuisance: float = 5.0, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Crops of the same clip differ a lot in the last three numbers, and hardly in the others."""
    rng = np.random.default_rng(seed)
    noise = np.where(np.arange(dim) < dim - 3, 0.3, nuisance)
    clip = rng.normal(size=(n, dim))
    return tuple(torch.from_numpy(clip + noise * rng.normal(size=(n, dim))) for _ in range(2))


def oracle(A: NDArray, B: NDArray, size: int, shrinkage: float) -> tuple[NDArray, NDArray]:
    """Mean and matrix before the rotation, by generalised eigenvectors: T u = l W u."""
    both = np.concatenate([A, B])
    m, s = both.mean(axis=0), both.std(axis=0)
    s = s + 0.05 * np.sort(s)[(len(s) - 1) // 2]
    z_A, z_B = (A - m) / s, (B - m) / s
    W = sum(np.outer(a - b, a - b) / 2 for a, b in zip(z_A, z_B, strict=True)) / len(A)
    W += shrinkage * np.trace(W) / len(s) * np.eye(len(s))
    T = sum(np.outer(z, z) for z in (*z_A, *z_B)) / len(both)
    values, U = np.linalg.eig(np.linalg.solve(W, T))
    U = U[:, np.argsort(-values.real)[:size]].real
    U /= np.sqrt(np.einsum("dk,de,ek->k", U, W, U))
    matrix = U / s[:, None]
    return m, matrix / np.sqrt(np.mean(np.sum(((both - m) @ matrix) ** 2, axis=1)))


@pytest.mark.parametrize("size", [1, 4, 9])
@pytest.mark.parametrize("shrinkage", [0.0, 0.3])
def test_equals_the_oracle_but_for_a_rotation(size: int, shrinkage: float) -> None:
    A, B = crops()
    mean, matrix = whitening_from_crops(A, B, size=size, shrinkage=shrinkage, seed=3)
    m, expected = oracle(A.numpy(), B.numpy(), size, shrinkage)
    np.testing.assert_allclose(mean, m, atol=1e-12)
    turned_back = (matrix @ rotation(size, 3).T).numpy()
    signs = np.sign((turned_back * expected).sum(axis=0))
    np.testing.assert_allclose(turned_back, expected * signs, rtol=1e-6, atol=1e-9)


def nearest_are_own_clip(A: Tensor, B: Tensor) -> float:
    a, b = (torch.nn.functional.normalize(x, dim=1) for x in (A, B))
    return float(((a @ b.T).argmax(dim=1) == torch.arange(len(a))).double().mean())


def test_known_nuisance_no_longer_rules_the_nearest_neighbour() -> None:
    mean, matrix = whitening_from_crops(*crops(n=200), size=6, shrinkage=0.1, seed=0)
    A, B = crops(seed=1)  # of other clips
    before = nearest_are_own_clip(A - A.mean(dim=0), B - B.mean(dim=0))
    after = nearest_are_own_clip((A - mean) @ matrix, (B - mean) @ matrix)
    assert after > before + 0.3


def test_units_of_the_input_do_not_matter_and_squared_norms_are_one() -> None:
    A, B = crops()
    mapped = []
    for factor in (1.0, 1000.0):
        mean, matrix = whitening_from_crops(factor * A, factor * B, size=5, shrinkage=0.1, seed=0)
        mapped.append((factor * torch.cat((A, B)) - mean) @ matrix)
    torch.testing.assert_close(*mapped)
    assert mapped[0].square().sum(dim=1).mean() == pytest.approx(1)


@pytest.mark.parametrize("dead", [1, 6])
def test_dead_numbers_stay_silent(dead: int) -> None:
    A, B = crops()
    A[:, :dead] = B[:, :dead] = 2.0
    _, matrix = whitening_from_crops(A, B, size=2, shrinkage=0.1, seed=0)
    assert bool(torch.isfinite(matrix).all())
    assert float(matrix[:dead].abs().max()) < 1e-9


@pytest.mark.parametrize("groups", [(), (2, 5), (2, 5, 64)])
def test_rotations_are_orthonormal_and_stay_in_their_group(groups: tuple[int, ...]) -> None:
    Q = rotation(8, 1, groups)
    torch.testing.assert_close(Q @ Q.T, torch.eye(8).double())
    assert torch.equal(Q, rotation(8, 1, groups))
    edges = np.searchsorted([e for e in groups if e < 8], range(8), side="right")
    assert np.array_equal(Q != 0, edges[:, None] == edges[None])


def test_an_encoder_gets_the_map_of_its_crops() -> None:
    model = make_encoder(feature_blocks=(0, 2), pooling="parts_std", views=("joint",))
    white = skelrep.fit_whitening(model, clips(), size=6, augment=MILD, batch_size=7)
    again = skelrep.fit_whitening(white, clips(), size=6, augment=MILD, batch_size=7)
    other = skelrep.fit_whitening(model, clips(), size=6, augment=MILD, batch_size=7, seed=1)
    vectors = white.encode(clips())
    assert vectors.shape == (20, 6)
    assert np.array_equal(vectors, again.encode(clips()))
    assert not np.allclose(vectors, other.encode(clips()))
    x = torch.randn(3, 3, 20, 25, 2, generator=torch.Generator().manual_seed(0))
    found, expected = fused_encoder(white)(x), white(x)
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


def test_without_any_change_crops_are_the_clips() -> None:
    model = make_encoder(feature_blocks=(2,), views=("joint",))
    none = AugmentConfig(shear=0, crop_ratio=0)
    with pytest.raises(ConfigError, match="fewer directions"):
        skelrep.fit_whitening(model, clips(), size=2, augment=none)


@pytest.mark.parametrize(
    ("change", "size", "says"),
    [
        ({}, 10, "have 9 numbers"),
        ({"rows": 4}, 4, "4 clips were given"),
        ({"fill": float("nan")}, 2, "NaN"),
        ({"fill": 1.0}, 2, "all vectors are the same"),
        ({"repeat": 3}, 8, "fewer directions|span"),
    ],
)
def test_what_cannot_be_fitted(change: dict, size: int, says: str) -> None:
    A, B = (x[: change.get("rows")].clone() for x in crops())
    if "fill" in change:
        A[:], B[:] = change["fill"], change["fill"]
    if "repeat" in change:
        A[:, 3:], B[:, 3:] = A[:, :1], B[:, :1]
    with pytest.raises(ConfigError, match=says):
        whitening_from_crops(A, B, size=size, shrinkage=0.0, seed=0)


def test_groups_must_rise_and_clips_must_be_enough() -> None:
    with pytest.raises(ConfigError, match="rising"):
        rotation(8, 0, (4, 2))
    with pytest.raises(ConfigError, match="20 clips were given"):
        skelrep.fit_whitening(make_encoder(), clips(), size=20, augment=MILD)
