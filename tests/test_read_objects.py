"""Landmarks, annotations, JSON and CSV of skeletons, in memory and as files."""

import json
import pickle
from types import SimpleNamespace

import format_writers as writers
import numpy as np
import pytest

from skelrep.clips import Clip
from skelrep.errors import DataWarning, FormatError, InvalidClipError, ShapeError
from skelrep.read import ClipStore, inspect_clips, read_clips
from skelrep.read.openpose import clip_name, match_people


@pytest.fixture(scope="module")
def motion(request) -> np.ndarray:
    clips = read_clips(request.config.rootpath / "tests" / "data" / "uiprmd_clips.npz")
    return clips[0].data[:, :20, :, 0].transpose(1, 2, 0).astype(np.float64)


def first(source, **options):
    clips, report = inspect_clips(source, **options)
    return clips[0].data, report


def test_landmarks_of_every_interface(motion):
    points = writers.mediapipe33(motion)
    landmarks = [[SimpleNamespace(x=p[0], y=p[1], z=p[2]) for p in frame] for frame in points]
    old = [SimpleNamespace(pose_world_landmarks=SimpleNamespace(landmark=frame)) for frame in landmarks]
    expected, _ = first(points)
    for source in (
        landmarks, [[frame] for frame in landmarks], old, writers.landmark_results(motion),
        [SimpleNamespace(landmark=frame) for frame in landmarks],
    ):  # fmt: skip
        data, report = first(source)
        assert report.layout == "mediapipe33"
        np.testing.assert_allclose(data, expected, atol=1e-6)
    one, _ = first(old[0])
    np.testing.assert_allclose(one, expected[:, :1], atol=1e-6)


def test_frames_without_a_person_are_filled_and_cut_at_the_ends(motion):
    frames = writers.landmark_results(motion)
    frames[0].pose_world_landmarks = []
    frames[5].pose_world_landmarks = None
    data, _ = first([None, *frames, None])
    full, _ = first(writers.landmark_results(motion))
    assert data.shape[1] == 19
    assert data.any(axis=(0, 2, 3)).all()
    np.testing.assert_allclose(data[:, 4], (full[:, 4] + full[:, 6]) / 2, atol=1e-5)
    assert first([None, *frames], recipe="faithful")[0].any(axis=(0, 2, 3)).tolist().count(False) == 1


def test_landmarks_of_the_image_are_warned_of(motion):
    image = writers.mediapipe33(motion) * [0.3, 0.4, 0.3] + 0.5
    with pytest.warns(DataWarning, match="shares of the image"):
        (clip,) = read_clips(image)
    assert clip.data.shape == (3, 20, 25, 1)


@pytest.mark.parametrize(("frames", "words"), [
    ([[SimpleNamespace(x=1, y=2, z=3)] * 32], "32 landmarks; expected the 33"),
    ([[{"x": 1, "y": 2, "z": "3"}] * 33], "landmark 0: x, y, z are"),
    ([[{"x": 10**400, "y": 2, "z": 3}] * 33], "no coordinate"),
    ([None, None], "something else than numbers|holds no|no known skeleton|or no numbers"),
])  # fmt: skip
def test_other_landmarks(frames, words):
    with pytest.raises(FormatError, match=words):
        read_clips(frames)


def test_visibility_zero_is_not_seen(motion):
    frames = writers.landmark_results(motion)
    frames[3].pose_world_landmarks[0][15].visibility = 0.0
    with pytest.raises(InvalidClipError, match=r"NaN.*frame 3"):
        read_clips(frames)


