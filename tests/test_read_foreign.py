"""Arrays of other skeletons, ambiguous ones, prepared ones, 2s-AGCN, PKU-MMD, and folders of everything."""

import contextlib
import json

import format_writers as writers
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import skelrep
from skelrep.errors import DataWarning, FormatError, InvalidClipError, ShapeError, SkelrepError
from skelrep.layouts import LAYOUTS, to_ntu25
from skelrep.read import inspect_clips, read_clips
from skelrep.read.agcn import find_period
from skelrep.read.json_files import find_content


@pytest.fixture(scope="module")
def clips(request) -> list[skelrep.Clip]:
    return read_clips(request.config.rootpath / "tests" / "data" / "uiprmd_clips.npz")


@pytest.fixture(scope="module")
def motion(clips) -> np.ndarray:
    return clips[0].data[..., 0].transpose(1, 2, 0).astype(np.float64)


@pytest.mark.parametrize("name", ["coco17", "h36m17"])
def test_17_joints_are_told_apart_by_geometry(motion, name):
    assert inspect_clips(writers.ARRAYS[name](motion))[1].layout == name


def test_what_geometry_cannot_tell_is_asked_for(motion):
    noise = np.random.default_rng(0).normal(size=(30, 17, 3))
    with pytest.raises(
        FormatError, match=r"several skeletons have.*'coco17' 0\.\d+, 'h36m17' 0\.\d+.*layout="
    ):
        read_clips(noise)
    with pytest.warns(DataWarning, match="hardly bodies"):
        read_clips(noise, layout="h36m17")
    with pytest.raises(ShapeError, match=r"looks like \(T, V, C\)"):
        read_clips(motion)
    with pytest.raises(FormatError, match=r"16 joints; known skeletons are .*Pass layout=skelrep\.Layout"):
        read_clips(np.ones((5, 16, 3)))
    with pytest.raises(FormatError, match=r"holds an array \(5, 2, 16, 3\)"):
        read_clips({"joint_positions": np.ones((5, 2, 16, 3)).tolist()}, layout="coco17")


@pytest.mark.parametrize("form", ["TVC", "NTVC", "NMTVC", "CTVM", "NCTVM", "flat", "torch", "npz"])
def test_arrays_of_any_order(motion, tmp_path, form):
    import torch

    x = writers.kinect20(motion)
    expected = to_ntu25(x, LAYOUTS["kinect20"])[0]
    one = x.transpose(2, 0, 1)[..., None]
    three = {"TVC": x, "NTVC": np.stack([x] * 3), "NMTVC": np.stack([x] * 8).reshape(4, 2, *x.shape),
    "CTVM": one,
             "NCTVM": np.stack([one] * 3), "flat": x.reshape(len(x), 60),
             "torch": torch.from_numpy(x)}  # fmt: skip
    path = tmp_path / "mine.npy"
    if form == "npz":
        np.savez(tmp_path / "mine.npz", walk=x, run=x)
        path = tmp_path / "mine.npz"
    elif form != "torch":
        np.save(path, three[form])
    source = three["torch"] if form == "torch" else path
    found = read_clips(source, layout="kinect20" if form == "flat" else "auto")
    assert len(found) == {"NTVC": 3, "NCTVM": 3, "NMTVC": 4, "npz": 2}.get(form, 1)
    for clip in found:
        np.testing.assert_allclose(clip.data[..., :1], expected, atol=1e-6)
    names = {"npz": ["walk", "run"], "NTVC": ["mine/0", "mine/1", "mine/2"], "TVC": ["mine"]}
    assert form not in names or [clip.name for clip in found] == names[form]


def test_2d_is_refused_unless_asked_for(motion, tmp_path):
    image = 900 + 300 * writers.coco17(motion)[..., :2]
    scored = np.concatenate([image, np.full((len(image), 17, 1), 0.9)], axis=2)
    for array in (image, scored, scored / [2000, 2000, 1]):  # the last: shares of the image
        np.save(tmp_path / "x.npy", array)
        with pytest.raises(ShapeError, match=r"x\.npy.*2D positions.*lift_2d=True"):
            read_clips(tmp_path / "x.npy", layout="coco17")
        with pytest.warns(DataWarning, match="a guess"):
            (clip,) = read_clips(tmp_path / "x.npy", layout="coco17", lift_2d=True)
        assert not clip.data[2].any()


