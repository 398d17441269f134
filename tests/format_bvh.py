"""One motion as a BVH file, with a helper joint a bone that carries the bone's rotation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from format_arrays import rotation

from skelrep.layout import ANATOMY, ANATOMY_ORDER, JOINT_NAMES

FPS = 30.0
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
            lines.append(f"{pad}JOINT {name}\n{pad}{{\n{pad}\tOFFSET 0 {length:.9f} 0")
            lines.append(f"{pad}\tCHANNELS 3 {_rotations(order)}")
        for child in bones:
            if parents[child] == joint:
                write(child, depth + 1)
        lines.append(f"{pad}}}" if parents[joint] < 0 else f"{pad}}}\n{pad}}}")

    write(0, 0)
    channels = _channel_order(0, parents, bones)
    rows = [_bvh_row(100 * frame, channels, parents, order) for frame in x]
    head = "HIERARCHY\n" + "\n".join(lines) + f"\nMOTION\nFrames: {len(x)}\nFrame Time: {1 / FPS:.7f}\n"
    path.write_text(head + "\n".join(rows) + "\n")
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
        turn = rotation(np.array([0.0, 1.0, 1e-9]), frame[joint] - frame[parents[joint]])
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
