"""Random changes of body, time, space and motion against plain loops, alone and joined."""

from __future__ import annotations

import augment_oracle as oracle
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skelrep.augment import (
    add_drift,
    augment,
    draw,
    mirror,
    mix_lower_bodies,
    rotate,
    scale_bones,
    scale_motion,
    shear,
    temporal_crop,
    tilt,
    warp_time,
)
from skelrep.augment.motion import gains
from skelrep.config import AugmentConfig
from skelrep.errors import ConfigError
from skelrep.layout import HEAD, NUM_JOINTS, SPINE_SHOULDER

OFF = {"shear": 0.0, "crop_ratio": 0}
NEW = {
    "tilt": 20.0, "speed": 0.7, "amplitude": 0.5, "jitter": 0.05,
    "joint_mask": 0.3, "axis_mask": 0.5, "part_mix": 0.5, "mirror": 0.5,
}  # fmt: skip
ALL = AugmentConfig(rotation=30.0, bone_scale=0.2, **NEW)
N, T = 40, 11


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def x() -> torch.Tensor:
    """Clips of two bodies, the second absent in every third clip and in some frames of the others."""
    x = torch.randn(N, 3, T, NUM_JOINTS, 2, dtype=torch.float64, generator=seeded())
    x -= x[:, :, :, SPINE_SHOULDER, None].clone()
    x[::3, ..., 1] = 0
    x[1, :, 4:7, :, 1] = 0
    return x


def each(change, x: torch.Tensor, *arguments: torch.Tensor) -> np.ndarray:
    """An oracle's change of every clip."""
    return np.stack([change(*(a.numpy() for a in clip)) for clip in zip(x, *arguments, strict=True)])


def close(found: torch.Tensor, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-12)


def test_tilt_equals_loop(x: torch.Tensor) -> None:
    tilts = torch.randn(N, 2, dtype=torch.float64, generator=seeded(1))
    expected = np.stack([oracle.tilt(a, *b) for a, b in zip(x.numpy(), tilts.tolist(), strict=True)])
    close(tilt(x, tilts), expected)


