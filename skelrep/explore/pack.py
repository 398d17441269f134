"""Motions in few bytes, which the page unpacks when a clip is looked at.

A pose is kept as its bones: one signed byte a number, each measured from where the reader will find the joint
before, so that errors do not add up along the body. Tracks run through time, as differences, and are
deflated by the shelf: clips that lie near one another on the map lie on one shelf. `web/motion.js` reads it.

Axes: S samples, M bodies, V joints.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..layout import ANATOMY, ANATOMY_ORDER
from .motion import FloatArray, Motion

CLIPS_A_SHELF = 32
FINEST_STEP = 1e-4  # metres
LARGEST_BONE, LARGEST_PATH = 126, 32_000  # steps: half a step of rounding must still fit
BITS = 16


@dataclass(frozen=True, kw_only=True)
class Shelves:
    """The motions of all clips.

    Attributes:
        order: int64 (N,), clip numbers as they stand on the shelves, `CLIPS_A_SHELF` on each but the last.
        samples, bodies: int64 (N,), of each clip, by clip number.
        steps: float32 (N,), metres a unit of its numbers.
        seconds: float32 (N,), its length.
        shelves: deflated bytes of each shelf.
    """

    order: NDArray[np.int64]
    samples: NDArray[np.int64]
    bodies: NDArray[np.int64]
    steps: NDArray[np.float32]
    seconds: NDArray[np.float32]
    shelves: list[bytes]


def pack_motions(motions: Sequence[Motion], places_N2: FloatArray) -> Shelves:
    """Pack motions for the page.

    Args:
        motions: of every clip.
        places_N2: of every clip on the map, in [0, 1].
    """
    order = np.argsort(curve_numbers(places_N2), kind="stable")
    packed = [pack_motion(motion) for motion in motions]
    shelves = [
        zlib.compress(b"".join(packed[n][1] for n in order[start : start + CLIPS_A_SHELF]), 9)
        for start in range(0, len(order), CLIPS_A_SHELF)
    ]
    return Shelves(
        order=order,
        samples=np.array([len(motion.poses) for motion in motions], dtype=np.int64),
        bodies=np.array([motion.poses.shape[1] for motion in motions], dtype=np.int64),
        steps=np.array([step for step, _ in packed], dtype=np.float32),
        seconds=np.array([motion.seconds for motion in motions], dtype=np.float32),
        shelves=shelves,
    )


def pack_motion(motion: Motion) -> tuple[float, bytes]:
    """One motion as bytes.

    Returns:
        metres a step, and for each body 79 tracks of S bytes: whether it is there; SpineBase's right, up and
        away, low bytes then high bytes; three of each bone, in `ANATOMY_ORDER`.
    """
    joints = motion.poses
    step = _step(joints)
    path_SM3 = np.rint(joints[:, :, ANATOMY_ORDER[0]] / step)
    found = np.empty_like(joints)  # what the reader will find
    found[:, :, ANATOMY_ORDER[0]] = path_SM3 * step
    bones = []
    for joint in ANATOMY_ORDER[1:]:
        parent = found[:, :, ANATOMY[joint]]
        bone = np.rint((joints[:, :, joint] - parent) / step).clip(-127, 127)
        found[:, :, joint] = parent + bone * step
        bones.append(bone)
    bones_SMB = np.concatenate(bones, axis=-1)
    path = _differences(path_SM3).astype(np.int64).astype(np.uint16)
    tracks = np.concatenate(
        [
            motion.present[..., None].astype(np.uint8),
            (path & 0xFF).astype(np.uint8),
            (path >> 8).astype(np.uint8),
            _differences(bones_SMB).astype(np.int64).astype(np.uint8),
        ],
        axis=-1,
    )
    return step, tracks.transpose(1, 2, 0).tobytes()


def curve_numbers(places_N2: FloatArray) -> NDArray[np.uint64]:
    """How far along a Z-order curve each place lies: near numbers are near places.

    Example:
        >>> curve_numbers(np.array([[0, 0], [1, 1], [1, 0]])).argsort().tolist()
        [0, 2, 1]
    """
    cells = np.rint(places_N2 * (2**BITS - 1)).astype(np.uint64)
    numbers = np.zeros(len(cells), dtype=np.uint64)
    for bit in range(BITS):
        for axis in (0, 1):
            digit = (cells[:, axis] >> np.uint64(bit)) & np.uint64(1)
            numbers |= digit << np.uint64(2 * bit + axis)
    return numbers


def _step(joints_SMVC: FloatArray) -> float:
    """Metres a unit: as fine as the longest bone and the longest path allow."""
    bones = (
        joints_SMVC[:, :, list(ANATOMY_ORDER[1:])]
        - joints_SMVC[:, :, [ANATOMY[j] for j in ANATOMY_ORDER[1:]]]
    )
    path = joints_SMVC[:, :, ANATOMY_ORDER[0]]
    needed = max(np.abs(bones).max() / LARGEST_BONE, np.abs(path).max() / LARGEST_PATH, FINEST_STEP)
    return float(np.float32(needed))


def _differences(x: FloatArray) -> FloatArray:
    return np.diff(x, axis=0, prepend=0)
