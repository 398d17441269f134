"""Motions are seen from the front, on the floor, in time; and come out of their bytes as they went in."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from skelrep.clips import Clip
from skelrep.demo import load_demo_clips
from skelrep.errors import InvalidClipError
from skelrep.explore.motion import Motion, sample_count, sample_motion
from skelrep.explore.pack import CLIPS_A_SHELF, Shelves, curve_numbers, pack_motion, pack_motions
from skelrep.layout import ANATOMY, ANATOMY_ORDER, HEAD, JOINT_NAMES

Array = NDArray[np.generic]
HAND_LEFT, HAND_RIGHT = JOINT_NAMES.index("HandLeft"), JOINT_NAMES.index("HandRight")


def unpacked(content: bytes, samples: int, bodies: int, step: float) -> tuple[Array, Array]:
    """What `web/motion.js` makes of bytes, one number after another."""
    tracks = np.frombuffer(content, dtype=np.uint8).reshape(bodies, 79, samples).astype(int)
    poses = np.zeros((samples, bodies, 25, 3))
    for body, of_body in enumerate(tracks):
        for axis in range(3):
            total = 0
            for s in range(samples):
                total = (total + of_body[1 + axis][s] + 256 * of_body[4 + axis][s] + 2**15) % 2**16 - 2**15
                poses[s, body, ANATOMY_ORDER[0], axis] = total * step
            for bone, joint in enumerate(ANATOMY_ORDER[1:]):
                total = 0
                for s in range(samples):
                    total = (total + of_body[7 + 3 * bone + axis][s] + 128) % 256 - 128
                    poses[s, body, joint, axis] = poses[s, body, ANATOMY[joint], axis] + total * step
    return poses, tracks[:, 0].T.astype(bool)


def clip_of_shelf(shelves: Shelves, clip: int) -> bytes:
    """The bytes of one clip, found as the page finds them."""
    at = shelves.order.tolist().index(clip)
    first = at - at % CLIPS_A_SHELF
    sizes = 79 * shelves.samples * shelves.bodies
    start = sum(sizes[n] for n in shelves.order[first:at])
    return zlib.decompress(shelves.shelves[at // CLIPS_A_SHELF])[start : start + sizes[clip]]


@pytest.mark.parametrize("degrees", [0, 35, 180, -100])
def test_a_person_stands_on_the_floor_and_faces_us(degrees: float) -> None:
    for clip in load_demo_clips()[::7]:
        cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
        seen = Clip(data=np.einsum("ij,jtvm->itvm", turn, clip.data).astype(np.float32), fps=30)
        first = sample_motion(seen).poses[0, 0]
        assert first[HEAD, 1] > 1.0
        assert abs(first[[14, 15, 18, 19], 1].min()) < 0.4
        assert first[HAND_LEFT, 0] > first[HAND_RIGHT, 0]  # who faces us has the left hand on our right
        np.testing.assert_allclose(first, sample_motion(clip).poses[0, 0], atol=1e-4)


def test_samples_are_even_in_time() -> None:
    data = np.zeros((3, 61, 25, 1), dtype=np.float32)
    data[1] = 1 + np.arange(61)[:, None, None] / 60
    motion = sample_motion(Clip(data=data, fps=20))
    assert motion.seconds == 3
    np.testing.assert_allclose(np.diff(motion.poses[:, 0, 0, 1]), 1 / 30, atol=1e-6)


@pytest.mark.parametrize(("fps", "seconds"), [(None, 2.0), (15.0, 4.0)])
def test_a_clip_without_a_frame_rate_has_thirty(fps: float | None, seconds: float) -> None:
    assert sample_motion(Clip(data=np.ones((3, 61, 25, 1), dtype=np.float32), fps=fps)).seconds == seconds


@given(seconds=st.floats(0, 1e9), frames=st.integers(1, 10**6))
def test_a_clip_has_a_bounded_number_of_samples(seconds: float, frames: int) -> None:
    assert 1 <= sample_count(seconds, frames) <= min(frames, 120)


def test_bodies_come_and_go() -> None:
    [clip, *_] = load_demo_clips()
    data = np.concatenate([clip.data, clip.data + 0.5, np.zeros_like(clip.data)], axis=3)
    data[:, :30, :, 1] = data[:, 50:, :, 1] = 0
    motion = sample_motion(Clip(data=data, fps=30))
    assert motion.poses.shape[1] == 2
    assert motion.present[:, 0].all()
    assert motion.present[[0, 9, 18, -1], 1].tolist() == [False, False, False, False]
    assert motion.present[12:16, 1].all()
    np.testing.assert_allclose(motion.poses[0, 1], motion.poses[9, 1])  # absent: the nearest pose


def test_a_clip_without_a_body_is_an_error() -> None:
    with pytest.raises(InvalidClipError, match="'empty' has no body"):
        sample_motion(Clip(data=np.zeros((3, 4, 25, 1), dtype=np.float32), name="empty"))


def test_real_motions_come_back_within_half_a_step_and_three_millimetres() -> None:
    for clip in load_demo_clips()[::6]:
        motion = sample_motion(clip)
        step, content = pack_motion(motion)
        poses, present = unpacked(content, *motion.poses.shape[:2], step)
        assert np.abs(poses - motion.poses).max() <= step / 2 + 1e-6 < 0.003
        np.testing.assert_array_equal(present, motion.present)


@given(
    samples=st.integers(1, 6), bodies=st.integers(1, 2), size=st.sampled_from([0.0, 1e-6, 0.3, 2e3, 1e30]),
    travel=st.sampled_from([0.0, 5.0, 1e4, 1e30]), seed=st.integers(0, 9),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_any_motion_comes_back_within_half_a_step(
    samples: int, bodies: int, size: float, travel: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    poses = rng.normal(0, size, (samples, bodies, 25, 3)) + rng.normal(0, travel, (samples, 1, 1, 3))
    motion = Motion(poses=poses, present=rng.random((samples, bodies)) < 0.5, seconds=1.0)
    step, content = pack_motion(motion)
    found, present = unpacked(content, samples, bodies, step)
    assert np.abs(found - poses).max() <= 0.5001 * step + 1e-9 * np.abs(poses).max()
    np.testing.assert_array_equal(present, motion.present)


def test_shelves_hold_every_clip_and_neighbours_stand_together() -> None:
    clips = load_demo_clips() * 2
    motions = [sample_motion(clip) for clip in clips]
    places = np.random.default_rng(0).random((len(clips), 2))
    shelves = pack_motions(motions, places)
    assert sorted(shelves.order) == list(range(len(clips)))
    assert len(shelves.shelves) == -(-len(clips) // CLIPS_A_SHELF)
    for clip in (0, 7, 31, 59):
        assert clip_of_shelf(shelves, clip) == pack_motion(motions[clip])[1]
    steps = np.linalg.norm(np.diff(places[shelves.order], axis=0), axis=1).mean()
    assert steps < 0.6 * np.linalg.norm(np.diff(places, axis=0), axis=1).mean()


def test_curve_numbers_interleave_the_bits_of_both_axes() -> None:
    across, up = 0b0101010101010101, 0b1111111111111111
    [number] = curve_numbers(np.array([[across, 0]]) / 65535)
    assert int(number) == sum(1 << (2 * bit) for bit in range(0, 16, 2))
    [number] = curve_numbers(np.array([[0, up]]) / 65535)
    assert int(number) == sum(1 << (2 * bit + 1) for bit in range(16))
