"""Small valid recordings of every format, and hostile ones made by hand: where the changes begin."""

from __future__ import annotations

import io
import json
import os
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path

import format_writers as writers
import numpy as np
from ntu_text import skeleton_text

from skelrep.read import read_clips

ROOT = Path(__file__).resolve().parents[1]
FRAMES = 6


def motion() -> np.ndarray:
    """A few frames of a real person, float64 (T, 25, 3)."""
    clip = read_clips(ROOT / "tests" / "data" / "uiprmd_clips.npz")[0]
    return clip.data[:, :FRAMES, :, 0].transpose(1, 2, 0).astype(np.float64)


def written(write: Callable[[Path], object]) -> bytes:
    """The bytes that a function writes to the path it is given."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "0002-L.txt"
        write(path)
        return path.read_bytes()


def npy(array: np.ndarray) -> bytes:
    """A `.npy` file."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npz(*, compressed: bool = False, **arrays: np.ndarray) -> bytes:
    """A `.npz` file."""
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def skeleton() -> list[bytes]:
    """NTU text: one person, two, a frame without anybody, nobody at all."""
    x = motion()
    one = [[("72057594037944738", pose)] for pose in x]
    two = [[("1", pose), ("2", pose[:, ::-1])] for pose in x[:3]] + [[]]
    return [skeleton_text(one), skeleton_text(two), skeleton_text([[], []]), b"0\n"]


def st_gcn(count: int = 2) -> np.ndarray:
    """(N, 3, T, 25, 2) float32 with a tail of zeros."""
    data = np.zeros((count, 3, FRAMES + 2, 25, 2), dtype=np.float32)
    data[:, :, :FRAMES, :, 0] = motion().transpose(2, 0, 1)
    return data


def npy_files() -> list[bytes]:
    """Arrays of clips and of other skeletons, in several dtypes and orders."""
    x, clips = motion(), st_gcn()
    arrays = [
        clips, clips[0], clips.astype(np.float64), clips[0].astype(">f2"), np.asfortranarray(clips[0]),
        x[None],
        writers.coco17(x), writers.mediapipe33(x), writers.azure32(x).astype(np.int16),
        writers.smpl24(x)[None],
        np.concatenate([writers.coco17(x)[..., :2] * 100, np.full((FRAMES, 17, 1), 0.7)], axis=2),
        np.repeat(clips[:1], 3, axis=4), np.where(np.arange(FRAMES + 2)[:, None, None] == 2, np.nan,
        clips[0]),
        np.zeros((0, 3, 4, 25, 2)), np.array(3.0),
    ]  # fmt: skip
    return [npy(array) for array in arrays] + [b"\x93NUMPY\x02\x00" + npy(clips)[8:], b"\x93NUMPY"]


def ragged() -> dict[str, np.ndarray]:
    """The arrays of a skelrep archive of two clips."""
    steps = (motion() * 100).astype(np.int16)
    return {
        "dq": np.concatenate([steps, steps]), "scale": np.array(0.01), "origin": np.zeros((2, 3)),
        "offsets": np.array([0, FRAMES, 2 * FRAMES]), "names": np.array(["a", "b"]),
        "action": np.array([3, 4], dtype=np.int16), "fps": np.array(30.0),
    }  # fmt: skip


def npz_files() -> list[bytes]:
    """CTR-GCN splits, a skelrep archive, one array, arrays of another skeleton; and a bomb."""
    x = motion()
    flat = np.zeros((2, FRAMES, 150), dtype=np.float32)
    flat[:, :, :75] = x.reshape(FRAMES, 75)
    split = {"x_train": flat, "y_train": np.eye(4)[:2], "x_test": flat[:1], "y_test": np.array([2])}
    return [
        npz(**split), npz(compressed=True, **split), npz(**ragged()), npz(compressed=True, clips=st_gcn()),
        npz(walk=writers.coco17(x), run=writers.coco17(x)), npz(data=st_gcn()[0]), npz(a=np.arange(3)),
    ]  # fmt: skip


class Runs:
    """A pickle of it calls something when it is loaded by Python."""

    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self.parts = call, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.parts


def pickles(*values: object) -> list[bytes]:
    """Each value in every protocol, and code that must not run."""
    hostile: list[object] = [
        Runs(os.system, "touch owned"), Runs(exec, "open('owned', 'w')"), Runs(eval, "1"), Path("x"), len,
        1 + 2j,
    ]  # fmt: skip
    loop: list[object] = []
    loop.append(loop)
    mapping: dict[str, object] = {}
    mapping["annotations"] = mapping
    return [
        pickle.dumps(value, protocol)
        for value in (*values, *hostile, loop, mapping)
        for protocol in (0, 2, 4, 5)
    ] + [_laughs(40), b"\x80\x02" + b"(" * 500 + b".", b"\x80\x02]q\x00(" + b"h\x00" * 500 + b"e."]


def _laughs(depth: int) -> bytes:
    """Lists in lists: 2 ** depth leaves in a few bytes a level."""
    level = b"".join(b"](h%ch%ceq%c" % (n, n, n + 1) for n in range(depth))
    return b"\x80\x02]q\x00" + level + b"."


