"""ST-GCN and the encoder: parity with published features, a numpy oracle, bodies, poolings."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import reference
import torch
from conftest import make_encoder
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_data import PARITY, needs_parity

from skelrep.config import EncoderConfig, ModelConfig
from skelrep.convert import load_reference_checkpoint, reference_to_crossclr
from skelrep.errors import ConfigError, ShapeError
from skelrep.layout import BODY_PARTS, spatial_partition
from skelrep.models import STGCN, SkeletonEncoder
from skelrep.models.pooling import pool, pool_input, pooled_size
from skelrep.models.reuse import same_weights


def clips(n: int = 3, frames: int = 12, bodies: int = 2, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, 3, frames, 25, bodies, generator=torch.Generator().manual_seed(seed))


def relative(found: torch.Tensor, expected: np.ndarray) -> float:
    return float(np.abs(found.detach().numpy() - expected).max() / np.abs(expected).max())


@needs_parity
def test_published_features_of_one_view() -> None:
    data = np.load(PARITY / "stgcn_c16_t50.npz")
    state = {f"encoder_q.{k[3:]}": torch.from_numpy(data[k]) for k in data.files if k.startswith("sd/")}
    state = reference_to_crossclr(state)
    config = ModelConfig(encoder=dataclasses.replace(EncoderConfig.recipe("faithful"), views=("joint",)))
    model = SkeletonEncoder(config).eval()
    prefix = "query_encoders.joint."
    weights = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
    model.encoders["joint"].load_state_dict(weights)
    assert relative(model(torch.from_numpy(data["x"])), data["features"]) < 1e-5


@needs_parity
def test_published_features_of_three_views() -> None:
    data = np.load(PARITY / "crossclr_3views_expected.npz")
    model = load_reference_checkpoint(PARITY / "crossclr_3views_reference_format.pt")
    found = model(torch.from_numpy(data["x"]))
    expected = np.concatenate([data["joint"], data["motion"], data["bone"]], axis=1)
    assert relative(found, expected) < 1e-5


@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
@pytest.mark.parametrize(("frames", "last_block"), [(12, 10), (13, 7), (1, 10), (50, 4)])
def test_feature_maps_equal_numpy_loops(recipe: str, frames: int, last_block: int) -> None:
    encoder = make_encoder(recipe, views=("joint",)).double()
    x = clips(2, frames, 1).double()
    state = {k: v.numpy() for k, v in encoder.encoders["joint"].state_dict().items()}
    found = encoder.encoders["joint"].forward_features(x[..., 0], last_block).detach().numpy()
    for n in range(2):
        expected = reference.stgcn_maps(x[n, ..., 0].numpy(), state, last_block)
        np.testing.assert_allclose(found[n], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
def test_tests_use_an_encoder_that_looks_at_its_input(recipe: str) -> None:
    rows = make_encoder(recipe)(clips(8))
    spread = rows.std(dim=0) / rows.abs().mean()
    assert spread.mean() > 0.05
    for part in rows.split(8, dim=1):  # a view
        assert part.std(dim=0).max() > 0.01


def test_published_widths_and_size() -> None:
    count = sum(p.numel() for p in STGCN(EncoderConfig()).parameters())
    assert count + 256 * 128 + 128 == 854_276  # with the reference's linear head (performance.md)


@pytest.mark.parametrize("views", [("joint",), ("motion",), ("joint", "bone"), ("joint", "motion", "bone")])
def test_views_come_one_after_another(views: tuple[str, ...]) -> None:
    x = clips()
    together = make_encoder(views=views)
    alone = []
    for view in views:
        one = make_encoder(views=(view,))
        one.encoders[view].load_state_dict(together.encoders[view].state_dict())
        alone.append(one(x))
    assert together.embedding_dim == 8 * len(views)
    torch.testing.assert_close(together(x), torch.cat(alone, dim=1))


@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
def test_one_body_equals_two_slots_with_zeros(recipe: str) -> None:
    model, one = make_encoder(recipe), clips(bodies=1)
    two = torch.cat([one, torch.zeros_like(one)], dim=-1)
    torch.testing.assert_close(model(one), model(two))
    torch.testing.assert_close(model.forward_features(one), model.forward_features(two))


def test_fixed_averages_present_bodies_only() -> None:
    model, two = make_encoder("fixed"), clips(bodies=2)
    first, second = model(two[..., :1]), model(two[..., 1:])
    torch.testing.assert_close(model(two), (first + second) / 2)
    torch.testing.assert_close(model(two.flip(-1)), model(two))


def test_fixed_computes_present_bodies_only() -> None:
    rows = []
    model = make_encoder("fixed", views=("joint",))
    model.encoders["joint"].input_norm.register_forward_hook(lambda _, args, __: rows.append(len(args[0])))
    x = clips(4, bodies=2)
    x[:3, ..., 1] = 0
    model(x)
    assert rows == [5]


def test_a_body_that_stands_still_is_present_in_the_motion_view() -> None:
    model = make_encoder("fixed", views=("motion",))
    still = torch.ones(1, 3, 12, 25, 1)
    assert model(still).abs().max() > 0


def test_faithful_averages_the_absent_body_in() -> None:
    model, one = make_encoder("faithful"), clips(bodies=1)
    empty = model(torch.zeros_like(one))
    assert empty.abs().max() > 0
    encoder = dataclasses.replace(model.config.encoder, recipe_name="fixed")
    fixed = SkeletonEncoder(dataclasses.replace(model.config, encoder=encoder)).eval()
    fixed.load_state_dict(model.state_dict())
    torch.testing.assert_close(model(one), (fixed(one) + empty) / 2)


def test_no_body_gives_zeros_not_nan() -> None:
    assert torch.equal(make_encoder("fixed")(torch.zeros(2, 3, 12, 25, 2)), torch.zeros(2, 24))


@given(st.integers(1, 60), st.integers(1, 3))
@settings(max_examples=15, deadline=None)
def test_any_length_and_batch(frames: int, n: int) -> None:
    model = make_encoder()
    assert model(clips(n, frames)).shape == (n, 24)
    assert model.forward_features(clips(n, frames)).shape == (n, math.ceil(frames / 4), 25, 24)


@pytest.mark.parametrize("pooling", ["mean", "mean_std", "parts", "parts_std"])
@pytest.mark.parametrize("frames", [1, 2, 3, 13])
def test_poolings_equal_loops(pooling: str, frames: int) -> None:
    maps = torch.randn(2, 5, frames, 25, dtype=torch.float64)
    found = pool(maps, pooling).numpy()
    m = maps.numpy()
    if pooling == "mean":
        expected = m.mean(axis=(2, 3))
    elif pooling == "mean_std":
        expected = np.concatenate([m.mean(axis=(2, 3)), m.mean(axis=3).std(axis=2)], axis=1)
    else:
        expected = []
        for i in range(3):
            first, end = round(i * frames / 3), round((i + 1) * frames / 3)
            segment = m[:, :, min(first, frames - 1) : max(end, first + 1)]
            expected += [segment[..., list(part)].mean(axis=(2, 3)) for part in BODY_PARTS]
        if pooling == "parts_std":
            expected += [m[..., list(part)].mean(axis=3).std(axis=2) for part in BODY_PARTS]
        expected = np.concatenate(expected, axis=1)
    assert found.shape == (2, pooled_size(5, 4, pooling))
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("frames", [1, 3, 8, 13, 50])
def test_the_inputs_pooling_equals_loops(frames: int) -> None:
    maps = torch.randn(2, 3, frames, 25, dtype=torch.float64)
    expected = []
    for i in range(8):
        first, end = (math.floor(j * frames / 8 + 0.5) for j in (i, i + 1))
        segment = maps[:, :, min(first, frames - 1) : max(end, first + 1)].numpy()
        expected += [segment[..., joint].mean(axis=2) for joint in range(25)]
    expected += [maps[..., joint].numpy().std(axis=2) for joint in range(25)]
    found = pool_input(maps).numpy()
    assert found.shape == (2, pooled_size(3, 0, "mean"))
    np.testing.assert_allclose(found, np.concatenate(expected, axis=1), atol=1e-12)


@pytest.mark.parametrize(
    ("block", "pooling", "size"), [(4, "mean", 6), (7, "parts", 180), (10, "mean_std", 48)]
)
def test_the_vector_is_made_as_configured(block: int, pooling: str, size: int) -> None:
    model = make_encoder(feature_blocks=(block,), pooling=pooling)
    assert model.embedding_dim == size
    assert model(clips()).shape == (3, size)


@pytest.mark.parametrize("pooling", ["mean", "parts_std"])
def test_several_blocks_are_one_after_another_in_every_view(pooling: str) -> None:
    several = make_encoder(feature_blocks=(0, 4, 9), pooling=pooling)
    alone = [make_encoder(feature_blocks=(b,), pooling=pooling) for b in (0, 4, 9)]
    views = [torch.chunk(model(clips()), 3, dim=1) for model in alone]
    expected = torch.cat([part[view] for view in range(3) for part in views], dim=1)
    assert torch.equal(several(clips()), expected)
    assert several.embedding_dim == expected.shape[1]
    assert several.forward_features(clips()).shape == alone[-1].forward_features(clips()).shape


def test_block_0_is_the_normalised_input() -> None:
    model, x = make_encoder(feature_blocks=(0,), views=("joint",)), clips()[..., :1]
    norm = model.encoders["joint"].input_norm
    joint_major = x[..., 0].permute(0, 3, 1, 2).flatten(1, 2)
    expected = pool_input(norm(joint_major).unflatten(1, (25, 3)).transpose(1, 2).transpose(2, 3))
    assert torch.equal(model(x), expected)
    assert model.embedding_dim == 675


def test_an_encoder_of_fewer_blocks_computes_the_same() -> None:
    whole = make_encoder(feature_blocks=(2, 7), pooling="parts")
    short = same_weights(whole, dataclasses.replace(whole.config.encoder, blocks=7))
    assert len(short.encoders["bone"].blocks) == 7
    assert torch.equal(short(clips()), whole(clips()))
    with pytest.raises(ConfigError, match=r"blocks 7 \(config: 10\)"):
        same_weights(short, whole.config.encoder)


def test_blocks_after_the_last_one_named_are_not_computed() -> None:
    model = make_encoder(feature_blocks=(0, 3))
    model.encoders["motion"].blocks[3].register_forward_hook(lambda *_: pytest.fail("block 4 was computed"))
    for form in (model.forward, model.forward_features, model.forward_bodies):
        form(clips())


def test_partitions_have_the_intended_sizes() -> None:
    assert [(p > 0).sum() for p in spatial_partition("fixed")] == [25, 24, 24]
    assert [(p > 0).sum() for p in spatial_partition("faithful")] == [25, 40, 8]
    for recipe in ("fixed", "faithful"):
        np.testing.assert_allclose(spatial_partition(recipe).sum(axis=(0, 1)), 1, rtol=1e-6)


@pytest.mark.parametrize("shape", [(3, 12, 25, 2), (1, 2, 12, 25, 2), (1, 3, 12, 24, 2), (1, 3, 0, 25, 2)])
def test_wrong_axes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="expected"):
        make_encoder()(torch.zeros(shape))


def test_initial_weights_follow_the_seed() -> None:
    torch.manual_seed(3)
    a = SkeletonEncoder(ModelConfig(encoder=EncoderConfig(base_channels=2)))
    torch.manual_seed(3)
    b = SkeletonEncoder(ModelConfig(encoder=EncoderConfig(base_channels=2)))
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
