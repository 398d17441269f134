"""Arrays of 2s-AGCN: the repeats that fill 300 frames cut off, and the z axis, which is up, made y again.

What stays lost: the place of the bodies (SpineMid of body 0 is the origin in every frame) and the tilt of the
trunk in the first frame, which is turned upright.

Source: Shi et al., CVPR 2019, and the behaviour of its published preparation script.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..clips import Clip
from ..layout import SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_BASE
from ..layouts.axes import parse_axes

SPINE_MID = 1
ALONG_X = 0.02  # of the shoulders' width, off the axis: the published script turns them last, and exactly
Z_UP = "+x +z -y"
TOLERANCE = 1e-5  # metres: repeats are copies, but a file may have been stored in lower precision
NOTE = (
    "an array of 2s-AGCN: repeats cut off, z up turned to y up; the place of the bodies and the tilt of the "
    "first pose are lost"
)


def is_agcn(clips: Sequence[Clip]) -> bool:
    """Whether SpineMid of body 0 is the origin in every frame, and the first is turned as published:
    shoulders along x, SpineBase below on z."""
    if not clips or any(clip.data[:, :, SPINE_MID, 0].any() for clip in clips):
        return False
    first = np.stack([clip.data[:, 0, :, 0] for clip in clips])
    right = first[:, :, SHOULDER_RIGHT] - first[:, :, SHOULDER_LEFT]
    across = np.abs(right[:, 1:]).max(axis=1) <= ALONG_X * right[:, 0]
    below = np.abs(first[:, :2, SPINE_BASE]).max(axis=1) <= -first[:, 2, SPINE_BASE]
    return bool((across & below & (right[:, 0] > 0)).mean() > 0.5)


def undo_agcn(clips: Sequence[Clip]) -> list[Clip]:
    """Trim and turn every clip."""
    matrix = parse_axes(Z_UP).astype(np.float32)
    turned = []
    for clip in clips:
        data = clip.data[:, : find_period(clip.data)]
        turned.append(
            dataclasses.replace(clip, data=np.ascontiguousarray(np.einsum("dc,ctvm->dtvm", matrix, data)))
        )
    return turned


def find_period(data_CTVM: NDArray[np.float32]) -> int:
    """The shortest length that body 0 repeats to the end; the number of frames when there is none.

    Example:
        >>> step = np.random.default_rng(0).normal(size=(3, 7, 25, 1)).astype("float32")
        >>> find_period(np.tile(step, (1, 4, 1, 1))[:, :24])
        7
    """
    body = data_CTVM[..., 0].transpose(1, 0, 2)
    same = np.abs(body - body[0]).max(axis=(1, 2)) <= TOLERANCE
    for period in np.flatnonzero(same)[1:].tolist():
        if np.abs(body[period:] - body[:-period]).max() <= TOLERANCE:
            return int(period)
    return len(body)