@given(st.integers(1, 15), st.integers(1, 5), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_warp_equals_loop_and_stays_monotone(frames: int, pieces: int, seed: int) -> None:
    x = torch.randn(2, 1, frames, 1, 1, dtype=torch.float64, generator=seeded(seed))
    speeds = torch.randn(2, pieces, dtype=torch.float64, generator=seeded(seed)).exp()
    close(warp_time(x, speeds), each(oracle.warp_time, x, speeds))
    ramp = torch.arange(float(frames)).view(1, 1, -1, 1, 1).expand(2, -1, -1, -1, -1)
    played = warp_time(ramp, speeds)[:, 0, :, 0, 0]
    assert (played.diff(dim=1) >= 0).all()
    assert (played[:, 0] == 0).all()
    assert torch.allclose(played[:, -1], torch.tensor(frames - 1.0))


def test_drift_motion_and_mirror_equal_loops(x: torch.Tensor) -> None:
    knots = torch.randn(N, 5, 3, NUM_JOINTS, 2, dtype=torch.float64, generator=seeded(1))
    close(add_drift(x, knots), each(oracle.add_drift, x, knots))
    gain = torch.rand(N, 3, NUM_JOINTS, dtype=torch.float64, generator=seeded(2))
    close(scale_motion(x, gain), each(oracle.scale_motion, x, gain))
    mirrored = torch.arange(N) % 2 == 0
    close(mirror(x, mirrored)[::2], each(oracle.mirror, x[::2]))
    assert torch.equal(mirror(x, mirrored)[1::2], x[1::2])


def test_legs_of_another_clip_equal_loop(x: torch.Tensor) -> None:
    partners = torch.randint(0, N, (N,), generator=seeded(3))
    close(mix_lower_bodies(x, x, partners), each(oracle.mix_lower_body, x, x[partners]))
    assert torch.equal(mix_lower_bodies(x, x, torch.full((N,), -1)), x)


def one_after_another(x: torch.Tensor, config: AugmentConfig, seed: int) -> torch.Tensor:
    """Every change by its own function, in the order that `augment` names."""
    d = draw(len(x), T, config, seeded(seed), x.shape[4])
    x = mix_lower_bodies(x, x, d.partners)
    x = scale_bones(mirror(x, d.mirrored), d.bone_factors.double())
    x = warp_time(temporal_crop(x, d.first_frame, T // config.crop_ratio), d.speeds)
    x = tilt(rotate(shear(x, d.shears.double()), d.angles.double()), d.tilts.double())
    gain = d.amplitudes[:, None, None] * (~d.frozen_joints)[:, None] * (~d.frozen_axes)[:, :, None]
    return scale_motion(add_drift(x, d.drifts), gain)


def test_joined_changes_equal_one_after_another(x: torch.Tensor) -> None:
    expected = one_after_another(x, ALL, seed=5)
    torch.testing.assert_close(augment(x, ALL, seeded(5)), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("field", NEW)
def test_a_new_change_alone_does_something_and_leaves_absent_bodies(x: torch.Tensor, field: str) -> None:
    crop = augment(x, AugmentConfig(**OFF, **{field: NEW[field]}), seeded(4))
    assert not torch.equal(crop, x)
    assert not crop[::3, ..., 1].any()
    assert not crop[:, :, :, SPINE_SHOULDER, 0].any()


@pytest.mark.parametrize("config", [ALL, AugmentConfig(**OFF, mirror=1.0, bone_scale=0.1)])
def test_absent_bodies_stay_zero(x: torch.Tensor, config: AugmentConfig) -> None:
    assert not augment(x, config, seeded())[::3, ..., 1].any()


def test_new_draws_come_after_the_old_ones() -> None:
    old = AugmentConfig(rotation=30.0, bone_scale=0.2)
    before, now = draw(4, T, old, seeded()), draw(4, T, ALL, seeded())
    for name in ("bone_factors", "first_frame", "shears", "angles"):
        assert torch.equal(getattr(before, name), getattr(now, name))
    assert before.tilts is before.drifts is before.partners is None


def test_draws_have_their_ranges() -> None:
    d = draw(4000, T, ALL, seeded(), 2)
    assert d.tilts[:, 0].abs().max() <= torch.pi
    assert np.radians(19) < d.tilts[:, 1].abs().max() <= np.radians(20)
    assert 0.6 < d.speeds.log().abs().max() <= 0.7 + 1e-6
    assert 0.45 < (d.amplitudes - 1).abs().max() <= 0.5
    assert d.drifts[..., :20, :].std() == pytest.approx(0.05, rel=0.01)
    assert not d.drifts[..., SPINE_SHOULDER, :].any()
    assert d.frozen_joints.float().mean() == pytest.approx(0.3, abs=0.01)
    assert d.frozen_axes.sum(1).max() == 1
    for shares in (d.frozen_axes.any(1), d.mirrored, d.partners >= 0):
        assert shares.float().mean() == pytest.approx(0.5, abs=0.03)
    assert d.frozen_axes.float().mean(0).tolist() == pytest.approx([1 / 6] * 3, abs=0.02)


@given(clips=st.integers(0, 9), seed=st.integers(0, 50))
def test_a_partner_is_another_clip_of_the_batch(clips: int, seed: int) -> None:
    partners = draw(clips, T, AugmentConfig(part_mix=1.0), seeded(seed)).partners
    own = torch.arange(clips)
    assert (
        (partners == -1).all()
        if clips < 2
        else ((partners != own) & (partners >= 0) & (partners < clips)).all()
    )


def test_frozen_is_frozen(x: torch.Tensor) -> None:
    still = augment(x, AugmentConfig(joint_mask=1.0, jitter=0.1, speed=0.5), seeded())
    assert (still[..., 0] == still[:, :, :1, :, 0]).all()
    flat = augment(x, AugmentConfig(axis_mask=1.0, rotation=30.0), seeded())
    assert ((flat == flat[:, :, :1])[..., HEAD, 0].all(dim=2).sum(dim=1) == 1).all()


def test_gains_are_one_factor_of_those_drawn() -> None:
    assert gains(draw(3, T, AugmentConfig(), seeded())) is None
    frozen = gains(draw(3, T, AugmentConfig(joint_mask=1.0), seeded()))
    assert frozen is not None
    assert not frozen.any()


def test_a_part_gets_the_crops_of_the_batch(x: torch.Tensor) -> None:
    whole = augment(x, ALL, seeded(7))
    parts = [
        augment(x[a:b], ALL, seeded(7), total=N, first=a, batch=x) for a, b in ((0, 13), (13, 13), (13, N))
    ]
    torch.testing.assert_close(torch.cat(parts), whole, rtol=0, atol=1e-12)
    with pytest.raises(ConfigError, match=r"any of the batch's 40 clips, but 13 were given.*batch="):
        augment(x[:13], ALL, seeded(7), total=N)


@pytest.mark.parametrize("field", ["amplitude", "joint_mask", "axis_mask", "part_mix", "mirror"])
def test_shares_are_at_most_one(field: str) -> None:
    with pytest.raises(ConfigError, match=rf"{field} is 1\.5; expected a share from 0 to 1"):
        AugmentConfig(**{field: 1.5})