def test_joints_without_confidence_are_not_invented(motion):
    x = np.concatenate([writers.kinect20(motion), np.ones((len(motion), 20, 1))], axis=2)
    x[4, 5, 3] = 0
    with pytest.raises(InvalidClipError, match=r"NaN.*frame 4, joint 5 \(ElbowLeft\)"):
        read_clips(x)


def test_many_bodies_become_the_two_that_move_most(motion):
    still = np.repeat(motion[:1], len(motion), axis=0)
    people = np.stack([still + np.array([5, 0, 0]), motion, still, motion + np.array([2, 0, 0])])
    entry = {"keypoint": people}
    (clip,) = read_clips(entry)
    assert sorted(clip.data[0, 0, 0]) == pytest.approx([motion[0, 0, 0], motion[0, 0, 0] + 2], abs=1e-3)
    assert read_clips(entry, recipe="faithful")[0].data[0, 0, 0, 0] == pytest.approx(motion[0, 0, 0] + 5)


def test_prepared_clips_are_not_processed_twice(clips, tiny, tmp_path):
    from skelrep.preprocess import preprocess

    config = tiny.config.preprocess
    ready = preprocess(clips, config).numpy()
    np.save(tmp_path / "train_position.npy", ready)
    found, report = inspect_clips(tmp_path)
    assert report.prepared
    assert all(clip.prepared for clip in found)
    assert report.format.startswith("prepared")
    expected = skelrep.encode(ready, tiny, preprocess=False)
    np.testing.assert_allclose(skelrep.encode(found, tiny), expected, atol=1e-5)
    np.testing.assert_allclose(skelrep.encode(str(tmp_path), tiny), expected, atol=1e-5)
    mixed = [clips[0], found[1], clips[2], found[3]]
    np.testing.assert_allclose(skelrep.encode(mixed, tiny), skelrep.encode(clips[:4], tiny), atol=1e-5)
    assert not any(clip.prepared for clip in clips)


