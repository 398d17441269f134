"""One motion, written as other programs would: from NTU-25 (T, 25, 3) to the arrays and files of each format.

A source joint that is an NTU joint is written as it is; one that NTU-25 does not have is put where it belongs
(an ear beside the head), so that readers are tested against anatomy and not against their own tables.
"""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from skelrep.layout import ANATOMY, ANATOMY_ORDER, JOINT_NAMES

N = {name: number for number, name in enumerate(JOINT_NAMES)}
SIDES = (("Left", "left", "L"), ("Right", "right", "R"))
FPS = 30.0
# Source name without its side -> NTU joint.
_LIMBS = {name: name for name in ("Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle")}


def to_camera(x: np.ndarray) -> np.ndarray:
    """Kinect axes to those of an image: x right, y down, z away. It is its own inverse."""
    return x * np.array([-1.0, -1.0, 1.0])


def to_z_up(x: np.ndarray) -> np.ndarray:
    """Kinect axes to a world with z up, by a rotation."""
    return np.stack([x[..., 0], -x[..., 2], x[..., 1]], axis=-1)


def head_parts(x: np.ndarray) -> dict[str, np.ndarray]:
    """Ears 8 cm beside the middle of the head, nose and eyes 10 cm before it."""
    across = x[:, N["ShoulderRight"]] - x[:, N["ShoulderLeft"]]
    right = across / np.linalg.norm(across, axis=1, keepdims=True)
    up = x[:, N["Head"]] - x[:, N["SpineShoulder"]]
    front = np.cross(up / np.linalg.norm(up, axis=1, keepdims=True), right)
    head = x[:, N["Head"]]
    return {
        "nose": head + 0.1 * front,
        "left_eye": head + 0.09 * front - 0.03 * right, "right_eye": head + 0.09 * front + 0.03 * right,
        "left_ear": head - 0.08 * right, "right_ear": head + 0.08 * right,
    }  # fmt: skip


def by_name(x: np.ndarray) -> dict[str, np.ndarray]:
    """Joints of COCO, MediaPipe and SMPL names, each (T, 3)."""
    out = head_parts(x)
    for side, word, _ in SIDES:
        out |= {f"{word}_{name.lower()}": x[:, N[name + side]] for name in _LIMBS}
        out |= {
            f"{word}_foot_index": x[:, N["Foot" + side]], f"{word}_foot": x[:, N["Foot" + side]],
            f"{word}_heel": x[:, N["Ankle" + side]] - 0.3 * (x[:, N["Foot" + side]] - x[:, N["Ankle" + side]]),
            f"{word}_index": x[:, N["HandTip" + side]], f"{word}_thumb": x[:, N["Thumb" + side]],
            f"{word}_pinky": 2 * x[:, N["Hand" + side]] - x[:, N["Thumb" + side]],
            f"{word}_hand": x[:, N["Hand" + side]],
            f"{word}_eye_inner": out[f"{word}_eye"], f"{word}_eye_outer": out[f"{word}_eye"],
            f"mouth_{word}": out[f"{word}_eye"] - [0, 0.05, 0],
            f"{word}_collar": (x[:, N["SpineShoulder"]] + x[:, N["Shoulder" + side]]) / 2,
        }  # fmt: skip
    base, mid, top = (x[:, N[name]] for name in ("SpineBase", "SpineMid", "SpineShoulder"))
    return out | {
        "pelvis": base, "spine1": (base + mid) / 2, "spine2": mid, "spine3": (mid + top) / 2, "neck": top,
        "head": x[:, N["Head"]],
    }  # fmt: skip


def coco17(x: np.ndarray) -> np.ndarray:
    """(T, 17, 3), metres, image axes."""
    names = ["nose", "left_eye", "right_eye", "left_ear", "right_ear"]
    names += [
        f"{s}_{j}" for j in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for s in ("left", "right")
    ]
    return to_camera(np.stack([by_name(x)[name] for name in names], axis=1))


def mediapipe33(x: np.ndarray) -> np.ndarray:
    """(T, 33, 3), metres about the middle of the hips, image axes."""
    face = "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer left_ear right_ear"
    names = [*face.split(), "mouth_left", "mouth_right"]
    parts = "shoulder elbow wrist pinky index thumb hip knee ankle heel foot_index".split()
    names += [f"{side}_{part}" for part in parts for side in ("left", "right")]
    points = to_camera(np.stack([by_name(x)[name] for name in names], axis=1))
    return points - (points[:, 23:24] + points[:, 24:25]) / 2


