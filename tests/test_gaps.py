"""Gaps: the fast path against a loop that any reader can check, what is refused, and the readers' hook."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelrep.clips import Clip
from skelrep.errors import ConfigError, DataWarning, InvalidClipError, ShapeError
from skelrep.read import as_clips, fill_gaps, read_clips

FRAMES = 24


def motion(frames: int = FRAMES, bodies: int = 1) -> np.ndarray:
    rng = np.random.default_rng(frames + bodies)
    return (3 + rng.normal(size=(3, frames, 25, bodies)).cumsum(axis=1)).astype(np.float32)


def slow_fill(x: np.ndarray, max_gap: int, max_hold: int) -> np.ndarray:
    """Joint by joint, gap by gap."""
    out = x.copy()
    _, frames, joints, bodies = x.shape
    for body in range(bodies):
        nobody = [not x[:, t, :, body].any() for t in range(frames)]
        for joint in range(joints):
            lost = [not np.isfinite(x[:, t, joint, body]).all() for t in range(frames)]
            t = 0
            while t < frames:
                if not lost[t]:
                    t += 1
                    continue
                start = t
                while t < frames and lost[t]:
                    t += 1
                before = start - 1 if start > 0 and not nobody[start - 1] else None
                after = t if t < frames and not nobody[t] else None
                for k in range(start, t):
                    if before is not None and after is not None and t - start <= max_gap:
                        w = (k - before) / (after - before)
                        start_pose, end_pose = x[:, before, joint, body], x[:, after, joint, body]
                        out[:, k, joint, body] = (1 - w) * start_pose + w * end_pose
                    elif (before is None) != (after is None) and t - start <= max_hold:
                        out[:, k, joint, body] = x[:, before if after is None else after, joint, body]
                    else:
                        out[:, k, joint, body] = np.nan
    return out


@given(
    seed=st.integers(0, 10**6), bodies=st.integers(1, 3), share=st.floats(0, 0.9),
    max_gap=st.integers(0, 8), max_hold=st.integers(0, 4),
)  # fmt: skip
def test_filling_equals_the_loop(seed, bodies, share, max_gap, max_hold):
    rng = np.random.default_rng(seed)
    x = motion(bodies=bodies)
    x[:, rng.random(FRAMES) < 0.2, :, bodies - 1] = 0
    lost = rng.random((FRAMES, 1, bodies)) < share
    lost = lost | (rng.random((FRAMES, 25, bodies)) < share / 4)
    lost[rng.integers(FRAMES)] = False
    x[rng.integers(3), lost] = np.nan
    filled, report = fill_gaps(x, max_gap=max_gap, max_hold=max_hold, unfilled="keep")
    expected = slow_fill(x, max_gap, max_hold)
    for slot in report.absent_bodies:
        expected[..., slot] = 0
    np.testing.assert_allclose(filled, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(report.unfilled, ~np.isfinite(filled).all(axis=0))


def test_a_gap_is_a_straight_line_and_an_end_is_held():
    x = motion()
    y = x.copy()
    y[:, 5:9, 7] = np.nan
    y[1, :2, 3] = np.inf
    filled, report = fill_gaps(y)
    np.testing.assert_allclose(filled[:, 6, 7], x[:, 4, 7] * 0.6 + x[:, 9, 7] * 0.4, rtol=1e-5)
    np.testing.assert_array_equal(filled[:, :2, 3], x[:, [2, 2], 3])
    assert report.joints == ("Head", "HandLeft")
    assert report.frames.tolist() == [0, 1, 5, 6, 7, 8]
    assert report.longest_gap == 4
    words = "6 joints missing in 6 of 24 frames (Head, HandLeft), longest gap 4 frames, 6 filled"
    assert str(report) == words
    assert np.isnan(y[0, 5, 7, 0]), "the input was changed"


def test_nothing_missing_changes_nothing():
    filled, report = fill_gaps(motion(bodies=4))
    np.testing.assert_array_equal(filled, motion(bodies=4))
    assert (str(report), report.longest_gap) == ("nothing is missing", 0)


@pytest.mark.parametrize("low", [0.2, np.nan])
def test_low_confidence_is_missing(low):
    x = motion()
    confidence = np.ones((FRAMES, 25, 1))
    confidence[10, 11] = low
    spike = x.copy()
    spike[:, 10, 11] += 100
    filled, report = fill_gaps(spike, confidence=confidence)
    np.testing.assert_allclose(filled[:, 10, 11], (x[:, 9, 11] + x[:, 11, 11]) / 2, rtol=1e-5)
    assert report.joints == ("HandRight",)
    trusting, _ = fill_gaps(spike, confidence=confidence, min_confidence=0.1)
    assert np.array_equal(trusting, spike) == (low == 0.2)


def test_long_gaps_are_refused_or_kept_as_nan():
    x = motion()
    x[:, 3:16, 7] = np.nan
    with pytest.raises(InvalidClipError, match=r"longest gap 13 frames, 0 filled; expected at most 10"):
        fill_gaps(x)
    filled, report = fill_gaps(x, unfilled="keep")
    assert report.unfilled.sum() == 13
    assert np.isnan(filled[:, 3:16, 7]).all()
    assert np.isfinite(fill_gaps(x, max_gap=13)[0]).all()


def test_absence_is_not_a_gap_and_nothing_is_drawn_towards_it():
    x = motion(bodies=2)
    x[:, 8:12, :, 1] = 0  # away
    x[:, 7, 4, 1] = np.nan  # lost in the last frame before
    filled, report = fill_gaps(x)
    np.testing.assert_array_equal(filled[:, 7, 4, 1], x[:, 6, 4, 1])
    assert not filled[:, 8:12, :, 1].any()
    assert report.longest_gap == 1


def test_a_slot_without_any_measurement_is_an_absent_body():
    x = motion(bodies=2)
    x[..., 1] = np.nan
    filled, report = fill_gaps(x)
    assert report.absent_bodies == (1,)
    assert not filled[..., 1].any()
    assert not report.missing.any()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"max_gap": -1}, ConfigError, "max_gap is -1"),
        ({"unfilled": "drop"}, ConfigError, "expected 'raise' or 'keep'"),
        (
            {"confidence": np.ones((FRAMES, 25))},
            ShapeError,
            r"expected numbers \(24, 25, 1\)",
        ),
    ],
)
def test_impossible_options(options, error, words):
    with pytest.raises(error, match=words):
        fill_gaps(motion(), **options)


def test_wrong_axes():
    with pytest.raises(ShapeError, match="24 joints"):
        fill_gaps(np.ones((3, 8, 24, 3)))


def holes() -> np.ndarray:
    x = motion()
    x[:, 5:8, 7] = np.nan
    return x


def test_nan_is_refused_with_the_remedy_and_the_remedy_works(tmp_path):
    np.save(tmp_path / "one.npy", holes())
    np.save(tmp_path / "many.npy", np.stack([holes(), motion()]))
    np.savez(tmp_path / "plain.npz", x=holes())
    for given_clips in (holes(), [Clip(data=holes())], tmp_path, tmp_path / "plain.npz"):
        with pytest.raises(InvalidClipError, match=r"Fill short gaps with max_gap=\.\.\. \(read_clips"):
            as_clips(given_clips)
        with pytest.raises(InvalidClipError, match=r"too long to fill.*at most 2 frames"):
            as_clips(given_clips, max_gap=2)
        for clip in as_clips(given_clips, max_gap=3):
            if clip.name != "many/1":
                np.testing.assert_array_equal(clip.data, fill_gaps(holes())[0])
    assert len(read_clips(tmp_path, max_gap=3)) == 4
    assert len(read_clips([tmp_path / "one.npy"], max_gap=3)) == 1


def test_more_than_two_bodies_are_chosen_with_a_warning_and_refused_by_faithful(tmp_path):
    rng = np.random.default_rng(0)
    pose = np.linspace(-0.8, 0.8, 25)[None, None, :, None] * np.array([0.2, 1, 0.1])[:, None, None, None]
    x = (pose + np.array([0, 2, 4])[None, None, None] * np.array([1, 0, 0])[:, None, None, None]
         + 0.02 * rng.normal(size=(3, FRAMES, 1, 3)).cumsum(axis=1)).astype(np.float32)  # fmt: skip
    np.save(tmp_path / "x.npy", x)
    for given_clips in (x, tmp_path / "x.npy"):
        with pytest.warns(DataWarning, match=r"has 3 bodies on axis M; the 2 that move most were kept"):
            (clip,) = as_clips(given_clips)
        assert clip.data.shape == (3, FRAMES, 25, 2)
    x[:, 4, 3, 0] = np.nan
    with pytest.raises(InvalidClipError, match=r"the clip: the clip has 3 NaN.*max_gap=\.\.\."):
        as_clips(x)
    with pytest.warns(DataWarning, match="3 bodies"):
        assert as_clips(x, max_gap=1)[0].data.shape == clip.data.shape
    for given_clips in (np.nan_to_num(x), tmp_path / "x.npy"):
        with warnings.catch_warnings(), pytest.raises(ShapeError, match="3 bodies"):
            as_clips(given_clips, recipe="faithful")
