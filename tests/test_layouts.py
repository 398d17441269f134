"""`Layout`, and arrays of other skeletons as NTU-25: mapping, axes, units, fit."""

import dataclasses
import pickle

import format_writers as writers
import numpy as np
import pytest

import skelrep
from skelrep.errors import ConfigError, ShapeError
from skelrep.layout import JOINT_NAMES, MIRROR_PAIRS
from skelrep.layouts import LAYOUTS, Layout, find_layout, to_ntu25
from skelrep.layouts.axes import find_axes, looks_mirrored, parse_axes
from skelrep.layouts.body import choose_scale, fit_score, trunk
from skelrep.layouts.names import match_names

THIRTEEN = [
    f"{joint}_{side}" for joint in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist") for side in "lr"
]


@pytest.fixture(scope="module")
def motion(uiprmd) -> np.ndarray:
    return uiprmd[2].data[..., 0].transpose(1, 2, 0).astype(np.float64)


@pytest.fixture(scope="module")
def uiprmd(request) -> list[skelrep.Clip]:
    return skelrep.read_clips(request.config.rootpath / "tests" / "data" / "uiprmd_clips.npz")


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_layout_is_whole_and_symmetric(layout):
    assert len(set(layout.joints)) == len(layout.joints)
    assert set(layout.measured) | set(layout.derived) == set(JOINT_NAMES)
    for left, right in MIRROR_PAIRS:
        rows = [layout.rows[joint] for joint in (left, right)]
        assert [list(row.values()) for row in rows[0]] == [list(row.values()) for row in rows[1]]
        words = [layout.sources(JOINT_NAMES[joint]).lower() for joint in (left, right)]
        assert words[0] != words[1]
    for options in layout.rows:
        assert all(abs(sum(row.values()) - 1) < 1e-9 for row in options)
    assert find_layout(layout.name) is layout is find_layout(layout)
    assert pickle.loads(pickle.dumps(layout)).rows == layout.rows


@pytest.mark.parametrize(("name", "measured"), [
    ("ntu25", 25), ("mediapipe33", 18), ("coco17", 12), ("coco18", 13), ("body25", 16), ("h36m17", 17),
    ("azure32", 25), ("kinect20", 20), ("smpl24", 20), ("smpl22", 18),
])  # fmt: skip
def test_measured_joints_arrive_where_they_were(motion, name, measured):
    layout = LAYOUTS[name]
    make = {"ntu25": lambda x: x, "smpl22": lambda x: writers.smpl24(x)[:, :22]} | writers.ARRAYS
    clip, done = to_ntu25(make[name](motion), layout)
    assert clip.dtype == np.float32
    assert clip.shape == (3, len(motion), 25, 1)
    assert len(layout.measured) == measured
    numbers = [JOINT_NAMES.index(joint) for joint in layout.measured]
    y = clip[..., 0].transpose(1, 2, 0)
    hips = (12, 16)
    error = (y - y[:, hips].mean(1, keepdims=True)) - (motion - motion[:, hips].mean(1, keepdims=True))
    assert np.abs(error[:, numbers]).max() < 1e-5
    assert np.linalg.norm(error, axis=2).max() < 0.15  # derived ones: within a hand's length
    assert done.fit > 0.8
    assert 0.4 < done.body_size < 0.6
    assert done.notes == ()


@pytest.mark.parametrize("name", writers.ARRAYS)
def test_left_and_right_stay_apart(motion, name):
    x = writers.ARRAYS[name](motion)
    clip, _ = to_ntu25(x, LAYOUTS[name])
    across = clip[0, :, 8, 0] - clip[0, :, 4, 0]
    assert np.array_equal(np.sign(across), np.sign(motion[:, 8, 0] - motion[:, 4, 0]))
    mirrored = x * np.array([-1, 1, 1])
    assert any("left and right look swapped" in note for note in to_ntu25(mirrored, LAYOUTS[name])[1].notes)