def _openpose(x: np.ndarray, middle_hip: bool, feet: bool) -> np.ndarray:
    out = by_name(x)
    names = ["nose", "neck"] + [f"{s}_{j}" for s in ("right", "left") for j in ("shoulder", "elbow", "wrist")]
    names += ["pelvis"] * middle_hip
    names += [f"{s}_{j}" for s in ("right", "left") for j in ("hip", "knee", "ankle")]
    names += ["right_eye", "left_eye", "right_ear", "left_ear"]
    if feet:
        names += [f"{s}_{j}" for s in ("left", "right") for j in ("foot_index", "foot_index", "heel")]
    return to_camera(np.stack([out[name] for name in names], axis=1))


def body25(x: np.ndarray) -> np.ndarray:
    """(T, 25, 3) of OpenPose, metres, image axes."""
    return _openpose(x, middle_hip=True, feet=True)


def coco18(x: np.ndarray) -> np.ndarray:
    """(T, 18, 3) of OpenPose, metres, image axes."""
    return _openpose(x, middle_hip=False, feet=False)


def h36m17(x: np.ndarray) -> np.ndarray:
    """(T, 17, 3), millimetres, z up."""
    names = (
        "SpineBase HipRight KneeRight AnkleRight HipLeft KneeLeft AnkleLeft SpineMid SpineShoulder Neck Head"
    )
    names += " ShoulderLeft ElbowLeft WristLeft ShoulderRight ElbowRight WristRight"
    return to_z_up(x[:, [N[name] for name in names.split()]]) * 1000


def azure32(x: np.ndarray) -> np.ndarray:
    """(T, 32, 3), millimetres, image axes."""
    out = by_name(x)
    columns = [x[:, N[name]] for name in ("SpineBase", "SpineMid", "SpineShoulder", "Neck")]
    for side, word, _ in SIDES:
        columns.append(out[f"{word}_collar"])
        columns += [
            x[:, N[name + side]] for name in ("Shoulder", "Elbow", "Wrist", "Hand", "HandTip", "Thumb")
        ]
    for side, _, _ in SIDES:
        columns += [x[:, N[name + side]] for name in ("Hip", "Knee", "Ankle", "Foot")]
    columns += [x[:, N["Head"]]] + [
        out[n] for n in ("nose", "left_eye", "left_ear", "right_eye", "right_ear")
    ]
    return to_camera(np.stack(columns, axis=1)) * 1000


def kinect20(x: np.ndarray) -> np.ndarray:
    """(T, 20, 3), metres, Kinect axes."""
    trunk = ["SpineBase", "SpineMid", "SpineShoulder", "Head"]
    limbs = [
        part + side
        for parts in (("Shoulder", "Elbow", "Wrist", "Hand"), ("Hip", "Knee", "Ankle", "Foot"))
        for side in ("Left", "Right")
        for part in parts
    ]
    return x[:, [N[name] for name in trunk + limbs]].copy()


def smpl24(x: np.ndarray) -> np.ndarray:
    """(T, 24, 3), metres, z up as in AMASS."""
    names = (
        "pelvis left_hip right_hip spine1 left_knee right_knee spine2 left_ankle right_ankle spine3 left_foot"
    )
    names += (
        " right_foot neck left_collar right_collar head left_shoulder right_shoulder left_elbow right_elbow"
    )
    names += " left_wrist right_wrist left_hand right_hand"
    return to_z_up(np.stack([by_name(x)[name] for name in names.split()], axis=1))


ARRAYS = {
    "coco17": coco17, "mediapipe33": mediapipe33, "body25": body25, "coco18": coco18, "h36m17": h36m17,
    "azure32": azure32, "kinect20": kinect20, "smpl24": smpl24,
}  # fmt: skip


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
        full = full @ _rotation(full[0, b] - full[0, a], np.array(axis, dtype=float)).T
    data = np.zeros((1, 3, frames, 25, 2), dtype=np.float32)
    data[0, ..., 0] = full.transpose(2, 0, 1)
    np.save(path, data)
    return path


