"""One motion as the joint arrays of each skeleton: from NTU-25 (T, 25, 3).

A source joint that is an NTU joint is written as it is; one that NTU-25 does not have is put where it belongs
(an ear beside the head), so that readers are tested against anatomy and not against their own tables.
"""

from __future__ import annotations

import numpy as np

from skelrep.layout import JOINT_NAMES

N = {name: number for number, name in enumerate(JOINT_NAMES)}
SIDES = (("Left", "left", "L"), ("Right", "right", "R"))
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
            f"{word}_heel": x[:, N["Ankle" + side]] - 0.3 * (x[:, N["Foot" + side]] - x[:,
            N["Ankle" + side]]),
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
    eyes = [f"{side}_eye{part}" for side in ("left", "right") for part in ("_inner", "", "_outer")]
    names = ["nose", *eyes, "left_ear", "right_ear", "mouth_left", "mouth_right"]
    parts = (
        "shoulder",
        "elbow",
        "wrist",
        "pinky",
        "index",
        "thumb",
        "hip",
        "knee",
        "ankle",
        "heel",
        "foot_index",
    )
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


def rotation(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The shortest rotation that takes the direction `start` to `end` (Rodrigues)."""
    a, b = start / np.linalg.norm(start), end / np.linalg.norm(end)
    v, c = np.cross(a, b), float(a @ b)
    k = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.eye(3) + k + k @ k / (1 + c)
