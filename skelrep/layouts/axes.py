"""Axes of other sources: reading ``"-x -y +z"``, and finding which way is up from the bodies themselves."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..layout import HEAD, SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_SHOULDER

AUTO = "auto"
IDENTITY = "+x +y +z"
HIP_LEFT, KNEE_LEFT, ANKLE_LEFT, FOOT_LEFT = 12, 13, 14, 15
HIP_RIGHT, KNEE_RIGHT, ANKLE_RIGHT, FOOT_RIGHT = 16, 17, 18, 19

# Up axis of the source to the rotation that makes it y; none of them mirrors the body.
_UPRIGHT = {
    "+y": IDENTITY, "-y": "-x -y +z", "+z": "+x +z -y", "-z": "+x -z +y", "+x": "-y +x +z", "-x": "+y -x +z",
}  # fmt: skip
MIN_UPRIGHT = 0.6  # mean component of the body's direction along the axis that is taken for up
MIN_MIRRORED = 0.3  # as much of the feet or knees must point backwards before a body counts as mirrored


def parse_axes(text: object, where: str = "axes") -> NDArray[np.float64]:
    """The matrix (3, 3) that takes source coordinates to x, y, z.

    Raises:
        ConfigError: not three different signed axes.

    Example:
        >>> parse_axes("+x +z -y").tolist()
        [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]
    """
    parts = text.split() if isinstance(text, str) else []
    good = [part for part in parts if re.fullmatch("[+-][xyz]", part)]
    if len(good) != 3 or len(parts) != 3 or len({part[1] for part in good}) != 3:
        raise ConfigError(
            f"{where}: axes is {text!r}; expected three signed axes, such as '-x -y +z', or 'auto'."
        )
    matrix = np.zeros((3, 3))
    for row, part in enumerate(good):
        matrix[row, "xyz".index(part[1])] = 1.0 if part[0] == "+" else -1.0
    return matrix


def find_axes(poses_TVC: NDArray[np.float64]) -> tuple[str, str | None]:
    """Which way is up in NTU-25 bodies of unknown axes.

    Args:
        poses_TVC: (T, 25, 3), in the axes of the source.

    Returns:
        axes for `parse_axes`, and a note when no axis is clearly up (the axes are kept then).
    """
    feet = (poses_TVC[:, ANKLE_LEFT] + poses_TVC[:, ANKLE_RIGHT]) / 2
    up = (poses_TVC[:, HEAD] + poses_TVC[:, SPINE_SHOULDER]) / 2 - feet
    mean = _unit(up).mean(axis=0) if len(up) else np.zeros(3)
    axis = int(np.abs(mean).argmax())
    if abs(mean[axis]) < MIN_UPRIGHT:
        return IDENTITY, "no axis is clearly up: axes kept. Pass a layout with axes=... if y is not up"
    return _UPRIGHT[("+" if mean[axis] > 0 else "-") + "xyz"[axis]], None


def looks_mirrored(poses_TVC: NDArray[np.float64], feet_measured: bool) -> bool:
    """Whether left and right are swapped, or the axes left-handed: feet (or knees) then point backwards.

    Args:
        poses_TVC: (T, 25, 3), y up.
        feet_measured: the feet are not copies of the ankles.
    """
    if not len(poses_TVC):
        return False
    across = (
        poses_TVC[:, HIP_RIGHT] - poses_TVC[:, HIP_LEFT]
        + poses_TVC[:, SHOULDER_RIGHT] - poses_TVC[:, SHOULDER_LEFT]
    )  # fmt: skip
    forward = _unit(np.cross(poses_TVC[:, SPINE_SHOULDER] - poses_TVC[:, 0], across))
    evidence: NDArray[np.float64]
    if feet_measured:
        evidence = (
            poses_TVC[:, FOOT_LEFT] - poses_TVC[:, ANKLE_LEFT]
            + poses_TVC[:, FOOT_RIGHT] - poses_TVC[:, ANKLE_RIGHT]
        )  # fmt: skip
    else:
        left, right = ((HIP_LEFT, KNEE_LEFT, ANKLE_LEFT), (HIP_RIGHT, KNEE_RIGHT, ANKLE_RIGHT))
        evidence = _bend(poses_TVC, left) + _bend(poses_TVC, right)
    size = np.linalg.norm(evidence, axis=1).mean()
    return bool(size > 0 and (evidence * forward).sum(axis=1).mean() < -MIN_MIRRORED * size)


def _bend(poses_TVC: NDArray[np.float64], leg: tuple[int, int, int]) -> NDArray[np.float64]:
    """How far a knee is from the line of its hip and ankle."""
    hip, knee, ankle = leg
    return poses_TVC[:, knee] - (poses_TVC[:, hip] + poses_TVC[:, ankle]) / 2


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: NDArray[np.float64] = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    return unit