def _rotation(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The shortest rotation that takes the direction `start` to `end` (Rodrigues)."""
    a, b = start / np.linalg.norm(start), end / np.linalg.norm(end)
    v, c = np.cross(a, b), float(a @ b)
    k = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.eye(3) + k + k @ k / (1 + c)


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
        "mediapipe.json": write_mediapipe_json, "mediapipe.csv": write_mediapipe_csv, "azure.json": write_azure,
        "pyskl.pkl": write_pyskl, "0002-L.txt": write_pku, "val_data_joint.npy": write_agcn, "named.csv": write_csv,
        "mocap.bvh": write_bvh,
    }  # fmt: skip
    for name, write in files.items():
        (folder / name).mkdir()
        out[name] = (write(folder / name / name, x), {})
    out["landmark objects"] = (landmark_results(x), {})
    out["openpose"] = (write_openpose(folder / "openpose", x), {})
    return out


_BVH_NAMES = {
    "SpineBase": "Hips", "SpineMid": "Spine1", "SpineShoulder": "Neck", "Neck": "Neck1", "Head": "Head",
    **{
        ntu + side: side + rig
        for side in ("Left", "Right")
        for ntu, rig in {
            "Shoulder": "Arm", "Elbow": "ForeArm", "Wrist": "Hand", "Hand": "HandMiddle1",
            "HandTip": "HandMiddle4", "Thumb": "HandThumb3", "Hip": "UpLeg", "Knee": "Leg", "Ankle": "Foot",
            "Foot": "ToeBase",
        }.items()
    },
}  # fmt: skip


def write_bvh(path: Path, x: np.ndarray, order: str = "ZXY") -> Path:
    """Centimetres, y up. Every joint has one child bone in a straight chain of rotations: a bone between two
    joints is turned by its parent alone, so that any motion can be written exactly, as stretching bones
    cannot; bone lengths are those of the first frame."""
    parents, lines = dict(enumerate(ANATOMY)), []
    rest = 100 * x[0]
    bones = [int(j) for j in ANATOMY_ORDER]

    def write(joint: int, depth: int) -> None:
        pad = "\t" * depth
        # A helper joint without offset a bone carries that bone's own rotation.
        if parents[joint] < 0:
            lines.append(f"ROOT {_BVH_NAMES[JOINT_NAMES[joint]]}\n{{\n\tOFFSET 0 0 0")
            lines.append("\tCHANNELS 6 Xposition Yposition Zposition " + _rotations(order))
        else:
            length = np.linalg.norm(rest[joint] - rest[parents[joint]])
            lines.append(
                f"{pad}JOINT turn{joint}\n{pad}{{\n{pad}\tOFFSET 0 0 0\n{pad}\tCHANNELS 3 {_rotations(order)}"
            )
            name = _BVH_NAMES[JOINT_NAMES[joint]]
            lines.append(
                f"{pad}JOINT {name}\n{pad}{{\n{pad}\tOFFSET 0 {length!r} 0\n{pad}\tCHANNELS 3 {_rotations(order)}"
            )
        for child in bones:
            if parents[child] == joint:
                write(child, depth + 1)
        lines.append(f"{pad}}}" if parents[joint] < 0 else f"{pad}}}\n{pad}}}")

    write(0, 0)
    channels = _channel_order(0, parents, bones)
    rows = [_bvh_row(100 * frame, channels, parents, order) for frame in x]
    head = "HIERARCHY\n" + "\n".join(lines) + f"\nMOTION\nFrames: {len(x)}\nFrame Time: {1 / FPS:.7f}\n"
    path.write_text(head.replace("np.float64(", "").replace(") 0\n", " 0\n") + "\n".join(rows) + "\n")
    return path


def _rotations(order: str) -> str:
    return " ".join(f"{axis}rotation" for axis in order)


def _channel_order(joint: int, parents: dict[int, int], bones: list[int]) -> list[int]:
    out = [joint]
    for child in bones:
        if parents[child] == joint:
            out += _channel_order(child, parents, bones)
    return out


def _bvh_row(frame: np.ndarray, channels: list[int], parents: dict[int, int], order: str) -> str:
    values = [*frame[0], 0.0, 0.0, 0.0]
    for joint in channels[1:]:
        turn = _rotation(np.array([0.0, 1.0, 1e-9]), frame[joint] - frame[parents[joint]])
        # The bone's turn, then the inverse so that children start from the world's axes again.
        values += [*_euler(turn, order), *_euler(turn.T, order)]
    return " ".join(f"{value:.9f}" for value in values)


def _euler(turn: np.ndarray, order: str) -> list[float]:
    """Degrees a, b, c with turn = R_order[0](a) R_order[1](b) R_order[2](c)."""
    i, j, k = ("XYZ".index(axis) for axis in order)
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    b = np.arcsin(np.clip(sign * turn[i, k], -1, 1))
    a = np.arctan2(-sign * turn[j, k], turn[k, k])
    c = np.arctan2(-sign * turn[i, j], turn[i, i])
    return np.rad2deg([a, b, c]).tolist()