@pytest.mark.parametrize("axes", ["+x +y +z", "-x -y +z", "+x +z -y", "+x -z +y", "-y +x +z", "+y -x +z"])
def test_up_is_found_whatever_axis_it_is(motion, axes):
    matrix = parse_axes(axes)
    assert np.linalg.det(matrix) == 1
    assert find_axes(motion @ matrix) == (axes, None)
    layout = dataclasses.replace(LAYOUTS["ntu25"], axes="auto")
    clip, done = to_ntu25(motion @ matrix, layout)
    assert done.axes == axes
    np.testing.assert_allclose(clip[..., 0].transpose(1, 2, 0), motion, atol=1e-5)


def test_lying_bodies_keep_their_axes(motion):
    turn = np.array([[1, 0, 0], [0, 0.7071, 0.7071], [0, -0.7071, 0.7071]])
    lying = np.concatenate([motion @ turn, motion @ turn.T @ turn.T @ turn.T])
    axes, note = find_axes(lying)
    assert axes == "+x +y +z"
    assert note is not None
    assert "no axis is clearly up" in note


@pytest.mark.parametrize(("factor", "unit", "said", "name"), [
    (1, 1.0, 1.0, "m"), (1000, 1.0, 0.001, "mm"), (100, None, 0.01, "cm"), (1, None, 1.0, "m"),
    (1, 0.001, 1.0, "m"), (1 / 0.0254, None, 0.0254, "in"), (0.6, 1.0, 1.0, "m"),
])  # fmt: skip
def test_units(motion, factor, unit, said, name):
    clip, done = to_ntu25(motion * factor, dataclasses.replace(LAYOUTS["ntu25"], unit=unit))
    assert (done.scale, done.unit) == (said, name)
    np.testing.assert_allclose(clip[..., 0].transpose(1, 2, 0), motion * factor * said, atol=1e-4)


def test_an_unknown_unit_is_scaled_to_a_trunk(motion):
    _, done = to_ntu25(motion * 7.7, dataclasses.replace(LAYOUTS["ntu25"], unit=None))
    assert done.unit.startswith("unknown")
    assert done.body_size == pytest.approx(0.495)
    assert choose_scale(0.0, None) == (1.0, "unknown, no body to measure")
    assert trunk(np.zeros((0, 25, 3))) == 0


def test_the_fit_score_knows_a_body(motion):
    rng = np.random.default_rng(0)
    assert fit_score(motion) > 0.8
    assert fit_score(100 * motion @ parse_axes("+y +z +x")) == pytest.approx(fit_score(motion))
    mixed = motion[:, rng.permutation(25)]
    assert fit_score(mixed) < 0.4
    assert fit_score(rng.normal(size=(50, 25, 3))) < 0.4
    assert fit_score(np.zeros((5, 25, 3))) == 0
    _, done = to_ntu25(mixed, LAYOUTS["ntu25"])
    assert "hardly bodies" in done.notes[0]
    assert not looks_mirrored(motion[:0], True)


def test_joints_not_seen_stay_nan_and_the_next_choice_is_taken(motion):
    x = writers.coco17(motion)
    x[3, 3] = np.nan  # an ear: the nose is the head then
    x[5, 9] = np.inf  # a wrist
    x[7] = 0  # nobody
    clip, _ = to_ntu25(x, LAYOUTS["coco17"])
    missing = np.isnan(clip).any(axis=(0, 3))
    hand = [JOINT_NAMES.index(f"{part}Left") for part in ("Wrist", "Hand", "HandTip", "Thumb")]
    assert np.flatnonzero(missing[5]).tolist() == sorted(hand)
    assert not missing[[3, 4, 7]].any()
    assert not clip[:, 7].any()
    clip, _ = to_ntu25(np.stack([x, x * np.nan]), LAYOUTS["coco17"])
    assert clip.shape[3] == 2
    assert not clip[..., 1].any()


def test_a_layout_of_names():
    own = Layout.from_names(["nose", *THIRTEEN], unit=0.01)
    assert own.sources("SpineBase") == "0.5 hip_l +0.5 hip_r"
    assert own.sources("Head") == "nose"
    assert (own.unit, own.axes, len(own.measured)) == (0.01, "auto", 13)
    assert (
        Layout.from_names(THIRTEEN).sources("Head").startswith("0.705")
    )  # no head at all: above the shoulders
    odd = Layout.from_names(
        [n.replace("hip", "zork") for n in THIRTEEN], aliases={"HipLeft": "zork_l", "HipRight": "zork_r"}
    )
    assert odd.rows == Layout.from_names(THIRTEEN).rows


