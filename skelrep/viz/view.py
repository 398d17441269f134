"""From metres in space to metres on the page: one camera, which looks at a clip's first pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..clips import Clip
from ..errors import InvalidClipError
from ..layout import SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_BASE

FloatArray = NDArray[np.float64]

FOOT_JOINTS = [14, 15, 18, 19]
VIEW_AZIMUTH, VIEW_ELEVATION = 28.0, 8.0  # degrees: a little from the side and from above, to show depth
FLOOR_PERCENTILE = 2  # of the height of feet; below lies what a sensor got wrong


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Where a clip is looked at from, without perspective, so that lengths across the page are true.

    Attributes:
        origin: what stands at the middle of the page, metres (3,).
        turn: about the vertical, radians; the body then faces the viewer, a little aside.
        tilt: from above, radians.
        lift: added to the page's height, so that the feet stand at 0.
        floor: height of the floor over the origin, metres.
    """

    origin: FloatArray
    turn: float
    tilt: float
    lift: float = 0.0
    floor: float = 0.0

    def project(self, points: FloatArray) -> FloatArray:
        """Points (..., 3) in the clip's metres to (..., 2): metres to the right and up on the page."""
        x, y, z = np.moveaxis(points - self.origin, -1, 0)
        # Seen along +z with y up, the Kinect's x points to the left: the page's right is -x.
        right = -(x * np.cos(self.turn) + z * np.sin(self.turn))
        away = z * np.cos(self.turn) - x * np.sin(self.turn)
        return np.stack([right, y * np.cos(self.tilt) + away * np.sin(self.tilt) + self.lift], axis=-1)

    def on_floor(self, right_N: FloatArray, away_N: FloatArray) -> FloatArray:
        """Points of the floor by metres to the right and away from the viewer: (N, 2) on the page."""
        height = self.floor * np.cos(self.tilt) + np.asarray(away_N) * np.sin(self.tilt) + self.lift
        return np.stack([np.asarray(right_N, dtype=np.float64), height], axis=-1)


def body_points(clip: Clip) -> FloatArray:
    """Joints by body and frame: float64 (M, T, V, 3), metres; NaN where a body is absent.

    Raises:
        InvalidClipError: a clip without a body, or with NaN or infinity.
    """
    x_MTVC = clip.data.transpose(3, 1, 2, 0).astype(np.float64)
    if not np.isfinite(x_MTVC).all():
        raise InvalidClipError(
            f"clip {clip.name!r} has NaN or infinite coordinates, which cannot be drawn. Fill short gaps "
            "with read_clips(..., max_gap=10), or leave it out."
        )
    present_MT = (x_MTVC != 0).any(axis=(2, 3))
    if not present_MT.any():
        raise InvalidClipError(f"clip {clip.name!r} has no body in any frame; there is nothing to draw.")
    return np.where(present_MT[..., None, None], x_MTVC, np.nan)


def camera_for(x_MTVC: FloatArray) -> Camera:
    """The camera that shows a clip: the first body's first pose faces the viewer, a little aside.

    Args:
        x_MTVC: as `body_points` gives them.
    """
    first = x_MTVC[tuple(np.argwhere(~np.isnan(x_MTVC[:, :, 0, 0]))[0])]
    across = first[SHOULDER_RIGHT] - first[SHOULDER_LEFT]
    turn = float(np.arctan2(across[2], across[0]) + np.deg2rad(VIEW_AZIMUTH))
    level = Camera(origin=first[SPINE_BASE], turn=turn, tilt=float(np.deg2rad(VIEW_ELEVATION)))
    feet = x_MTVC[:, :, FOOT_JOINTS]
    lift = -float(np.nanpercentile(level.project(feet)[..., 1], FLOOR_PERCENTILE))
    floor = float(np.nanpercentile(feet[..., 1], FLOOR_PERCENTILE) - level.origin[1])
    return Camera(origin=level.origin, turn=turn, tilt=level.tilt, lift=lift, floor=floor)


def project(clip: Clip) -> FloatArray:
    """Turn a clip to the viewer and project it: the first body's first pose faces the viewer, a little aside.

    Returns:
        float64 (M, T, V, 2): metres to the right and up on the page. The lowest foot stands at 0, the first
        SpineBase at the middle. Absent bodies and frames are NaN.

    Raises:
        InvalidClipError: a clip without a body, or with NaN or infinity.
    """
    x_MTVC = body_points(clip)
    return camera_for(x_MTVC).project(x_MTVC)
