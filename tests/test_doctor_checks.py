"""The doctor's checks one by one: what each tells apart, and the arithmetic under them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from planted_faults import away, clean_arrays, swap_sides

import skelrep
from skelrep.clips import Clip
from skelrep.config import EncoderConfig, ModelConfig, PreprocessConfig
from skelrep.health.checks import default_checks
from skelrep.health.checks.sides import backward_share
from skelrep.health.checks.stills import longest_run
from skelrep.health.checks.strangers import Strangers, deviations
from skelrep.health.checks.tempo import tempo_of
from skelrep.health.checks.twins import nearest_others, signature
from skelrep.health.look import Look
from skelrep.health.report import HealthReport
from skelrep.models import SkeletonEncoder
from skelrep.preprocess import preprocess

CLIPS = clean_arrays()[:-1]


def checks_of(report: HealthReport) -> dict[str, str]:
    return {found.check: found.severity for found in report.findings}


def look(x: np.ndarray, **fields: object) -> Look:
    return Look(clip=Clip(data=x.astype(np.float32), **fields), name="x")


def wide_gap(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x[:, 10:40, 5] = np.nan
    return x


def only_nan(x: np.ndarray) -> np.ndarray:
    return np.full_like(x, np.inf)


def repeated(x: np.ndarray) -> np.ndarray:
    return np.repeat(x, 2, axis=1)


def elastic(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x[:, :, 6] += (x[:, :, 6] - x[:, :, 5]) * np.linspace(0, 1, x.shape[1])[:, None]
    return x


def lying(x: np.ndarray) -> np.ndarray:
    """Upright in the first half, on the floor in the second."""
    cos, sin = np.cos(2.4), np.sin(2.4)
    down = np.stack([x[0], cos * x[1] - sin * x[2], sin * x[1] + cos * x[2]])
    half = x.shape[1] // 2
    down += (x[:, half, :1] - down[:, half, :1])[:, None]
    blend = np.clip((np.arange(x.shape[1]) - half) / 20, 0, 1)[:, None, None]
    return x * (1 - blend) + down * blend


@pytest.mark.parametrize(
    ("make_ill", "check", "severity"),
    [
        (wide_gap, "nan", "problem"),
        (only_nan, "nan", "problem"),
        (lambda x: x[:, :5], "short", "warning"),
        (lambda x: np.concatenate([x, x[:, ::-1]] * 15, axis=1), "long", "note"),
        (away, "zero frames", "warning"),
        (repeated, "repeated", "note"),
        (elastic, "bones", "warning"),
        (lying, "lying", "note"),
        (lambda x: 2.2 * x, "size", "warning"),
    ],
)
def test_faults_one_by_one(make_ill, check, severity):
    before, after = (skelrep.doctor([*CLIPS[1:6], x]) for x in (CLIPS[0], make_ill(CLIPS[0])))
    assert check not in checks_of(before)
    assert checks_of(after)[check] == severity
    assert after.clips_with(check) == ("clips[5]",)


def test_centred_clips_are_recognised():
    report = skelrep.doctor([x - x[:, :, 20:21] for x in CLIPS[:3]])
    (found,) = (one for one in report.findings if one.check == "format")
    assert (found.severity, found.message[:12]) == ("note", "3 of 3 clips")


def test_narrow_shoulders_and_repetition_are_notes():
    narrow = [x.copy() for x in CLIPS[:3]]
    for x in narrow:
        x[:, :, [4, 8]] = x[:, :, 20:21] + 0.5 * (x[:, :, [4, 8]] - x[:, :, 20:21])
    assert checks_of(skelrep.doctor(narrow))["build"] == "note"
    rng = np.random.default_rng(0)
    many = [CLIPS[n % 3] + rng.normal(0, 0.015, CLIPS[n % 3].shape) for n in range(50)]
    assert checks_of(skelrep.doctor(many))["repetitive"] == "note"


def test_every_check_can_look_at_nothing():
    for check in default_checks():
        check.look(look(np.zeros((3, 2, 25, 2))))
        check.findings()
    assert skelrep.doctor([]).summary["clips"] == 0
    assert "Nothing found." in str(skelrep.doctor([]))


def test_feet_or_knees_tell_left_from_right_whichever_way_is_up():
    feetless = CLIPS[0].copy()
    feetless[:, :, [15, 19]] = feetless[:, :, [14, 18]]
    for x in (CLIPS[0], feetless, CLIPS[0][[2, 0, 1]], -CLIPS[0] * np.array([1, -1, 1])[:, None, None, None]):
        joints = x[..., 0].transpose(1, 2, 0)
        mirrored = swap_sides(x)[..., 0].transpose(1, 2, 0)
        assert backward_share(joints, 0.5) < 0.2
        assert backward_share(mirrored, 0.5) > 0.8


@pytest.mark.parametrize("factor", [2, 4])
def test_tempo_follows_the_frame_rate(factor):
    """Every second or fourth frame left out: the guess falls by about this factor, in any unit."""
    x = np.concatenate([(a - a[:, :, 20:21]) for a in CLIPS[:8]], axis=1) + np.ones((3, 1, 1, 1))
    x = sum(x[:, k : x.shape[1] - 8 + k] for k in range(9)) / 9
    fast, slow = (tempo_of(look(y).bodies[0], 1.0) for y in (x, x[:, ::factor]))
    assert 0.6 * factor < fast / slow < 1.6 * factor
    assert tempo_of(look(1000 * x).bodies[0], 0.001) == pytest.approx(fast, rel=1e-3)
    assert tempo_of(look(x[:, :6]).bodies[0], 1.0) is None
    assert tempo_of(look(np.repeat(x[:, :1], 20, axis=1)).bodies[0], 1.0) is None


@given(st.lists(st.booleans(), max_size=30))
def test_the_longest_run_equals_counting(flags):
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    assert longest_run(np.array(flags, dtype=bool)) == longest


def test_nearest_others_equal_all_pairs_across_blocks(monkeypatch):
    monkeypatch.setattr("skelrep.health.checks.twins.BLOCK", 3)
    x = np.random.default_rng(0).normal(size=(10, 12)).astype(np.float32)
    apart = np.sqrt(np.square(x[:, None] - x[None]).sum(-1) / 4)
    np.fill_diagonal(apart, np.inf)
    distance, nearest = nearest_others(x)
    np.testing.assert_allclose(distance, apart.min(1), rtol=1e-4)
    np.testing.assert_array_equal(nearest, apart.argmin(1))


def test_signatures_forget_place_heading_length_and_unit():
    x = CLIPS[0]
    cos, sin = np.cos(2.0), np.sin(2.0)
    turned = np.stack([cos * x[0] + sin * x[2], x[1], -sin * x[0] + cos * x[2]]) + 5
    for other, metre in ((turned, 1.0), (1000 * x, 0.001), (np.repeat(x, 3, axis=1), 1.0)):
        difference = signature(look(other).bodies[0], metre) - signature(look(x).bodies[0], 1.0)
        assert np.abs(difference).max() < 0.02


def trained(tiny: SkeletonEncoder) -> SkeletonEncoder:
    """The tiny encoder, its input statistics those of the clean clips."""
    x = preprocess(CLIPS, tiny.config.preprocess)
    rows = x[..., 0].permute(0, 2, 3, 1).reshape(-1, 75)
    norm = tiny.encoders["joint"].input_norm
    norm.running_mean.copy_(rows.mean(0))
    norm.running_var.copy_(rows.var(0))
    return tiny


def test_a_clip_unlike_the_training_data_is_a_stranger():
    from conftest import make_encoder

    model = trained(make_encoder())
    x = preprocess(CLIPS, model.config.preprocess)
    typical = deviations(model, x)
    assert 0.5 < float(typical.median()) < 1.2
    assert typical.square().mean().sqrt() == pytest.approx(1, abs=0.05)
    handstand = CLIPS[0] * np.array([-1, -1, 1])[:, None, None, None]
    report = skelrep.doctor([*CLIPS[1:26], handstand], model=model)
    assert report.clips_with("stranger") == ("clips[25]",)
    assert report.summary["deviations_from_training"] < 1.2
    assert "stranger" not in checks_of(skelrep.doctor(CLIPS, model=model))


def test_a_motion_unlike_all_others_is_an_outlier(monkeypatch):
    torch.manual_seed(0)
    encoder = EncoderConfig(base_channels=4, feature_channels=16, feature_blocks=(4,))
    model = SkeletonEncoder(ModelConfig(encoder=encoder, preprocess=PreprocessConfig(frames=12)))
    monkeypatch.setattr("skelrep.health.checks.strangers.BATCH", 8)
    rng = np.random.default_rng(0)
    many = [CLIPS[0] + rng.normal(0, 0.003 * (1 + n / 20), CLIPS[0].shape) for n in range(24)]
    report = skelrep.doctor([*many, CLIPS[12], np.zeros((3, 9, 25, 1))], model=model)
    assert report.clips_with("outlier") == ("clips[24]",)


def test_what_cannot_be_encoded_is_left_to_the_other_checks():
    from conftest import make_encoder

    check = Strangers(make_encoder())
    for x in (wide_gap(CLIPS[0]), np.zeros((3, 9, 25, 1)), np.repeat(CLIPS[0], 3, axis=3)):
        check.look(look(x))
    assert check.findings() == []
    assert check.summary() == {}
    bare = make_encoder()
    bare.encoders["joint"].input_norm.running_mean = None
    assert torch.equal(deviations(bare, torch.ones(2, 3, 12, 25, 1)), torch.zeros(2))


def test_files_that_are_refused_are_told_apart(tmp_path):
    import pickle

    np.save(tmp_path / "good.npy", CLIPS[0])
    np.save(tmp_path / "joints.npy", np.ones((3, 9, 23, 1)))
    (tmp_path / "text.skeleton").write_text("not a skeleton")
    np.save(tmp_path / "x_data.npy", np.stack([CLIPS[0][:, :40]] * 2))
    (tmp_path / "x_label.pkl").write_bytes(pickle.dumps(print))
    report = skelrep.doctor(tmp_path)
    assert report.clips_with("layout") == ("joints.npy",)
    assert report.clips_with("unreadable") == ("text.skeleton",)
    assert report.clips_with("unsafe") == ("x_data.npy", "x_label.pkl")
    assert all("copy" not in f.remedy for f in report.findings if f.check == "layout")
    assert report.summary["clips"] == 1