def test_annotations_in_memory_and_in_pickles(motion, tmp_path):
    flat = 300 + 100 * writers.coco17(motion)[None, ..., :2]
    entry = {
        "keypoint": flat.astype(np.float16),
        "keypoint_score": np.ones((1, 20, 17)),
        "label": 3,
        "total_frames": 9,
    }
    with pytest.raises(ShapeError, match="2D positions"):
        read_clips(entry)
    (clip,), report = inspect_clips({"annotations": [entry]}, lift_2d=True)
    assert (clip.name, clip.label, clip.data.shape, report.layout) == ("clip/0", 3, (3, 9, 25, 1), "coco17")
    assert report.lifted
    hidden = entry | {"keypoint_score": np.zeros((1, 20, 17))}
    with pytest.raises(InvalidClipError, match="holds no body"):
        read_clips([hidden], lift_2d=True)
    path = tmp_path / "a.pkl"
    for content, words in (
        ([{"keypoint": [1]}], "no array 'keypoint'"), ([{"raw_file": "x"}], "other files"),
        ({"a": 1}, "no annotations"),
        ([{"keypoint": np.ones((1, 2, 3))}], r"expected numbers \(M, T, V"), ([], "no annotations"),
        ([entry, {"keypoint": np.ones((1, 2, 25, 3))}], "mixes skeletons"),
        ([entry | {"keypoint_score": np.ones((1, 3, 17))}], "keypoint_score is"),
    ):  # fmt: skip
        path.write_bytes(pickle.dumps(content))
        with pytest.raises(FormatError, match=words):
            read_clips(path)


def test_several_people_of_openpose_are_told_apart(motion, tmp_path):
    def person(x):
        return {
            "pose_keypoints_3d": np.concatenate([writers.body25(x), np.ones((20, 25, 1))], 2)
            .reshape(20, -1)
            .tolist()
        }

    people = [person(motion), person(motion + np.array([2, 0, 0]))]
    for t in range(20):
        both = [{"pose_keypoints_3d": p["pose_keypoints_3d"][t]} for p in people]
        both.append({"pose_keypoints_3d": [0.0] * 100})
        content = {"people": both[::-1] if t % 2 else both}
        (tmp_path / f"duo_{t:012d}_keypoints.json").write_text(json.dumps(content))
    (clip,) = read_clips(tmp_path)
    assert (clip.name, clip.data.shape) == ("duo", (3, 20, 25, 2))
    apart = np.abs(clip.data[0, :, 0, 0] - clip.data[0, :, 0, 1])
    np.testing.assert_allclose(apart, 2, atol=1e-4)
    steps = np.linalg.norm(np.diff(clip.data[:, :, 0], axis=1), axis=0)
    assert steps.max() < 0.2  # nobody jumps to the other place
    assert match_people({}, []) == {}
    assert clip_name("000000000001_keypoints") == "000000000001_keypoints"


@pytest.mark.parametrize(("people", "words"), [
    ([{"pose_keypoints_2d": [1, 2, 0.5] * 15}], "15 keypoints"),
    ([{"pose_keypoints_2d": [1, 2]}], "no list of 3"),
    ([{"pose_keypoints_2d": ["1", 2, 3]}], "no list of 3"), ([], "hold nobody"),
    ([{"hand": []}], "hold nobody"),
    ([{"pose_keypoints_2d": [1, 2, 3] * 25}, {"pose_keypoints_2d": [1, 2, 3] * 18}], "mix bodies"),
    ([{"pose_keypoints_2d": [10**400, 2, 3] * 25}], "no coordinate"),
])  # fmt: skip
def test_other_people_of_openpose(people, words):
    with pytest.raises(FormatError, match=words):
        read_clips({"people": people})


