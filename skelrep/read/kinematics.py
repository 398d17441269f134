"""Forward kinematics: from the channels of a hierarchy to the positions of its joints, all frames at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FRAMES_AT_ONCE = 4096  # bounds the memory of rotations: 3 x 3 numbers a joint and frame


def joint_positions(
    parents: Sequence[int],
    offsets: Sequence[tuple[float, float, float]],
    channels: Sequence[tuple[str, ...]],
    values: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Positions of joints in the world of the file.

    Position channels of a root are its place in the world, whatever its offset. A joint's rotation is the
    product of its channels in their order, so that the last one turns first.

    Args:
        parents: of each joint, -1 for a root; parents come before children.
        offsets: from the parent, in the unit of the file.
        channels: of each joint, ``"Xposition"`` to ``"Zrotation"``, in order; angles in degrees.
        values: (T, K), the channels of all joints one after another.

    Returns:
        float64 (T, V, 3).

    Example:
        >>> arm = [(0, 0, 0), (1, 0, 0)]
        >>> turned = joint_positions([-1, 0], arm, [("Zrotation",), ()], np.array([[90.0]]))
        >>> turned[0, 1].round(6).tolist()
        [0.0, 1.0, 0.0]
    """
    replaces = _positions_replace_offsets(offsets, channels, values)
    out = np.empty((len(values), len(parents), 3))
    for start in range(0, len(values), FRAMES_AT_ONCE):
        part = slice(start, start + FRAMES_AT_ONCE)
        out[part] = _positions(parents, offsets, channels, values[part], replaces)
    return out


def _positions(
    parents: Sequence[int],
    offsets: Sequence[tuple[float, float, float]],
    channels: Sequence[tuple[str, ...]],
    values: NDArray[np.float64],
    replaces: bool,
) -> NDArray[np.float64]:
    places: list[NDArray[np.float64]] = []
    turns: list[NDArray[np.float64]] = []
    column = 0
    for parent, offset, names in zip(parents, offsets, channels, strict=True):
        mine = values[:, column : column + len(names)]
        column += len(names)
        step = _translation(offset, names, mine, replaces or parent < 0)
        turn = _rotation(names, mine)
        if parent < 0:
            places.append(step)
            turns.append(turn)
        else:
            places.append(places[parent] + np.einsum("tij,tj->ti", turns[parent], step))
            turns.append(turns[parent] @ turn)
    return np.stack(places, axis=1)


def _rotation(names: tuple[str, ...], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T, 3, 3)."""
    turn = np.broadcast_to(np.eye(3), (len(values), 3, 3))
    for column, name in enumerate(names):
        if name.endswith("rotation"):
            turn = turn @ _about("XYZ".index(name[0]), np.deg2rad(values[:, column]))
    return turn


def _about(axis: int, angle: NDArray[np.float64]) -> NDArray[np.float64]:
    a, b = (axis + 1) % 3, (axis + 2) % 3
    turn = np.zeros((len(angle), 3, 3))
    turn[:, axis, axis] = 1
    turn[:, a, a] = turn[:, b, b] = np.cos(angle)
    turn[:, b, a] = np.sin(angle)
    turn[:, a, b] = -turn[:, b, a]
    return turn


def _translation(
    offset: tuple[float, float, float], names: tuple[str, ...], values: NDArray[np.float64], replaces: bool
) -> NDArray[np.float64]:
    step = np.tile(np.array(offset, dtype=np.float64), (len(values), 1))
    for column, name in enumerate(names):
        if name.endswith("position"):
            axis = "XYZ".index(name[0])
            step[:, axis] = values[:, column] + (0 if replaces else step[:, axis])
    return step


def _positions_replace_offsets(
    offsets: Sequence[tuple[float, float, float]],
    channels: Sequence[tuple[str, ...]],
    values: NDArray[np.float64],
) -> bool:
    """Programs disagree whether position channels of inner joints are added to the offset or replace it.

    Where they replace it, they are as long as the offsets; where they are added, they are near 0.
    """
    column, given, rest = 0, 0.0, 0.0
    for number, (offset, names) in enumerate(zip(offsets, channels, strict=True)):
        for name in names:
            if number and name.endswith("position"):
                given += float(np.abs(np.median(values[:, column])))
                rest += abs(offset["XYZ".index(name[0])])
            column += 1
    return given > rest / 2
