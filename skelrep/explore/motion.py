"""A clip as the atlas plays it: turned to the viewer, on the floor, ten poses a second.

Axes: T frames of the clip, S samples, M bodies, V joints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..clips import Clip
from ..errors import InvalidClipError
from ..layout import SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_BASE

FloatArray = NDArray[np.float64]

SAMPLES_PER_SECOND, MAX_SAMPLES = 10, 120
USUAL_FPS = 30.0  # of a clip that does not say
FOOT_JOINTS = [14, 15, 18, 19]


@dataclass(frozen=True, kw_only=True)
class Motion:
    """What is seen of a clip.

    Attributes:
        poses: float64 (S, M, V, 3), metres to the viewer's right, up, and away. Where a body is absent, its
            nearest pose in time.
        present: bool (S, M); every body is there at least once in the clip.
        seconds: between the first and the last sample.
    """

    poses: FloatArray
    present: NDArray[np.bool_]
    seconds: float


def sample_motion(clip: Clip) -> Motion:
    """Sample a clip evenly in time, by linear interpolation.

    Clips of more than 12 s get 120 samples, further apart. The first body's first pose faces the viewer,
    its SpineBase is in the middle, the lowest foot stands on 0.

    Raises:
        InvalidClipError: a clip without a body.

    Example:
        >>> from skelrep.demo import load_demo_clips
        >>> motion = sample_motion(load_demo_clips()[0])
        >>> motion.poses.shape, bool(motion.present.all()), motion.seconds
        ((25, 1, 25, 3), True, 2.4)
    """
    x_TMVC = clip.data.transpose(1, 3, 2, 0).astype(np.float64)
    present_TM = (x_TMVC != 0).any(axis=(2, 3))
    bodies = present_TM.any(axis=0)
    if not bodies.any():
        raise InvalidClipError(f"clip {clip.name!r} has no body in any frame; there is nothing to draw.")
    present_TM, x_TMVC = present_TM[:, bodies], x_TMVC[:, bodies]
    for body in range(x_TMVC.shape[1]):
        x_TMVC[:, body] = x_TMVC[_nearest_present(present_TM[:, body]), body]
    seconds = (len(x_TMVC) - 1) / (clip.fps or USUAL_FPS)
    at = np.linspace(0, len(x_TMVC) - 1, sample_count(seconds, len(x_TMVC)))
    return Motion(
        poses=face_viewer(_between_frames(x_TMVC, at)),
        present=present_TM[np.rint(at).astype(int)],
        seconds=seconds,
    )


def sample_count(seconds: float, frames: int) -> int:
    """How many samples a clip gets: no more than it has frames.

    Example:
        >>> sample_count(2.4, 73), sample_count(100.0, 3000), sample_count(0.0, 1)
        (25, 120, 1)
    """
    return min(frames, MAX_SAMPLES, max(2, round(min(seconds, MAX_SAMPLES) * SAMPLES_PER_SECOND) + 1))


def face_viewer(x_SMVC: FloatArray) -> FloatArray:
    """Turn poses about the vertical until the first one faces the viewer, and put them on the floor.

    Args:
        x_SMVC: x to the sensor's left, y up, z away from it, metres; every body in every pose.

    Returns:
        the same shape: to the viewer's right, up, away.
    """
    first_VC = x_SMVC[0, 0]
    x_SMVC = x_SMVC - first_VC[SPINE_BASE]
    across = first_VC[SHOULDER_RIGHT] - first_VC[SHOULDER_LEFT]
    turn = np.arctan2(across[2], across[0])
    x, y, z = np.moveaxis(x_SMVC, -1, 0)
    # Seen along +z with y up, the Kinect's x points to the left: the viewer's right is -x.
    right, away = -(x * np.cos(turn) + z * np.sin(turn)), z * np.cos(turn) - x * np.sin(turn)
    floor = np.percentile(y[:, :, FOOT_JOINTS], 2)
    return np.stack([right, y - floor, away], axis=-1)


def _nearest_present(present_T: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each frame the nearest frame, itself or another, that holds the body."""
    there = np.flatnonzero(present_T)
    frames = np.arange(len(present_T))
    after = np.searchsorted(there, frames).clip(max=len(there) - 1)
    before = (after - 1).clip(min=0)
    nearer = np.abs(there[before] - frames) <= np.abs(there[after] - frames)
    return np.where(nearer, there[before], there[after])


def _between_frames(x_TMVC: FloatArray, at: FloatArray) -> FloatArray:
    before = np.floor(at).astype(int)
    after = np.minimum(before + 1, len(x_TMVC) - 1)
    weight = (at - before)[:, None, None, None]
    return x_TMVC[before] * (1 - weight) + x_TMVC[after] * weight
