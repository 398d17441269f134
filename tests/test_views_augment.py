"""Views and random crops against plain loops, and the published draws."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skelrep.augment import augment, draw, rotate, scale_bones, shear, temporal_crop
from skelrep.config import AugmentConfig
from skelrep.layout import ANATOMY, PARENT, SPINE_SHOULDER
from skelrep.views import bone, make_view, motion

DATA = np.load(Path(__file__).parent / "data" / "parity_preprocess.npz")
EVERYTHING = AugmentConfig(shear=0.5, crop_ratio=6, rotation=30, bone_scale=0.2)


@pytest.fixture
def x() -> torch.Tensor:
    """Three centred clips of two bodies, the last without its second."""
    x = torch.randn(3, 3, 20, 25, 2, generator=torch.Generator().manual_seed(0))
    x = x - x[:, :, :, SPINE_SHOULDER : SPINE_SHOULDER + 1]
    x[2, ..., 1] = 0
    return x


def test_motion_and_bone_equal_loops(x: torch.Tensor) -> None:
    np.testing.assert_array_equal(motion(x).numpy(), reference.motion(x.numpy()))
    np.testing.assert_array_equal(bone(x).numpy(), reference.bone(x.numpy()))


def test_views_by_name(x: torch.Tensor) -> None:
    assert make_view(x, "joint") is x
    assert torch.equal(make_view(x, "motion"), motion(x))
    assert torch.equal(make_view(x, "bone"), bone(x))


def test_published_parents() -> None:
    assert [(j + 1, p + 1) for j, p in enumerate(PARENT)] == sorted(reference.BONE_PAIRS_1BASED)


def test_published_shear_and_crop() -> None:
    position = torch.from_numpy(DATA["position"])[None]
    values = torch.from_numpy(DATA["shear_values"])[None]
    np.testing.assert_allclose(shear(position.double(), values)[0], DATA["sheared"], atol=1e-12)
    start = torch.tensor([int(DATA["crop_start"])])
    np.testing.assert_array_equal(temporal_crop(position, start, 50 // 6)[0], DATA["cropped"])


@given(st.integers(1, 40), st.data())
@settings(max_examples=40, deadline=None)
def test_crop_equals_loop(frames: int, data: st.DataObject) -> None:
    padding = data.draw(st.integers(0, frames))
    start = data.draw(st.integers(0, 2 * padding))
    x = np.random.default_rng(frames).normal(size=(3, frames, 2, 1))
    found = temporal_crop(torch.from_numpy(x)[None], torch.tensor([start]), padding)[0].numpy()
    np.testing.assert_array_equal(found, reference.temporal_crop(x, start, padding))


def test_rotation_keeps_height_and_length(x: torch.Tensor) -> None:
    turned = rotate(x, torch.tensor([0.5, 0.0, -1.0]))
    torch.testing.assert_close(turned[:, 1], x[:, 1])
    torch.testing.assert_close(turned.norm(dim=1), x.norm(dim=1))
    torch.testing.assert_close(turned[1], x[1])
    assert (turned[0] - x[0]).abs().max() > 0.1


def test_bone_scale_changes_lengths_and_nothing_else(x: torch.Tensor) -> None:
    factors = 1 + 0.2 * torch.rand(3, 25)
    scaled = scale_bones(x, factors)
    bones, old = (t[:, :, :, 1:] - t[:, :, :, list(ANATOMY[1:])] for t in (scaled, x))
    torch.testing.assert_close(bones, old * factors[:, None, None, 1:, None], atol=1e-5, rtol=1e-4)
    assert scaled[:, :, :, SPINE_SHOULDER].abs().max() < 1e-6


def test_same_generator_state_same_crops(x: torch.Tensor) -> None:
    once, again, other = (augment(x, EVERYTHING, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(once, again)
    assert not torch.equal(once, other)


@pytest.mark.parametrize(
    "fields", [{}, {"rotation": 30.0}, {"bone_scale": 0.2, "crop_ratio": 0}, {"shear": 0.0, "rotation": 9.0}]
)
@pytest.mark.parametrize("n", [3, 20])
def test_joined_changes_equal_one_after_another(n: int, fields: dict[str, float]) -> None:
    x = torch.randn(n, 3, 20, 25, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(n))
    config = dataclasses.replace(AugmentConfig(), **fields)
    draws = draw(n, 20, config, torch.Generator().manual_seed(1))
    expected = x if draws.bone_factors is None else scale_bones(x, draws.bone_factors.double())
    if draws.first_frame is not None:
        expected = temporal_crop(expected, draws.first_frame, 20 // config.crop_ratio)
    if draws.shears is not None:
        expected = shear(expected, draws.shears.double())
    if draws.angles is not None:
        expected = rotate(expected, draws.angles.double())
    found = augment(x, config, torch.Generator().manual_seed(1))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_clips_of_a_batch_get_their_own_draws() -> None:
    same = torch.randn(1, 3, 20, 25, 1).expand(4, -1, -1, -1, -1)
    crops = augment(same, EVERYTHING, torch.Generator().manual_seed(0))
    assert all(not torch.allclose(crops[0], crops[n]) for n in range(1, 4))


def test_absent_bodies_stay_zero(x: torch.Tensor) -> None:
    assert not augment(x, EVERYTHING, torch.Generator().manual_seed(0))[2, ..., 1].any()


def test_zero_amplitudes_change_nothing(x: torch.Tensor) -> None:
    nothing = AugmentConfig(shear=0, crop_ratio=0, rotation=0, bone_scale=0)
    assert torch.equal(augment(x, nothing, torch.Generator()), x)


@pytest.mark.parametrize("field", ["shear", "crop_ratio", "rotation", "bone_scale"])
def test_every_amplitude_does_something(x: torch.Tensor, field: str) -> None:
    off = {"shear": 0.0, "crop_ratio": 0, "rotation": 0.0, "bone_scale": 0.0}
    value = {"shear": 0.5, "crop_ratio": 6, "rotation": 30.0, "bone_scale": 0.2}[field]
    config = AugmentConfig(**(off | {field: value}))
    assert not torch.equal(augment(x, config, torch.Generator().manual_seed(3)), x)


def test_draws_cover_the_published_ranges() -> None:
    line = torch.arange(50.0).view(1, 1, 50, 1, 1).expand(4000, 3, 50, 25, 1)
    crop = AugmentConfig(shear=0, crop_ratio=6)
    first = augment(line, crop, torch.Generator().manual_seed(0))[:, 0, 0, 0, 0]
    # Starts 0..16 show frames 7..0 (mirrored), then 0..8: frame 0 twice.
    assert sorted(set(first.tolist())) == list(range(9))
    counts = torch.bincount(first.long(), minlength=9) / 4000
    assert counts[8] == pytest.approx(1 / 17, abs=0.02)
    assert counts[0] == pytest.approx(2 / 17, abs=0.02)
