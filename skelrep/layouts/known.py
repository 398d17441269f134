"""The skeletons that files in the wild have, and their mapping to NTU-25.

Source: the projects' own documentation of their joint numbers; the mapping is docs/formats.md's.
"""

from __future__ import annotations

import difflib

from ..errors import ConfigError
from ..layout import JOINT_NAMES
from .record import Layout, Sources

CAMERA = "-x -y +z"  # x to the right of the image, y down, z away: cameras and pose estimators
ARM = ("Shoulder", "Elbow", "Wrist")
LEG = ("Hip", "Knee", "Ankle")


def _both_sides(template: dict[str, str], left: str, right: str) -> dict[str, Sources]:
    """`{side}` in the names of source joints becomes `left` or `right`."""
    return {
        f"{target}{side}": source.format(side=word)
        for side, word in (("Left", left), ("Right", right))
        for target, source in template.items()
    }


def _limbs(pattern: str) -> dict[str, str]:
    return {joint: pattern.format(joint=joint.lower(), Joint=joint, side="{side}") for joint in ARM + LEG}


NTU25 = Layout(name="ntu25", joints=JOINT_NAMES, mapping={name: name for name in JOINT_NAMES})

MEDIAPIPE33 = Layout(
    name="mediapipe33",
    joints=(
        "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye",
        "right_eye_outer", "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder",
        "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_pinky",
        "right_pinky", "left_index", "right_index", "left_thumb", "right_thumb", "left_hip", "right_hip",
        "left_knee", "right_knee", "left_ankle", "right_ankle", "left_heel", "right_heel",
        "left_foot_index", "right_foot_index",
    ),
    mapping=_both_sides(
        _limbs("{side}_{joint}")
        | {"HandTip": "{side}_index", "Thumb": "{side}_thumb", "Foot": "{side}_foot_index"},
        "left", "right",
    ) | {
        "Head": {"left_ear": 0.5, "right_ear": 0.5},
        "HandLeft": {"left_wrist": 1 / 3, "left_pinky": 1 / 3, "left_index": 1 / 3},
        "HandRight": {"right_wrist": 1 / 3, "right_pinky": 1 / 3, "right_index": 1 / 3},
    },
    axes=CAMERA,
)  # fmt: skip

COCO17 = Layout(
    name="coco17",
    joints=(
        "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
        "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee",
        "right_knee", "left_ankle", "right_ankle",
    ),
    mapping=_both_sides(_limbs("{side}_{joint}"), "left", "right")
    | {"Head": [{"left_ear": 0.5, "right_ear": 0.5}, "nose"]},
    axes="auto",
    unit=None,
    dims=2,
)  # fmt: skip

_OPENPOSE: dict[str, Sources] = _both_sides(_limbs("{side}{Joint}"), "L", "R") | {
    "SpineShoulder": ["Neck", {"LShoulder": 0.5, "RShoulder": 0.5}],
    "Head": [{"LEar": 0.5, "REar": 0.5}, "Nose"],
}
BODY25 = Layout(
    name="body25",
    joints=(
        "Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "MidHip", "RHip",
        "RKnee", "RAnkle", "LHip", "LKnee", "LAnkle", "REye", "LEye", "REar", "LEar", "LBigToe", "LSmallToe",
        "LHeel", "RBigToe", "RSmallToe", "RHeel",
    ),
    mapping=_OPENPOSE | {
        "SpineBase": ["MidHip", {"LHip": 0.5, "RHip": 0.5}],
        "FootLeft": ["LBigToe", "LAnkle"],
        "FootRight": ["RBigToe", "RAnkle"],
    },
    axes="auto",
    unit=None,
    dims=2,
)  # fmt: skip
COCO18 = Layout(
    name="coco18",
    joints=(
        "Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "RHip", "RKnee",
        "RAnkle", "LHip", "LKnee", "LAnkle", "REye", "LEye", "REar", "LEar",
    ),
    mapping=_OPENPOSE,
    axes="auto",
    unit=None,
    dims=2,
)  # fmt: skip

