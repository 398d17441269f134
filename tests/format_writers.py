"""One motion, written as other programs would: the files of each format, from NTU-25 (T, 25, 3)."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from format_arrays import ARRAYS as ARRAYS
from format_arrays import N as N
from format_arrays import azure32, body25, mediapipe33, rotation
from format_arrays import coco17 as coco17
from format_arrays import h36m17 as h36m17
from format_arrays import kinect20 as kinect20
from format_arrays import smpl24 as smpl24
from format_bvh import write_bvh as write_bvh

from skelrep.layout import JOINT_NAMES


def landmark_results(x: np.ndarray) -> list[SimpleNamespace]:
    """MediaPipe results: objects with pose_world_landmarks, a list of people, each 33 objects."""
    return [
        SimpleNamespace(
            pose_world_landmarks=[[SimpleNamespace(x=p[0], y=p[1], z=p[2], visibility=0.9) for p in frame]]
        )
        for frame in mediapipe33(x)
    ]


def write_mediapipe_json(path: Path, x: np.ndarray) -> Path:
    frames = [
        [dict(zip("xyz", map(float, p), strict=True), visibility=0.9) for p in frame]
        for frame in mediapipe33(x)
    ]
    path.write_text(json.dumps({"frames": [{"poseWorldLandmarks": frame} for frame in frames]}))
    return path


def write_mediapipe_csv(path: Path, x: np.ndarray) -> Path:
    points = mediapipe33(x)
    header = ["frame"] + [f"{axis}{n}" for n in range(33) for axis in "xyz"]
    rows = [",".join([str(t), *map(repr, map(float, frame.ravel()))]) for t, frame in enumerate(points)]
    path.write_text("\n".join([",".join(header), *rows]))
    return path


def write_openpose(folder: Path, x: np.ndarray, *, three: bool = True) -> Path:
    """A JSON file a frame; in 3D, or in pixels of an image."""
    folder.mkdir()
    points = body25(x)
    for t, frame in enumerate(points if three else 400 + 300 * points[..., :2]):
        flat = np.concatenate([frame, np.full((25, 1), 0.8)], axis=1).ravel().tolist()
        key = "pose_keypoints_3d" if three else "pose_keypoints_2d"
        content = {"version": 1.3, "people": [{"person_id": [-1], key: flat}]}
        (folder / f"walk_{t:012d}_keypoints.json").write_text(json.dumps(content))
    return folder


def write_azure(path: Path, x: np.ndarray) -> Path:
    frames = [
        {"frame_id": t, "bodies": [{"body_id": 7, "joint_positions": f.tolist()}]}
        for t, f in enumerate(azure32(x))
    ]
    path.write_text(json.dumps({"frames": frames}))
    return path


def write_pyskl(path: Path, x: np.ndarray) -> Path:
    entry = {"frame_dir": "S001C001P001R001A013", "label": 12, "total_frames": len(x), "keypoint": x[None]}
    path.write_bytes(pickle.dumps({"split": {"train": ["S001C001P001R001A013"]}, "annotations": [entry]}))
    return path


def write_pku(path: Path, x: np.ndarray) -> Path:
    """Two copies one after another, and a label file that cuts them apart."""
    path.parent.mkdir(exist_ok=True)
    two = np.concatenate([x, x]).reshape(2 * len(x), 75)
    rows = np.concatenate([two, np.zeros_like(two)], axis=1)
    path.write_text("\n".join(" ".join(map(repr, map(float, row))) for row in rows))
    path.with_suffix(".label").write_text(f"5,0,{len(x)},2\n43,{len(x)},{2 * len(x)},1\n")
    return path


def write_agcn(path: Path, x: np.ndarray, frames: int = 300) -> Path:
    """Repeated to fill, centred on SpineMid, turned so that the spine is z and the shoulders x at first."""
    full = np.tile(x, (-(-frames // len(x)), 1, 1))[:frames]
    full = full - full[:, 1:2]
    for a, b, axis in ((0, 1, [0, 0, 1]), (4, 8, [1, 0, 0])):
        full = full @ rotation(full[0, b] - full[0, a], np.array(axis, dtype=float)).T
    data = np.zeros((1, 3, frames, 25, 2), dtype=np.float32)
    data[0, ..., 0] = full.transpose(2, 0, 1)
    np.save(path, data)
    return path


def write_csv(path: Path, x: np.ndarray) -> Path:
    """A row a frame, centimetres, joints by NTU names."""
    header = [f"{name}_{axis}" for name in JOINT_NAMES for axis in "xyz"]
    rows = [",".join(map(repr, map(float, row))) for row in 100 * x.reshape(len(x), 75)]
    path.write_text("\n".join([",".join(header), *rows]))
    return path


def every_format(folder: Path, x: np.ndarray) -> dict[str, tuple[object, dict[str, object]]]:
    """Name -> what `read_clips` takes, and its options: one motion in every format."""
    out: dict[str, tuple[object, dict[str, object]]] = {name: (make(x), {}) for name, make in ARRAYS.items()}
    out["body25"] = (body25(x), {"layout": "body25"})  # 25 joints are NTU's too
    out["ntu25 (T, 25, 3)"] = (x, {"layout": "ntu25"})
    files = {
        "mediapipe.json": write_mediapipe_json, "mediapipe.csv": write_mediapipe_csv,
        "azure.json": write_azure,
        "pyskl.pkl": write_pyskl, "0002-L.txt": write_pku, "val_data_joint.npy": write_agcn,
        "named.csv": write_csv,
        "mocap.bvh": write_bvh,
    }  # fmt: skip
    for name, write in files.items():
        (folder / name).mkdir()
        out[name] = (write(folder / name / name, x), {})
    out["landmark objects"] = (landmark_results(x), {})
    out["openpose"] = (write_openpose(folder / "openpose", x), {})
    return out