@pytest.mark.parametrize(
    ("length", "frames"), [(63, 300), (1, 300), (150, 300), (299, 300), (300, 300), (7, 20)]
)
def test_the_period_of_repeats(length, frames):
    step = np.random.default_rng(length).normal(size=(3, length, 25, 1)).astype(np.float32)
    assert find_period(np.tile(step, (1, -(-frames // length), 1, 1))[:, :frames]) == length


def test_arrays_of_2s_agcn_are_undone(motion, tmp_path):
    path = writers.write_agcn(tmp_path / "val_data_joint.npy", motion)
    with pytest.warns(DataWarning, match="2s-AGCN.*repeats cut off"):
        (clip,) = read_clips(path)
    assert clip.data.shape == (3, len(motion), 25, 2)
    x = clip.data[..., 0].transpose(1, 2, 0)
    lengths = [np.linalg.norm(y[:, 5] - y[:, 4], axis=1) for y in (x, motion)]
    np.testing.assert_allclose(*lengths, atol=1e-5)
    assert (x[:, 3, 1] > x[:, 14, 1]).all()  # heads above feet
    assert x[0, 8, 0] > x[0, 4, 0]  # the right shoulder on the sensor's left


def test_pku_recordings_with_and_without_labels(motion, tmp_path):
    path = writers.write_pku(tmp_path / "skeletons" / "0002-L.txt", motion)
    label = path.with_suffix(".label")
    folder = tmp_path / "Train_Label_PKU_final"
    folder.mkdir()
    label.rename(folder / "0002-L.txt")  # as the data set is laid out
    path.with_name("cross-view.txt").write_text("Training videos:\n0002-L")
    found = read_clips(tmp_path)
    assert [(clip.name, clip.label, clip.data.shape[1]) for clip in found] == [
        ("0002-L/0", 4, 63),
        ("0002-L/1", 42, 63),
    ]
    np.testing.assert_allclose(found[1].data, found[0].data)
    for text, words in (("5;3;4", "expected class,first"), ("5,100,90,1", "from frame 100 to 90"),
    ("\n", "names no actions"),
                        ("0,0,5,1", "class 0"), ("3,999,1005,1", "of 126")):  # fmt: skip
        (folder / "0002-L.txt").write_text(text)
        with pytest.raises(FormatError, match=words):
            read_clips(path)
    (folder / "0002-L.txt").unlink()
    with pytest.warns(DataWarning, match="one uncut recording"):
        assert read_clips(path.rename(path.with_suffix(".skeleton")))[0].data.shape[1] == 126
    damaged = path.with_suffix(".skeleton")
    lines = damaged.read_text().splitlines()
    for text, words in ((lines[0] + "\n1 2 3", "frame 2: 3 numbers"), ("x " * 150, "than numbers")):
        damaged.write_text(text)
        with pytest.raises(FormatError, match=words):
            read_clips(damaged)


def test_folders_of_everything(motion, tmp_path):
    writers.write_azure(tmp_path / "a1.json", motion[:5])
    writers.write_bvh(tmp_path / "a2.bvh", motion[:3])
    writers.write_openpose(tmp_path / "a3", motion[:4])
    writers.write_pyskl(tmp_path / "a4.pkl", motion[:6])
    np.save(tmp_path / "a5.npy", writers.smpl24(motion))
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "labels.json").write_text("{}")
    found, report = inspect_clips(tmp_path)
    assert [clip.data.shape[1] for clip in found] == [5, 3, 4, 6, 63]
    assert report.layout == "azure32, BVH joint names, body25, ntu25, smpl24"
    assert report.clips == 5
    assert [part.clips for part in report.parts] == [1] * 5
    json.dumps(report.to_dict())
    (tmp_path / "settings.json").write_text("{}")
    with pytest.warns(DataWarning, match=r"1 files are no clips and were left out: settings\.json"):
        read_clips(tmp_path)


def test_folders_without_clips(tmp_path):
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(FormatError, match=r"none of clips. The first, settings\.json: "):
        read_clips(tmp_path)
    (tmp_path / "x.bvh").write_text("no")
    with pytest.raises(FormatError, match=r"x\.bvh is no BVH file"):
        read_clips(tmp_path)


NUMBERS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
KEYS = st.sampled_from(["people", "pose_keypoints_2d", "frames", "bodies", "joint_positions", "data",
"landmarks", "x", "y",
                        "z", "visibility", "keypoint", "annotations", "label", "joint_names", "body_id",
                        "fps"])  # fmt: skip
TREES = st.recursive(
    NUMBERS, lambda t: st.lists(t, max_size=4) | st.dictionaries(KEYS, t, max_size=4), max_leaves=20
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TREES)
def test_any_json_gives_only_our_errors(content):
    for work in (lambda: find_content(content, None, "x", "x"), lambda: inspect_clips(content, lift_2d=True)):
        with contextlib.suppress(SkelrepError, DataWarning):
            work()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.lists(st.text("0123456789.,;xyzn_e-\"' a", max_size=6), max_size=6), max_size=6),
    st.sampled_from(",;\t "),
)
def test_any_csv_gives_only_our_errors(tmp_path, rows, separator):
    path = tmp_path / "x.csv"
    path.write_text("\n".join(separator.join(row) for row in rows))
    with contextlib.suppress(SkelrepError, DataWarning):
        read_clips(path)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=40), st.integers(0, 400), st.integers(0, 40))
def test_damaged_pickles_give_only_our_errors(tmp_path, noise, start, length):
    path = tmp_path / "x.pkl"
    good = writers.write_pyskl(path, np.ones((2, 25, 3))).read_bytes()
    path.write_bytes(good[:start] + noise + good[start + length :])
    with contextlib.suppress(SkelrepError, DataWarning):
        read_clips(path)
