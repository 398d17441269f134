"""Corners of reading: what is left out, what is refused, and what small files may not claim."""

import json
from typing import get_args

import format_writers as writers
import numpy as np
import pytest

import skelrep
from skelrep.errors import DataWarning, FormatError, InvalidClipError, ShapeError
from skelrep.layouts import LAYOUTS, Layout
from skelrep.layouts.names import match_names
from skelrep.read import inspect_clips, read_clips
from skelrep.read.raw import LayoutName


@pytest.fixture(scope="module")
def motion(request) -> np.ndarray:
    clips = read_clips(request.config.rootpath / "tests" / "data" / "uiprmd_clips.npz")
    return clips[0].data[:, :12, :, 0].transpose(1, 2, 0).astype(np.float64)


def test_recordings_without_a_body_are_left_out_of_many(motion):
    x = writers.kinect20(motion)
    with pytest.warns(DataWarning, match="1 recordings without a body left out"):
        assert [clip.name for clip in read_clips(np.stack([x, 0 * x, x]))] == ["array/0", "array/2"]
    with pytest.raises(InvalidClipError, match="no body in any of its 2 recordings"):
        read_clips(np.stack([0 * x, 0 * x]))
    with pytest.raises(InvalidClipError, match="no joint was seen in any frame"):
        read_clips(0 * x)


def test_the_names_that_a_type_checker_knows_are_all_there_are():
    assert set(get_args(LayoutName)) == {"auto", *LAYOUTS}


def test_stores_are_reported(motion, tmp_path):
    clip = skelrep.Clip(data=motion.transpose(2, 0, 1)[..., None].astype(np.float32), name="a")
    skelrep.ClipStore.from_clips([clip]).save(tmp_path)
    clips, report = inspect_clips(tmp_path)
    assert (clips[0].name, report.format, report.layout) == ("a", "skelrep store", "ntu25")


def test_2d_and_3d_do_not_mix(motion, tmp_path):
    three = writers.coco17(motion)
    two = np.concatenate([900 + 300 * three[..., :2], np.ones((12, 17, 1))], axis=2)
    np.savez(tmp_path / "x.npz", three=three, two=two)
    with pytest.raises(ShapeError, match="mixes 2D and 3D"):
        read_clips(tmp_path / "x.npz", layout="coco17", lift_2d=True)
    np.savez(tmp_path / "x.npz", three=three, other=np.ones((3, 20, 3)))
    with pytest.raises(FormatError, match="mixes skeletons in three, other"):
        read_clips(tmp_path / "x.npz")
    np.save(tmp_path / "x.npy", np.full((4, 17, 3), "a"))
    with pytest.raises(FormatError, match=r"x\.npy holds <U1; expected numbers"):
        read_clips(tmp_path / "x.npy")


def test_a_layout_is_found_by_the_names_of_a_file_or_by_order(motion, tmp_path):
    path = writers.write_csv(tmp_path / "a.csv", motion)
    shuffled = Layout(
        name="own", joints=LAYOUTS["ntu25"].joints[::-1], mapping=LAYOUTS["ntu25"].mapping, unit=0.01
    )
    np.testing.assert_allclose(read_clips(path, layout=shuffled)[0].data, read_clips(path)[0].data, atol=1e-6)
    unnamed = Layout(name="own", joints=tuple(f"j{n}" for n in range(25)), unit=0.01,
                     mapping={name: f"j{n}" for n, name in enumerate(writers.N)})  # fmt: skip
    np.testing.assert_allclose(read_clips(path, layout=unnamed)[0].data, read_clips(path)[0].data, atol=1e-6)
    with pytest.raises(ShapeError, match="joints of 'coco17'"):
        read_clips(path, layout="coco17")


def test_csv_with_names_and_confidence(motion, tmp_path):
    path = tmp_path / "a.csv"
    header = ",".join(f"{name}{axis}" for name in writers.N for axis in ("X", "Y", "Z", "_score"))
    rows = [",".join(f"{v:.6f}" for p in f for v in (*p, 1.0)) for f in motion]
    path.write_text("\n".join([header, *rows]))
    np.testing.assert_allclose(read_clips(path)[0].data[..., 0].transpose(1, 2, 0), motion, atol=1e-5)
    flat = ",".join(f"{name}_{axis}" for name in writers.N for axis in ("x", "y", "score"))
    path.write_text(
        "\n".join([flat, *(",".join(f"{v:.6f}" for p in f for v in (*p[:2], 1.0)) for f in motion)])
    )
    with pytest.raises(ShapeError, match="2D positions"):
        read_clips(path)
    np.savetxt(path, writers.coco17(motion).reshape(12, 51))
    assert inspect_clips(path, layout="coco17")[1].layout == "coco17"


@pytest.mark.parametrize("value", [b"walk", {1, 2}, object(), None])
def test_objects_that_hold_no_clips(value):
    with pytest.raises(FormatError, match=r"path is a \w+; expected a file, a folder, an array, landmarks"):
        read_clips(value)


def test_small_files_cannot_claim_much_memory(tmp_path, monkeypatch):
    for module in ("raw", "csv_files", "bvh"):
        monkeypatch.setattr(f"skelrep.read.{module}.MAX_NUMBERS", 2000)
    azure = {
        "frames": [{"bodies": [{"body_id": 1, "joint_positions": np.ones((32, 3)).tolist()}]}, *[0] * 1000]
    }
    people = [{"people": [{"pose_keypoints_2d": [1.0] * 75}]}, *[{"people": []}] * 1000]
    points = [[{"x": 1, "y": 1, "z": 1}] * 33, *[None] * 1000]
    for content in (azure, people, points):
        (tmp_path / "x.json").write_text(json.dumps(content))
        with pytest.raises(FormatError, match=r"x\.json would take .* numbers"):
            read_clips(tmp_path / "x.json")
    (tmp_path / "x.csv").write_text("frame,joint,x,y,z\n" + "\n".join(f"{n},{n},1,2,3" for n in range(40)))
    with pytest.raises(FormatError, match=r"x\.csv would take"):
        read_clips(tmp_path / "x.csv")
    (tmp_path / "x.csv").write_text(",".join(f"x{n},y{n}" for n in range(300)) + "\n1" * 300)
    with pytest.raises(FormatError, match="300 rows of 300 joints"):
        read_clips(tmp_path / "x.csv")
    ends = "JOINT b { OFFSET 0 1 0 " * 99 + "} " * 100
    text = f"HIERARCHY ROOT a {{ CHANNELS 1 Xrotation {ends} MOTION Frames: 90 Frame Time: 1" + " 0" * 90
    (tmp_path / "x.bvh").write_text(text)
    with pytest.raises(FormatError, match="90 frames of 100 joints"):
        read_clips(tmp_path / "x.bvh")


def test_names_in_small_letters_and_more_people_than_slots():
    assert match_names(["lthigh", "rightupleg"]) == {"HipLeft": "lthigh", "HipRight": "rightupleg"}
    crowd = [{"pose_keypoints_3d": [v for _ in range(25) for v in (9.0 * n, 1, 1, 1)]} for n in range(30)]
    _, report = inspect_clips({"people": crowd}, recipe="faithful")
    assert report.clips == 1