H36M17 = Layout(
    name="h36m17",
    joints=(
        "Hip", "RHip", "RKnee", "RFoot", "LHip", "LKnee", "LFoot", "Spine", "Thorax", "Neck", "Head",
        "LShoulder", "LElbow", "LWrist", "RShoulder", "RElbow", "RWrist",
    ),
    mapping=_both_sides(_limbs("{side}{Joint}") | {"Ankle": "{side}Foot"}, "L", "R")
    | {"SpineBase": "Hip", "SpineMid": "Spine", "SpineShoulder": "Thorax", "Neck": "Neck", "Head": "Head"},
    axes="auto",
    unit=None,
)  # fmt: skip

_AZURE_SIDE = ("Clavicle", "Shoulder", "Elbow", "Wrist", "Hand", "HandTip", "Thumb")
AZURE32 = Layout(
    name="azure32",
    joints=(
        "Pelvis", "SpineNavel", "SpineChest", "Neck", *(f"{name}Left" for name in _AZURE_SIDE),
        *(f"{name}Right" for name in _AZURE_SIDE), "HipLeft", "KneeLeft", "AnkleLeft", "FootLeft",
        "HipRight", "KneeRight", "AnkleRight", "FootRight", "Head", "Nose", "EyeLeft", "EarLeft", "EyeRight",
        "EarRight",
    ),
    mapping=_both_sides(
        {joint: f"{joint}{{side}}" for joint in (*ARM, "Hand", "HandTip", "Thumb", *LEG, "Foot")},
        "Left", "Right",
    ) | {
        "SpineBase": "Pelvis", "SpineMid": "SpineNavel", "SpineShoulder": "SpineChest", "Neck": "Neck",
        "Head": "Head",
    },
    axes=CAMERA,
    unit=0.001,
)  # fmt: skip

KINECT20 = Layout(
    name="kinect20",
    joints=(
        "HipCenter", "Spine", "ShoulderCenter", "Head", "ShoulderLeft", "ElbowLeft", "WristLeft", "HandLeft",
        "ShoulderRight", "ElbowRight", "WristRight", "HandRight", "HipLeft", "KneeLeft", "AnkleLeft",
        "FootLeft", "HipRight", "KneeRight", "AnkleRight", "FootRight",
    ),
    mapping=_both_sides(
        {joint: f"{joint}{{side}}" for joint in (*ARM, "Hand", *LEG, "Foot")}, "Left", "Right"
    ) | {"SpineBase": "HipCenter", "SpineMid": "Spine", "SpineShoulder": "ShoulderCenter", "Head": "Head"},
)  # fmt: skip

_SMPL = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle",
    "right_ankle", "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head",
    "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
)  # fmt: skip
_SMPL_MAPPING: dict[str, Sources] = _both_sides(
    _limbs("{side}_{joint}") | {"Foot": "{side}_foot"}, "left", "right"
) | {
    "SpineBase": "pelvis", "SpineMid": "spine2", "SpineShoulder": "neck", "Neck": {"neck": 0.5, "head": 0.5},
    "Head": "head",
}  # fmt: skip
SMPL24 = Layout(
    name="smpl24",
    joints=(*_SMPL, "left_hand", "right_hand"),
    mapping=_SMPL_MAPPING | {"HandLeft": "left_hand", "HandRight": "right_hand"},
    axes="auto",
)
SMPL22 = Layout(name="smpl22", joints=_SMPL, mapping=_SMPL_MAPPING, axes="auto")

LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        NTU25, MEDIAPIPE33, COCO17, COCO18, BODY25, H36M17, AZURE32, KINECT20, SMPL22, SMPL24,
    )
}  # fmt: skip


def find_layout(name: str | Layout) -> Layout:
    """The layout of a name; a `Layout` is its own.

    Raises:
        ConfigError: an unknown name, with the closest one.

    Example:
        >>> find_layout("coco17").joints[0]
        'nose'
    """
    if isinstance(name, Layout):
        return name
    if isinstance(name, str) and name in LAYOUTS:
        return LAYOUTS[name]
    close = difflib.get_close_matches(str(name), LAYOUTS, n=1, cutoff=0.4)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ConfigError(
        f"layout is {str(name)[:80]!r}; supported are 'auto', {', '.join(map(repr, LAYOUTS))}, or a "
        f"skelrep.Layout of your own.{hint}"
    )