def test_azure_bodies_by_id(motion):
    points = writers.azure32(motion).tolist()
    frames = [{"bodies": [{"body_id": 1 + t // 10, "joint_positions": p}]} for t, p in enumerate(points)]
    data, report = first({"frames": frames, "fps": 15})
    assert (report.format, report.unit) == ("Azure Kinect JSON", "mm")
    assert data.shape == (3, 20, 25, 1)  # one person, whose id changed on the way
    frames[0]["bodies"][0]["joint_positions"] = points[0][:20]
    with pytest.raises(FormatError, match="expected 32 joints"):
        read_clips({"frames": frames})
    with pytest.raises(InvalidClipError, match="no body"):
        read_clips({"frames": [{"bodies": []}]})


def test_plain_json_of_joints(motion, tmp_path):
    x = writers.kinect20(motion)
    expected, _ = first(x)
    path = tmp_path / "ucla.json"
    path.write_text(json.dumps({"file_name": "a01", "skeletons": x.tolist(), "label": 4, "fps": 30}))
    (clip,), report = inspect_clips(path)
    assert (clip.name, clip.label, clip.fps, report.layout) == ("ucla", 4, 30.0, "kinect20")
    np.testing.assert_array_equal(clip.data, expected)
    names = [f"own_{n}" for n in ("hip_l", "hip_r")]
    with pytest.raises(Exception, match="says nothing about ShoulderLeft"):
        read_clips({"joint_names": names, "data": np.ones((5, 2, 3)).tolist()})
    named = [
        {name: dict(zip("xyz", p, strict=True)) for name, p in zip(writers.N, f, strict=True)} for f in motion
    ]
    np.testing.assert_allclose(first(named)[0][..., 0].transpose(1, 2, 0), motion, atol=1e-6)
    lists = [{name: list(p) for name, p in zip(writers.N, f, strict=True)} for f in motion]
    np.testing.assert_array_equal(first({"frames": lists})[0], first(named)[0])


@pytest.mark.parametrize(("content", "words"), [
    ("[1, 2", "not JSON"), ("[" * 100_000, "not JSON"), ("5", "holds no joints"),
    ("[[1], [1, 2]]", "different lengths"),
    ("{}", "holds no joints"), ('[{"a": [1, 2, 3]}, {"b": [1, 2, 3]}]', "frame 1 has other joints"),
    (json.dumps(np.ones((4, 25, 3)).tolist()), "layout='ntu25' or layout='body25'"),
    (json.dumps(np.ones((4, 16, 3)).tolist()), "16 joints; known"), ("NaN", "holds no joints"),
])  # fmt: skip
def test_other_json(tmp_path, content, words):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(FormatError, match=rf"x\.json.*{words}"):
        read_clips(tmp_path / "x.json")


@pytest.mark.parametrize("form", ["wide", "long", "bare", "semicolons"])
def test_csv_forms(motion, tmp_path, form):
    x = writers.mediapipe33(motion)
    path = tmp_path / "a.csv"
    if form == "bare":
        np.savetxt(path, x.reshape(20, 99), delimiter=",")
    elif form == "long":
        rows = [f"{t},{j},{p[0]},{p[1]},{p[2]},0.9" for t, f in enumerate(x) for j, p in enumerate(f)]
        path.write_text("frame,landmark,x,y,z,visibility\n" + "\n".join(rows[::-1]))
        x = x[::-1]
    else:
        sign = ";" if form == "semicolons" else ","
        header = ["time"] + [f"{n}_{axis}" for n in range(33) for axis in ("x", "y", "z", "visibility")]
        rows = [[0.1 * t, *np.concatenate([f, np.ones((33, 1))], 1).ravel()] for t, f in enumerate(x)]
        path.write_text("\n".join([sign.join(header), *(sign.join(map(str, row)) for row in rows)]))
    np.testing.assert_allclose(first(path)[0], first(x)[0], atol=1e-6)


@pytest.mark.parametrize(("text", "words"), [
    ("", "no rows"), ("a_x,a_y,a_z\n", "no rows"), ("a,b\n1,2\n", "no columns such as"),
    ("1,2\n3,4\n", "2 numbers and no"),
    ("1,2\n3\n", "different lengths"), ("x,y,z\n1,2,3\n", "expected frame, joint, x, y, z"),
    ("nose_x,nose_y\nb,2\n", "expected numbers"), ('"' + "a" * 200_000 + '",b\n1,2\n', "no CSV"),
])  # fmt: skip
def test_other_csv(tmp_path, text, words):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(FormatError, match=rf"x\.csv.*{words}"):
        read_clips(tmp_path / "x.csv")


def test_clips_stores_and_lists(motion):
    clip = Clip(data=motion.transpose(2, 0, 1)[..., None].astype(np.float32), name="a")
    store = ClipStore.from_clips([clip])
    array = writers.coco17(motion)
    clips = read_clips([clip, array, store[0]])
    assert [one.name for one in clips] == ["a", "array", "a"]
    assert [one.name for one in read_clips(store)] == ["a"]
    assert read_clips([]) == []
    assert inspect_clips([])[1].clips == 0
    assert inspect_clips([clip, array])[1].layout == "ntu25, coco17"
    assert len(inspect_clips([clip, array])[1].parts) == 2
    with pytest.raises(FormatError, match="path is a int"):
        read_clips(5)
