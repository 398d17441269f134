"""Tracking: identities, ghosts, gaps; each rule alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ntu_text import skeleton_text

from skelrep.read import read_clips
from skelrep.read.bodies import Track, faults, fill, join_tracks, select_bodies, tracks_of

STANDING = np.stack([np.linspace(-0.2, 0.2, 25), np.linspace(-0.8, 0.8, 25), np.full(25, 3.0)], axis=1)


def person(frames: int = 60, amplitude: float = 0.1, x: float = 0.0, start: int = 0) -> Track:
    """A standing body that sways in z."""
    joints = np.repeat(STANDING[None], frames, axis=0) + np.array([x, 0, 0])
    joints[:, :, 2] += amplitude * np.sin(np.arange(frames) / 5)[:, None]
    return Track(frames=np.arange(start, start + frames), joints=joints.astype(np.float32))


def ghost(kind: str) -> Track:
    track = person(amplitude=0.3, x=2.0)
    frames, joints = track.frames, track.joints.copy()
    if kind == "wide":
        joints[..., [0, 1]] = joints[..., [1, 0]]
    if kind == "still":
        joints[:] = joints[0] + np.random.default_rng(0).normal(scale=0.002, size=joints.shape)
    if kind == "wild":
        joints += np.random.default_rng(0).normal(scale=0.5, size=(len(joints), 1, 3)).astype(np.float32)
    if kind == "short":
        frames, joints = frames[20:24], joints[20:24]
    return Track(frames=frames, joints=joints)


@pytest.mark.parametrize("kind", ["wide", "still", "wild", "short"])
def test_each_kind_of_ghost_is_dropped_beside_a_person(kind):
    assert faults(ghost(kind), total=60) == [kind]
    for tracks in ([person(), ghost(kind)], [ghost(kind), person()]):
        clip = select_bodies(tracks)
        assert clip.shape == (3, 60, 25, 1)
        np.testing.assert_array_equal(clip[..., 0].transpose(1, 2, 0), person().joints)


def test_people_have_no_faults():
    assert faults(person(), total=60) == []
    assert faults(person(frames=1), total=1) == ["still"]


@pytest.mark.parametrize("kind", ["wide", "still", "wild"])
def test_a_single_body_is_kept_whatever_it_looks_like(kind):
    assert select_bodies([ghost(kind)]).shape == (3, 60, 25, 1)


def test_of_ghosts_only_the_least_suspicious_is_kept():
    both = Track(frames=ghost("wide").frames, joints=ghost("wide").joints[:1].repeat(60, axis=0))
    assert faults(both, total=60) == ["wide", "still"]
    clip = select_bodies([both, ghost("wild")])
    np.testing.assert_array_equal(clip[..., 0].transpose(1, 2, 0), ghost("wild").joints)


def test_the_two_that_move_most_are_kept_most_active_first():
    people = [person(amplitude=a, x=3 * n) for n, a in enumerate((0.1, 0.05, 0.3))]
    clip = select_bodies(people)
    assert clip.shape == (3, 60, 25, 2)
    assert [round(float(clip[0, 0, 12, m])) for m in range(2)] == [6, 0]


def test_a_new_id_at_the_same_place_is_the_same_person():
    whole = person()
    first = Track(frames=whole.frames[:30], joints=whole.joints[:30])
    second = Track(frames=whole.frames[31:], joints=whole.joints[31:])
    (joined,) = join_tracks([first, second])
    assert len(joined.frames) == 59
    clip = select_bodies([first, second])
    assert clip.shape == (3, 60, 25, 1)
    middle = (whole.joints[29] + whole.joints[31]) / 2
    np.testing.assert_allclose(clip[:, 30, :, 0].T, middle, atol=1e-6)


def test_a_new_id_at_another_place_or_at_the_same_time_is_another_person():
    assert len(join_tracks([person(30), person(30, x=1.0, start=30)])) == 2
    assert len(join_tracks([person(30), person(30, x=0.1, start=29)])) == 2


def test_the_nearer_of_two_people_is_continued():
    a, b, c = person(30), person(30, x=0.3), person(30, x=0.2, start=30)
    joined = join_tracks([a, b, c])
    assert [len(track.frames) for track in joined] == [30, 60]


def test_slots_that_swap_in_the_file_are_put_right(tmp_path):
    a, b = person(40, 0.3, x=-1), person(40, 0.1, x=1)
    frames = []
    for t in range(40):
        pair = [("1", a.joints[t].astype(float)), ("2", b.joints[t].astype(float))]
        frames.append(pair if t % 3 else pair[::-1])
    (tmp_path / "swap.skeleton").write_bytes(skeleton_text(frames))
    (fixed,) = read_clips(tmp_path / "swap.skeleton")
    np.testing.assert_array_equal(fixed.data[..., 0].transpose(1, 2, 0), a.joints)
    np.testing.assert_array_equal(fixed.data[..., 1].transpose(1, 2, 0), b.joints)
    (faithful,) = read_clips(tmp_path / "swap.skeleton", recipe="faithful")
    assert faithful.data[0, 0, 12, 0] > 0 > faithful.data[0, 1, 12, 0]


def test_a_second_body_with_the_same_id_in_a_frame_is_left_out(tmp_path):
    a = person(12).joints.astype(float)
    (tmp_path / "twice.skeleton").write_bytes(skeleton_text([[("1", pose), ("1", pose + 1)] for pose in a]))
    assert read_clips(tmp_path / "twice.skeleton")[0].data.shape == (3, 12, 25, 1)


def test_frames_before_and_after_anybody_are_trimmed_and_ends_held():
    early, late = person(40, 0.3, start=10), person(40, 0.1, x=2, start=20)
    clip = select_bodies([early, late])
    assert clip.shape == (3, 50, 25, 2)
    np.testing.assert_array_equal(clip[:, 45, :, 0], early.joints[-1].T)
    np.testing.assert_array_equal(clip[:, 3, :, 1], late.joints[0].T)


@given(seen=st.sets(st.integers(0, 30), min_size=1), ends=st.tuples(st.integers(0, 5), st.integers(0, 5)))
def test_filling_equals_interpolation_joint_by_joint(seen, ends):
    frames = np.array(sorted(seen))
    joints = np.random.default_rng(len(seen)).normal(size=(len(frames), 25, 3)).astype(np.float32)
    wanted = np.arange(frames[0] - ends[0], frames[-1] + ends[1] + 1)
    filled = fill(Track(frames=frames, joints=joints), wanted)
    for v in (0, 7, 24):
        for c in range(3):
            np.testing.assert_allclose(filled[:, v, c], np.interp(wanted, frames, joints[:, v, c]), atol=2e-6)


def test_absurd_coordinates_do_not_overflow():
    far = Track(
        frames=np.arange(20),
        joints=np.full((20, 25, 3), 3e38, np.float32) * np.sign(STANDING).astype(np.float32),
    )
    assert np.isfinite(select_bodies([far, person(20), far])).all()


def test_tracks_of_an_array_skip_absent_bodies():
    x = np.zeros((3, 10, 25, 2), dtype=np.float32)
    x[:, 2:6, :, 1] = 1
    (track,) = tracks_of(x)
    assert track.frames.tolist() == [2, 3, 4, 5]
    assert track.joints.shape == (4, 25, 3)
    assert select_bodies([track]).shape == (3, 4, 25, 1)
