"""Joint names of rigs and trackers: which of them is which NTU-25 joint.

A name is cut into its side and its core: ``mixamorig:LeftUpLeg``, ``lThigh``, ``Bip01 L Thigh`` and
``hip_l`` all are a left thigh. Cores are searched in order, so that a rig's arm, not its collar, is the
shoulder. A joint of a BVH file is where its bone begins; ``_end`` is the tip of the last bone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_PREFIX = re.compile(
    r"^(?:.*[:|]|mixamorig\d*_?|bip0*1?[ _]|character\d*_|(?:def|org|jnt|joint|skel|actor\d*)[-_.](?=\w{3}))",
    re.IGNORECASE,
)
_TOKENS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_SIDES = {"left": "Left", "l": "Left", "right": "Right", "r": "Right"}

_TRUNK: dict[str, tuple[str, ...]] = {
    "SpineBase": ("spinebase", "hips", "pelvis", "midhip", "hipcenter", "hipcentre", "hip", "root"),
    "SpineShoulder": (
        "spineshoulder", "shouldercenter", "shouldercentre", "neckbase", "neck", "neck1", "lowerneck",
        "thorax",
    ),
    "SpineMid": (
        "spinemid", "spinenavel", "navel", "spine1", "spine01", "chest", "spine2", "torso", "abdomen",
        "spine",
    ),
    "Neck": ("neck", "neck1", "neck2", "upperneck"),
    "Head": ("head", "skull", "face", "nose"),
}  # fmt: skip
_SIDED: dict[str, tuple[str, ...]] = {
    "Shoulder": ("upperarm", "uparm", "arm", "shldr", "humerus", "shoulder"),
    "Elbow": ("elbow", "forearm", "lowerarm", "lowarm", "radius"),
    "Wrist": ("wrist", "hand", "forearmend", "lowerarmend", "lowarmend"),
    "HandTip": (
       "handtip", "handmiddle4", "handmiddle3", "middle4", "middle3", "fingertip", "handindex4",
        "handindex1end", "handend", "wristend",
    ),
    "Hand": ("hand", "handmiddle1", "middle1", "palm", "fingerbase"),
    "Thumb": ("thumbend", "handthumb4", "thumb", "handthumb3", "handthumb2", "thumb3", "thumb2"),
    "Hip": ("upleg", "upperleg", "thigh", "femur", "hip", "hipjoint"),
    "Knee": ("knee", "lowleg", "lowerleg", "leg", "shin", "calf", "tibia"),
    "Ankle": ("ankle", "foot", "shinend", "calfend", "lowerlegend"),
    "Foot": ("toebase", "toes", "toe", "bigtoe", "toe0", "ball", "footindex", "foot", "footend", "ankleend"),
}  # fmt: skip
_CORES = frozenset(core for cores in _SIDED.values() for core in cores)
HEAD_TIP = 0.5  # the Kinect's head is the middle of the skull; a rig's is its base, and its tip the crown


def match_names(names: Sequence[str]) -> dict[str, str | Mapping[str, float]]:
    """NTU joint name to source joint, for every name that is understood.

    Example:
        >>> match_names(["Hips", "LeftUpLeg", "LeftLeg", "LeftFoot", "LeftToeBase"])["FootLeft"]
        'LeftToeBase'
    """
    found: dict[tuple[str, str], str] = {}
    for name in names:
        found.setdefault(split_name(name), name)
    used: set[str] = set()
    mapping: dict[str, str | Mapping[str, float]] = {}
    for target, cores in _TRUNK.items():
        _take(mapping, used, target, [found.get(("", core)) for core in cores])
    for side in ("Left", "Right"):
        for target, cores in _SIDED.items():
            _take(mapping, used, target + side, [found.get((side, core)) for core in cores])
    _head_with_tip(mapping, found)
    return mapping


def split_name(name: str) -> tuple[str, str]:
    """Side (``"Left"``, ``"Right"`` or none) and core of a joint name.

    Example:
        >>> split_name("mixamorig:LeftUpLeg"), split_name("Bip01 R Thigh"), split_name("hip_l")
        (('Left', 'upleg'), ('Right', 'thigh'), ('Left', 'hip'))
    """
    bare = _PREFIX.sub("", name.strip()[:200])
    tokens = [token.lower() for token in _TOKENS.findall(bare)]
    sides = [_SIDES[token] for token in tokens if token in _SIDES]
    core = "".join(token for token in tokens if token not in _SIDES)
    if sides:
        return sides[0], core
    for word, side in _SIDES.items():
        if core.startswith(word) and core[len(word) :] in _CORES:
            return side, core[len(word) :]
    return "", core


def _take(
    mapping: dict[str, str | Mapping[str, float]], used: set[str], target: str, candidates: list[str | None]
) -> None:
    for name in candidates:
        if name is not None and name not in used:
            mapping[target] = name
            used.add(name)
            return


def _head_with_tip(
    mapping: dict[str, str | Mapping[str, float]], found: Mapping[tuple[str, str], str]
) -> None:
    """The middle between the base of the skull and the crown, where a rig has both."""
    head = mapping.get("Head")
    tips = (found.get(("", core)) for core in ("headend", "headtop", "headtopend", "headnub", "endsitehead"))
    tip = next((name for name in tips if name), None)
    if isinstance(head, str) and tip is not None:
        mapping["Head"] = {head: 1 - HEAD_TIP, tip: HEAD_TIP}
