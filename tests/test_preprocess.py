"""Preprocessing: parity with the published code, a loop oracle, and the invariances a user relies on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_data import PARITY, needs_parity

from skelrep.clips import Clip
from skelrep.config import PreprocessConfig
from skelrep.errors import InvalidClipError, ShapeError
from skelrep.layout import ANATOMY, KINECT_BONE_LENGTHS
from skelrep.preprocess import preprocess, preprocess_arrays, preprocess_frames, resize

FAITHFUL, FIXED = PreprocessConfig.recipe("faithful"), PreprocessConfig.recipe("fixed")
DATA = Path(__file__).parent / "data"


def walk(frames: int, bodies: int = 1, seed: int = 0) -> np.ndarray:
    """A smooth random clip (3, T, 25, M) of bodies about a metre high, two metres from the origin."""
    rng = np.random.default_rng(seed)
    steps = 0.02 * rng.normal(size=(3, frames, 25, bodies)).cumsum(axis=1)
    return (rng.normal(size=(3, 1, 25, bodies)) * 0.4 + steps + 2).astype(np.float32)


def rotated_about_y(clip: np.ndarray, angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.einsum("ij,jtvm->itvm", np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]), clip).astype(np.float32)


def test_faithful_equals_published_output() -> None:
    data = np.load(DATA / "parity_preprocess.npz")
    found = preprocess([data["raw"]], FAITHFUL)[0].numpy()
    np.testing.assert_allclose(found, data["position"], atol=1e-5)


@needs_parity
@pytest.mark.parametrize("name", ["S001C001P001R001A001", "S001C002P001R001A050", "S002C003P008R002A013"])
def test_faithful_equals_published_output_of_every_file(name: str) -> None:
    data = np.load(PARITY / "ntu_raw" / "expected.npz")
    found = preprocess([data[f"{name}/raw"]], FAITHFUL)[0].numpy()
    np.testing.assert_allclose(found, data[f"{name}/position"], atol=1e-5)


@pytest.mark.parametrize("frames", [1, 2, 7, 50, 51, 300])
@pytest.mark.parametrize("bodies", [1, 2])
def test_faithful_equals_loop_oracle(frames: int, bodies: int) -> None:
    clip = walk(frames, bodies)
    found = preprocess([clip], FAITHFUL)[0].numpy()[..., :bodies]
    np.testing.assert_allclose(found, reference.faithful_preprocess(clip, 50), atol=2e-5)


@given(st.integers(1, 400), st.integers(1, 120))
@settings(max_examples=50, deadline=None)
def test_resize_equals_loop_and_torch(length: int, frames: int) -> None:
    x = np.random.default_rng(length).normal(size=(length, 1, 2, 3))
    found = resize(torch.from_numpy(x), torch.tensor([0]), torch.tensor([length]), frames)[0].numpy()
    np.testing.assert_allclose(found, reference.resize(x, frames), atol=1e-12)
    rows = torch.from_numpy(x.reshape(length, 6).T[None])
    theirs = torch.nn.functional.interpolate(rows, frames, mode="linear", align_corners=False)[0].T
    np.testing.assert_allclose(found.reshape(frames, 6), theirs, atol=1e-10)


def test_ragged_batch_equals_one_by_one() -> None:
    clips = [walk(5, 1, 1), walk(80, 2, 2), walk(33, 1, 3)]
    together = preprocess(clips, FIXED)
    assert together.shape == (3, 3, 50, 25, 2)
    for n, clip in enumerate(clips):
        alone = preprocess([clip], FIXED)[0]
        torch.testing.assert_close(together[n, ..., : alone.shape[-1]], alone)
        assert not together[n, ..., clip.shape[3] :].any()


@pytest.mark.parametrize("config", [FAITHFUL, FIXED])
@pytest.mark.parametrize("order", ["CTVM", "TMVC"])
def test_every_body_is_preprocessed_as_if_alone(config: PreprocessConfig, order: str) -> None:
    clips = [walk(20, 3, 1), walk(80, 3, 2), walk(33, 3, 3)]
    clips[0][..., 1] = clips[1][..., 0] = clips[1][..., 2] = 0
    axes = ["CTVM".index(axis) for axis in order]
    stored = [np.ascontiguousarray(clip.transpose(axes)).transpose(np.argsort(axes)) for clip in clips]
    together = preprocess_arrays(stored, config)
    for clip, found in zip(clips, together, strict=True):
        for m in range(3):
            alone = preprocess_arrays([clip[..., m : m + 1]], config)[0, ..., 0]
            torch.testing.assert_close(found[..., m], alone, atol=1e-6, rtol=0)


def test_no_clips_give_an_empty_batch() -> None:
    assert preprocess([], FIXED).shape == (0, 3, 50, 25, 1)


@pytest.mark.parametrize("config", [FAITHFUL, FIXED])
@given(seed=st.integers(0, 50), shift=st.tuples(*[st.floats(-3, 3)] * 3))
@settings(max_examples=20, deadline=None)
def test_translation_changes_nothing(config: PreprocessConfig, seed: int, shift: tuple[float, ...]) -> None:
    clip = walk(20, 1, seed)
    moved = clip + np.array(shift, np.float32)[:, None, None, None]
    torch.testing.assert_close(preprocess([moved], config), preprocess([clip], config), atol=2e-5, rtol=0)


@given(seed=st.integers(0, 50), angle=st.floats(-3.1, 3.1))
@settings(max_examples=30, deadline=None)
def test_turning_the_clip_changes_nothing_when_fixed(seed: int, angle: float) -> None:
    clip = walk(20, 1, seed)
    turned = rotated_about_y(clip, angle)
    torch.testing.assert_close(preprocess([turned], FIXED), preprocess([clip], FIXED), atol=1e-4, rtol=0)


def test_fixed_puts_the_shoulders_along_x_left_to_right() -> None:
    x = preprocess([rotated_about_y(walk(30), 2.0)], FIXED)[0]
    shoulders = (x[:, :, 8, 0] - x[:, :, 4, 0]).mean(dim=1)
    assert shoulders[0] > 0
    assert abs(shoulders[2]) < 1e-5


def test_kinect_bone_lengths_keep_directions() -> None:
    clip = walk(50)
    bones = lambda x: x[:, :, 1:] - x[:, :, list(ANATOMY[1:])]  # noqa: E731
    config = PreprocessConfig(bone_lengths="kinect")
    keep = PreprocessConfig(bone_lengths="keep")
    found, kept = (bones(preprocess([clip], c)[0, ..., 0]) for c in (config, keep))
    length = found.norm(dim=0)
    torch.testing.assert_close(length, torch.tensor(KINECT_BONE_LENGTHS[1:]).expand(50, -1))
    cosine = torch.nn.functional.cosine_similarity(found, kept, dim=0)
    # Alignment angles differ a little, since shoulders do; directions must agree up to that one rotation.
    assert cosine.mean() > 0.95


def test_pair_centring_keeps_the_distance_between_bodies() -> None:
    clip = walk(40, 2)
    clip[0, :, :, 1] += 1.5
    pair = preprocess([clip], PreprocessConfig(centring="pair", bone_lengths="keep"))[0]
    body = preprocess([clip], PreprocessConfig(centring="body", bone_lengths="keep"))[0]
    gap = np.linalg.norm(clip[:, :, 20, 0] - clip[:, :, 20, 1], axis=0).mean()
    assert pair[:, :, 20, 1].norm(dim=0).mean() == pytest.approx(gap, rel=1e-2)
    assert body[:, :, 20].abs().max() == 0


def test_pair_centring_turns_both_bodies_as_one() -> None:
    config = PreprocessConfig(centring="pair", bone_lengths="keep")
    clip = walk(50, 2)
    found = preprocess([clip], config)[0]
    between = clip[:, :, 20, 1] - clip[:, :, 20, 0]
    across = clip[:, :, 8, 0] - clip[:, :, 4, 0]
    turned_between, turned_across = found[:, :, 20, 1], found[:, :, 8, 0] - found[:, :, 4, 0]
    np.testing.assert_allclose((between * across).sum(0), (turned_between * turned_across).sum(0), atol=1e-4)


def test_pair_centring_leaves_an_absent_body_zero() -> None:
    clip = np.concatenate([walk(40), np.zeros((3, 40, 25, 1), np.float32)], axis=3)
    assert not preprocess([clip], PreprocessConfig(centring="pair"))[0, ..., 1].any()


@pytest.mark.parametrize("config", [FAITHFUL, FIXED])
def test_prepared_clips_are_only_resized(config: PreprocessConfig) -> None:
    once = preprocess([walk(80), walk(30, 2)], config).numpy()
    again = preprocess([Clip(data=clip, prepared=True) for clip in once], config)
    np.testing.assert_array_equal(again, once)
    mixed = preprocess([Clip(data=once[0], prepared=True), Clip(data=walk(30, 2))], config)
    np.testing.assert_allclose(mixed, once, atol=1e-6)
    raw = preprocess([walk(80)], config)
    assert not np.array_equal(preprocess([Clip(data=walk(80), prepared=True)], config), raw)


def test_float64_frames_stay_float64() -> None:
    frames = torch.from_numpy(walk(9).transpose(1, 3, 2, 0).astype(np.float64))
    assert preprocess_frames(frames, torch.tensor([0]), torch.tensor([9]), FIXED).dtype == torch.float64


@pytest.mark.parametrize(
    ("bad", "error", "says"),
    [
        (walk(9).transpose(1, 2, 0, 3)[..., 0], ShapeError, "transpose"),
        (walk(9)[:, :, :24], ShapeError, "24 joints"),
        (walk(9) * np.nan, InvalidClipError, "NaN"),
    ],
)
def test_bad_clips_are_named(bad: np.ndarray, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=r"clips\[1\]") as caught:
        preprocess([walk(9), bad], FIXED)
    assert says in str(caught.value)