def label_pickles() -> list[bytes]:
    """(names, labels) as NTU tools write them, for `st_gcn()`'s two clips."""
    names = ["S001C001P001R001A001.skeleton", "S001C001P001R001A002.skeleton"]
    long = ["x" * 3000 + ".skeleton"]
    return pickles(
        (names, [0, 1]), [names, np.array([0, 1])], (names, [np.int64(5), 2**70]), (long * 2, [0, 1])
    )


def pyskl_pickles() -> list[bytes]:
    """Annotations of pyskl and mmaction2."""
    x = motion().astype(np.float16)
    flat = (writers.coco17(motion())[None, ..., :2] * 100).astype(np.float32)
    entry = {"frame_dir": "S001C001P001R001A013", "label": 12, "total_frames": len(x), "keypoint": x[None]}
    image = {"frame_dir": "a", "label": 1, "keypoint": flat, "keypoint_score": np.ones(flat.shape[:3])}
    return pickles({"split": {"train": ["a"]}, "annotations": [entry]}, [entry, entry], image)


def json_files() -> list[bytes]:
    """MediaPipe, Azure Kinect, OpenPose, plain and named lists."""
    x = motion()[:3]
    joints = writers.coco17(x).round(3).tolist()
    named = [
        {f"joint_{n}": dict(zip("xyz", p, strict=True)) for n, p in enumerate(frame)} for frame in joints
    ]
    flat = (
        np.concatenate([writers.body25(x)[0] * 100, np.full((25, 1), 0.8)], axis=1).round(2).ravel().tolist()
    )
    people = [{"person_id": [-1], "pose_keypoints_3d": flat}, {"pose_keypoints_2d": flat[:75]}]
    return [
        written(lambda path: writers.write_mediapipe_json(path, x)),
        written(lambda path: writers.write_azure(path, x)),
        json.dumps({"version": 1.3, "people": people[:1]}).encode(),
        json.dumps([{"people": people}] * 2).encode(),
        json.dumps({"fps": 30, "label": 3, "joints": joints}).encode(), json.dumps(joints).encode(),
        json.dumps({"data": named}).encode(), json.dumps([joints, joints]).encode(),
        json.dumps({"joint_names": [f"j{n}" for n in range(17)], "positions": joints}).encode(),
        b"[" * 20000, b'{"frames":' * 5000, b'{"people":[]}', b"[1e999]",
    ]  # fmt: skip


def openpose_frames() -> list[bytes]:
    """Single frames of an OpenPose folder."""
    flat = np.concatenate([motion()[0] * 100, np.full((25, 1), 0.8)], axis=1).round(2).ravel().tolist()
    one, two = [{"pose_keypoints_3d": flat}], [{"pose_keypoints_2d": flat[:75]}, {"pose_keypoints_2d": []}]
    return [json.dumps({"version": 1.3, "people": people}).encode() for people in (one, two, [], one * 3)]


def csv_files() -> list[bytes]:
    """A row a frame, a row a joint, no header; commas, semicolons, tabs."""
    x = motion()
    wide = written(lambda path: writers.write_csv(path, x))
    long = ["frame,joint,x,y,z,visibility"]
    long += [
        f"{t},{n},{a:.3f},{b:.3f},{c:.3f},1"
        for t in range(3)
        for n, (a, b, c) in enumerate(writers.coco17(x)[t])
    ]
    bare = "\n".join(" ".join(f"{v:.3f}" for v in frame.ravel()) for frame in writers.mediapipe33(x)[:3])
    return [
        wide, wide.replace(b",", b";"), written(lambda path: writers.write_mediapipe_csv(path, x)),
        "\n".join(long).encode(), bare.encode(), b"x0,y0,z0\n1,2,3\n", b"a\n", b"",
    ]  # fmt: skip


def bvh_files() -> list[bytes]:
    """A whole body, and a skeleton of two joints."""
    small = (
        b"HIERARCHY\nROOT Hips\n{\nOFFSET 0 0 0\nCHANNELS 6 Xposition Yposition Zposition Zrotation "
        b"Xrotation Yrotation\nJOINT Head\n{\nOFFSET 0 9 0\nCHANNELS 3 Zrotation Xrotation Yrotation\n"
        b"End Site\n{\nOFFSET 0 1 0\n}\n}\n}\nMOTION\nFrames: 2\nFrame Time: 0.033\n"
        b"0 0 0 0 0 0 0 0 0\n0 1 0 0 0 90 0 0 0\n"
    )
    return [written(lambda path: writers.write_bvh(path, motion()[:2])), small]


def pku_files() -> list[bytes]:
    """Lines of 150 numbers."""
    return [written(lambda path: writers.write_pku(path, motion()[:3].round(3)))]


def pku_labels() -> list[bytes]:
    """class, first, last, confidence."""
    return [f"5,0,{FRAMES},2\n43,{FRAMES},{2 * FRAMES},1\n".encode(), b"1,0,5\n\n2 , 3 , 4 , 1\n"]
