"""Whitening: what it does to vectors, and that it travels with the weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conftest import make_encoder

import skelrep
from skelrep.config import EncoderConfig, PretrainConfig
from skelrep.errors import ConfigError, VerificationError
from skelrep.models import SkeletonEncoder
from skelrep.models.fused import fused_encoder
from skelrep.models.whitening import Whitening, whitening_matrix


def clips(n: int = 40) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(3, 10 + i % 5, 25, 1 + i % 2)) for i in range(n)]


@pytest.fixture(scope="module", params=["fixed", "faithful"])
def whitened(request: pytest.FixtureRequest) -> SkeletonEncoder:
    return skelrep.fit_whitening(make_encoder(request.param), clips(), size=6, shrinkage=0.2)


@pytest.mark.parametrize(("rows", "dim"), [(50, 7), (8, 30)])
@pytest.mark.parametrize("shrinkage", [0.0, 0.3])
def test_the_matrix_by_its_definition(rows: int, dim: int, shrinkage: float) -> None:
    x = torch.randn(rows, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    values, vectors = np.linalg.eigh((x.T @ x / rows).numpy())
    shrunk = values * (1 - shrinkage) + shrinkage * values.mean()
    expected = (vectors / np.sqrt(np.abs(shrunk)))[:, ::-1][:, :4]
    expected = expected * np.sign(expected[np.abs(expected).argmax(axis=0), range(4)])
    np.testing.assert_allclose(
        whitening_matrix(x, size=4, shrinkage=shrinkage), expected, rtol=1e-8, atol=1e-10
    )


def test_vectors_become_uncorrelated() -> None:
    model = skelrep.fit_whitening(make_encoder(), clips(), size=6, shrinkage=0.0)
    vectors = model.encode(clips()).astype(float)
    np.testing.assert_allclose(vectors.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(vectors.T @ vectors / len(vectors), np.eye(6), atol=1e-2)


def test_a_shorter_fit_is_the_beginning_of_a_longer_one(whitened: SkeletonEncoder) -> None:
    shorter = skelrep.fit_whitening(whitened, clips(), size=3, shrinkage=0.2)
    np.testing.assert_allclose(shorter.encode(clips()), whitened.encode(clips())[:, :3], atol=1e-4)
    assert whitened.embedding_dim == 6


def test_bodies_and_clips_agree_and_nobody_stays_zero(whitened: SkeletonEncoder) -> None:
    x = torch.randn(3, 3, 12, 25, 2, generator=torch.Generator().manual_seed(1))
    x[1, ..., 1] = 0
    x[2] = 0
    fused = fused_encoder(whitened)
    for form in ("forward", "forward_bodies"):
        found, expected = getattr(fused, form)(x), getattr(whitened, form)(x)
        assert (found - expected).abs().max() < 1e-5 * expected.abs().max()
    bodies = whitened.forward_bodies(x)
    assert not bodies[1, 1].any()
    torch.testing.assert_close(whitened(x)[0], bodies[0].mean(dim=0), rtol=1e-4, atol=1e-4)
    if whitened.config.encoder.recipe_name == "fixed":
        assert not whitened(x)[2].any()
        assert not fused(x)[2].any()


def test_it_travels_with_the_weights(whitened: SkeletonEncoder, tmp_path) -> None:
    whitened.save_pretrained(tmp_path)
    model = skelrep.load_pretrained(tmp_path)
    np.testing.assert_array_equal(model.encode(clips(3)), whitened.encode(clips(3)))
    assert "whitening" in skelrep.verify(tmp_path).layer_errors
    assert model.whitening is not None
    model.whitening.matrix[0] += 1
    with pytest.raises(VerificationError, match="first layer that differs is whitening"):
        skelrep.verify(model, against=tmp_path)


def test_fine_tuning_passes_gradients_through_it(whitened: SkeletonEncoder) -> None:
    labels = ["a", "b"] * 6
    classifier = skelrep.finetune(
        whitened, clips(12), labels, mode="full", epochs=1, unknown=False, validation=0.0, device="cpu"
    )
    assert classifier.predict_proba(clips(2)).shape == (2, 2)
    weight, tuned = (m.encoders["bone"].blocks[9].temporal.weight for m in (whitened, classifier.encoder))
    assert not torch.equal(weight, tuned)
    assert torch.equal(whitened.whitening.matrix, classifier.encoder.whitening.matrix)


@pytest.mark.parametrize(
    ("options", "count", "says"),
    [
        ({"size": 0}, 4, "1 or more"),
        ({"size": 2, "shrinkage": 1.5}, 4, "0 to 1"),
        ({"size": 4}, 4, "span 3 directions"),
        ({"size": 2}, 1, "1 clips were given"),
    ],
)
def test_what_cannot_be_fitted(options: dict, count: int, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        skelrep.fit_whitening(make_encoder(), clips(count), **options)


def test_impossible_sizes() -> None:
    with pytest.raises(ConfigError, match="at most 4"):
        Whitening(4, 5)
    with pytest.raises(ConfigError, match="0 or more"):
        EncoderConfig(whitening=-1)
    with pytest.raises(ConfigError, match="after training"):
        PretrainConfig(encoder=EncoderConfig(whitening=8))
