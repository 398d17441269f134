"""BVH: hierarchy, channel order, forward kinematics, names; and text that is no such file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skelrep.errors import FormatError, SkelrepError
from skelrep.layouts import Layout
from skelrep.read import inspect_clips, read_clips
from skelrep.read.bvh import parse_bvh
from skelrep.read.kinematics import joint_positions

LIMBS = {
    "Left": (10, [("UpLeg", -5), ("Leg", -40), ("Foot", -40)], [("Arm", 0), ("ForeArm", -25), ("Hand", -25)]),
    "Right": (
        -10,
        [("UpLeg", -5), ("Leg", -40), ("Foot", -40)],
        [("Arm", 0), ("ForeArm", -25), ("Hand", -25)],
    ),
}


def chain(joints: list[tuple[str, str]]) -> str:
    """Nested joints, each with its offset; the last has an end site 8 further on z."""
    (name, offset), *rest = joints
    inner = chain(rest) if rest else "End Site { OFFSET 0 -4 8 }"
    return f"JOINT {name} {{ OFFSET {offset} CHANNELS 3 Zrotation Xrotation Yrotation {inner} }}"


def rig(prefix: str = "") -> str:
    parts = [chain([(f"{prefix}Spine", "0 25 0"), (f"{prefix}Neck", "0 25 0"), (f"{prefix}Head", "0 12 0")])]
    for side, (x, leg, arm) in LIMBS.items():
        parts.append(chain([(f"{prefix}{side}{n}", f"{x if n == 'UpLeg' else 0} {y} 0") for n, y in leg]))
        upper = [
            (f"{prefix}{side}{n}", f"{2 * x if n == 'Arm' else 0} {48 if n == 'Arm' else y} 0")
            for n, y in arm
        ]
        parts.append(chain(upper))
    channels = "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation"
    return f"HIERARCHY\nROOT {prefix}Hips {{ OFFSET 0 0 0 {channels}\n" + "\n".join(parts) + "\n}\n"


def bvh(frames: list[list[float]], prefix: str = "", time: str = "0.0166667") -> str:
    rows = "\n".join(" ".join(map(str, [*frame, *[0] * (51 - len(frame))])) for frame in frames)
    return f"{rig(prefix)}MOTION\nFrames: {len(frames)}\nFrame Time: {time}\n{rows}\n"


@pytest.mark.parametrize("prefix", ["", "mixamorig:", "Character1_"])
def test_a_rig_of_centimetres(tmp_path: Path, prefix: str) -> None:
    path = tmp_path / "walk.bvh"
    path.write_text(bvh([[0, 90, 0], [10, 90, 0, 0, 0, 90]], prefix))
    (clip,), report = inspect_clips(path)
    assert (clip.name, clip.fps, clip.data.shape) == ("walk", 60.0, (3, 2, 25, 1))
    assert (report.format, report.unit, report.axes) == ("BVH", "cm", "+x +y +z")
    x = clip.data[..., 0].transpose(1, 2, 0)
    np.testing.assert_allclose(x[0, 0], [0, 0.9, 0], atol=1e-6)
    np.testing.assert_allclose(x[0, 20], [0, 1.4, 0], atol=1e-6)
    np.testing.assert_allclose(x[0, 3], [0, 1.5, 0.04], atol=1e-6)  # between the skull's base and its tip
    np.testing.assert_allclose(x[0, 13], [0.1, 0.45, 0], atol=1e-6)  # a left knee: a rig that looks along +z
    np.testing.assert_allclose(x[0, 15], [0.1, 0.01, 0.08], atol=1e-6)  # the foot is the end site
    np.testing.assert_allclose(x[1, 13], [0.1, 0.45, -0.1], atol=1e-6)  # turned by 90 degrees about y
    assert {"FootLeft", "HandTipRight"} <= set(report.measured)
    assert report.notes == ()


def test_rotations_multiply_in_the_order_of_the_file() -> None:
    def tip(channels: tuple[str, ...], angles: list[float]) -> list[float]:
        return (
            joint_positions([-1, 0], [(0, 0, 0), (0, 0, 1)], [channels, ()], np.array([angles]))[0, 1]
            .round(9)
            .tolist()
        )

    assert tip(("Zrotation", "Xrotation"), [90, 90]) == [1, 0, 0]  # about x first: to -y; then about z: to +x
    assert tip(("Xrotation", "Zrotation"), [90, 90]) == [0, -1, 0]


@pytest.mark.parametrize("added", [False, True])
def test_position_channels_of_inner_joints(added: bool) -> None:
    names = ("Xposition", "Yposition", "Zposition")
    values = np.array([[0.0, 0, 0] if added else [0.0, 5, 0]])
    out = joint_positions([-1, 0], [(0, 0, 0), (0, 5, 0)], [(), names], values)
    assert out[0, 1].tolist() == [0, 5, 0]


def test_the_place_of_a_root_is_that_of_its_channels() -> None:
    names = ("Zposition", "Xposition", "Yposition")
    assert joint_positions([-1], [(7, 8, 9)], [names], np.array([[3.0, 1, 2]])).tolist() == [[[1, 2, 3]]]


def test_many_frames_are_the_same_as_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=(30, 3)) * 90
    arguments = ([-1, 0], [(0.0, 0, 0), (1.0, 2, 3)], [("Xrotation", "Yrotation", "Zrotation"), ()])
    whole = joint_positions(*arguments, values)
    monkeypatch.setattr("skelrep.read.kinematics.FRAMES_AT_ONCE", 7)
    np.testing.assert_array_equal(joint_positions(*arguments, values), whole)


def test_names_that_are_not_understood(tmp_path: Path) -> None:
    path = tmp_path / "a.bvh"
    path.write_text(bvh([[0, 90, 0]]).replace("LeftArm", "Blob"))
    with pytest.raises(FormatError, match=r"a\.bvh: .*says nothing about ShoulderLeft.*aliases"):
        read_clips(path)
    names = parse_bvh(path.read_text(), "")[0].names
    layout = Layout.from_names(names, aliases={"ShoulderLeft": "Blob"})
    assert inspect_clips(path, layout=layout)[1].mapping[4] == ("ShoulderLeft", "Blob")


def test_names_with_blanks_and_twice() -> None:
    inner = "JOINT a b { OFFSET 1 2 3 End Site { OFFSET 0 1 0 } }"
    text = f"HIERARCHY ROOT a b {{ OFFSET 0 0 0 CHANNELS 1 Xrotation {inner} }}"
    skeleton, _, values = parse_bvh(text + " MOTION Frames: 1 Frame Time: 0.1 90", "x")
    assert skeleton.names == ["a b", "a b#2", "a b#2_end"]
    assert (skeleton.parents, values.tolist()) == ([-1, 0, 1], [[90]])


GOOD = bvh([[0, 90, 0], [1, 90, 0]])


@pytest.mark.parametrize(("old", "new", "words"), [
    ("HIERARCHY", "HIER", "no BVH file"), ("MOTION", "MOT", "no BVH file"),
    ("Frames: 2", "Frames: x", "Frames: N"),
    ("Frames: 2", "Frames: 3", "expected 3 frames of 51 channels"),
    ("Frames: 2", "Frames: 0", "Is the file whole"),
    ("Zrotation", "Wrotation", "line 2: .*Xposition or Zrotation"),
    ("OFFSET 0 0 0", "OFFSET 0 x 0", "than numbers"),
    ("OFFSET 0 0 0", "OFFSET 0 nan 0", "no length or angle"), ("OFFSET 0 0 0", "SHIFT",
    "found 'SHIFT'; expected ROOT"),
    ("CHANNELS 6", "CHANNELS -1", "a number of channels"), ("\n}\n", "\n", "the end of every joint"),
    ("ROOT Hips {", "ROOT Hips", "expected ROOT, JOINT"), ("ROOT Hips {", "End Site {",
    "a joint before an End Site"),
    ("ROOT Hips", "ROOT " * 40, "expected {"),
])  # fmt: skip
def test_damaged_files_name_the_place(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in GOOD
    path = tmp_path / "x.bvh"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(FormatError, match=rf"x\.bvh.*{words}"):
        read_clips(path)


def test_absurd_hierarchies_are_bounded() -> None:
    deep = "HIERARCHY " + "ROOT a { " * 5000 + "MOTION Frames: 1 Frame Time: 1 1"
    with pytest.raises(FormatError, match="at most 1000 joints"):
        parse_bvh(deep, "x")
    with pytest.raises(FormatError, match="more of the hierarchy"):
        parse_bvh("HIERARCHY ROOT a { CHANNELS 6 Xrotation MOTION Frames: 1 Frame Time: 1 1", "x")


WORDS = ["ROOT", "JOINT", "a", "{", "}", "OFFSET", "0", "1e9", "-5", "nan", "CHANNELS", "3", "Xrotation",
"End", "Site",
         "MOTION", "Frames:", "Frame", "Time:", "HIERARCHY", "\n"]  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=60).map(lambda w: "HIERARCHY " + " ".join(w)),
    st.tuples(st.integers(0, len(GOOD)), st.integers(0, 40), st.text(max_size=8)).map(
        lambda cut: GOOD[: cut[0]] + cut[2] + GOOD[cut[0] + cut[1] :]
    ),
))  # fmt: skip
def test_any_text_gives_a_clip_or_our_error(text: str) -> None:
    try:
        skeleton, _, values = parse_bvh(text, "x")
        positions = joint_positions(skeleton.parents, skeleton.offsets, skeleton.channels, values)
    except SkelrepError:
        return
    assert positions.shape == (len(values), len(skeleton.names), 3)
    assert np.isfinite(positions).all()