@pytest.mark.parametrize(("names", "shoulder"), [
    ("Hips LeftUpLeg LeftLeg LeftFoot LeftToeBase LeftShoulder LeftArm LeftForeArm LeftHand", "LeftArm"),
    ("mixamorig:Hips mixamorig:LeftShoulder mixamorig:LeftArm mixamorig:LeftForeArm", "mixamorig:LeftArm"),
    ("hip lCollar lShldr lForeArm lHand lThigh lShin lFoot", "lShldr"),
    ("pelvis Bip01 L Clavicle,Bip01 L UpperArm,Bip01 L Forearm".replace(" Bip", ",Bip"), "Bip01 L UpperArm"),
    ("joint_Root Hips Shoulder_L UpperArm_L LowerArm_L Hand_L", "UpperArm_L"),
    ("pelvis left_collar left_shoulder left_elbow left_wrist", "left_shoulder"),
    ("spine shoulder.L upper_arm.L forearm.L hand.L", "upper_arm.L"),
])  # fmt: skip
def test_rigs_call_a_shoulder_by_many_names(names, shoulder):
    found = match_names(names.split("," if "," in names else " "))
    assert found["ShoulderLeft"] == shoulder
    assert "ShoulderRight" not in found


@pytest.mark.parametrize(("make", "words"), [
    (lambda: Layout.from_names(["hip_l", "hip_r"]), "says nothing about ShoulderLeft, ElbowLeft"),
    (lambda: Layout.from_names(THIRTEEN, aliases={"Haed": "hip_l"}), "Did you mean 'Head'"),
    (lambda: Layout.from_names(THIRTEEN, aliases={"Head": "hip_x"}),
    "names 'hip_x', no joint. Did you mean 'h"),
    (lambda: Layout.from_names(THIRTEEN, aliases={"Head": {"hip_l": 0.5}}), "add up to 0.5; expected 1"),
    (lambda: Layout.from_names(THIRTEEN, aliases={"Head": {"hip_l": "1"}}), "weight of 'hip_l' is '1'"),
    (lambda: Layout.from_names(THIRTEEN, aliases={"Head": []}), "made of nothing"),
    (lambda: Layout.from_names(THIRTEEN, aliases={"Head": {}}), "expected a joint name, or weights"),
    (lambda: Layout.from_names(THIRTEEN, axes="x y z"), "expected three signed axes"),
    (lambda: Layout.from_names(THIRTEEN, unit=-1), "unit is -1"),
    (lambda: Layout.from_names(THIRTEEN, dims=4), "dims is 4"),
    (lambda: Layout.from_names(["a", "a"]), "joints twice: a"),
    (lambda: Layout.from_names([]), "expected a tuple of names"),
    (lambda: Layout.from_names([str(n) for n in range(2000)]), "at most 1000"),
    (lambda: find_layout("coco"), "supported are 'auto', 'ntu25'.*Did you mean 'coco1"),
    (lambda: find_layout("?"), "supported are 'auto'"),
])  # fmt: skip
def test_impossible_layouts_say_what_is_wrong(make, words):
    with pytest.raises(ConfigError, match=words):
        make()


@pytest.mark.parametrize(("shape", "words"), [
    ((9, 16, 3), "expected \\(T, 17, 3\\)"), ((9, 17, 5), "joints of 'coco17'"),
    ((17, 3), "Check the axis order"),
    ((0, 17, 3), "shape"), ((9, 17, 2), "2D positions.*lift_2d=True"),
])  # fmt: skip
def test_other_shapes(shape, words):
    with pytest.raises(ShapeError, match=words):
        to_ntu25(np.ones(shape), LAYOUTS["coco17"])


def test_lifting_and_numbers(motion):
    clip, done = to_ntu25(100 * writers.coco17(motion)[..., :2], LAYOUTS["coco17"], lift_2d=True)
    assert done.lifted
    assert "a guess" in done.notes[0]
    assert not clip[2].any()
    with pytest.raises(ShapeError, match="dtype"):
        to_ntu25(np.full((9, 17, 3), "a"), LAYOUTS["coco17"])
