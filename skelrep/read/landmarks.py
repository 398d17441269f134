"""MediaPipe poses: result objects, lists of landmark objects, and the same as JSON mappings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..layouts import LAYOUTS
from ..record import short
from .raw import Found, RawClip, unseen_positions

COUNT = 33
MAX_PEOPLE = 20
# In the order of preference: metres about the hips first, then shares of the image.
WORLD = ("pose_world_landmarks", "poseWorldLandmarks", "worldLandmarks", "world_landmarks")
IMAGE = ("pose_landmarks", "poseLandmarks", "landmarks", "landmark", "keypoints")
NORMALISED = (
    "landmarks are shares of the image, not metres: depth and width are distorted. Use pose_world_landmarks"
)


def is_frame(item: object) -> bool:
    """Whether an object is what `frame_bodies` takes."""
    return next(_bodies(item), None) is not None


def find_landmarks(frames: Sequence[object], where: str, stem: str) -> Found:
    """The recording of a sequence of frames.

    Args:
        frames: each a MediaPipe result, a list of 33 landmarks with x, y, z (objects or mappings), a list of
            such lists (several people), or None or empty where nobody was found.
        where, stem: for errors, and the name of the clip.

    Raises:
        FormatError: something else than 33 landmarks.
    """
    bodies = [[_points(body, f"{where}, frame {n}") for body in _bodies(f)] for n, f in enumerate(frames)]
    people = min(max(map(len, bodies), default=0), MAX_PEOPLE)
    if not people:
        raise FormatError(f"{where} holds no frame with 33 landmarks that have x, y and z.")
    positions = unseen_positions((people, len(frames), COUNT, 4), where)
    for frame, found in enumerate(bodies):
        for person, points in enumerate(found[:people]):
            positions[person, frame] = points
    raw = RawClip(positions=positions, name=stem)
    return Found(where=where, format="MediaPipe landmarks", raws=(raw,), layout=LAYOUTS["mediapipe33"])


def distortion(positions: NDArray[np.float64]) -> str | None:
    """A note when landmarks (..., 33, 3) are those of the image: world landmarks have the hips as origin."""
    hips = np.abs(positions[..., 23, :2] + positions[..., 24, :2]) / 2
    seen = hips[np.isfinite(hips)]
    return NORMALISED if seen.size and np.median(seen) > 0.1 else None


def _bodies(frame: object) -> Iterator[Sequence[object]]:
    """The bodies of a frame, each a sequence of landmarks."""
    if frame is None or isinstance(frame, str | bytes | np.ndarray):
        return
    for name in WORLD + IMAGE:
        inner = _get(frame, name)
        if inner is not None:
            yield from _bodies(inner)
            return
    if not isinstance(frame, Sequence) or not len(frame):
        return
    if _is_point(frame[0]):
        yield frame
    elif not isinstance(frame[0], str):
        for body in frame:
            # One level: a list of people, none of whom is a list of people.
            inner = _get(body, "landmark") if _get(body, "landmark") is not None else body
            if isinstance(inner, Sequence) and len(inner) and _is_point(inner[0]):
                yield inner


def _points(body: Sequence[object], where: str) -> NDArray[np.float64]:
    """(33, 4): x, y, z and 1, or 0 where a landmark has the visibility 0."""
    if len(body) != COUNT:
        raise FormatError(f"{where} has {len(body)} landmarks; expected the 33 of a MediaPipe pose.")
    rows = []
    for number, point in enumerate(body):
        seen = _get(point, "visibility")
        values = [_get(point, axis) for axis in "xyz"] + [1.0 if seen is None else seen]
        if not all(isinstance(v, int | float | np.floating) for v in values):
            raise FormatError(
                f"{where}, landmark {number}: x, y, z are {short(values[:3])}; expected numbers."
            )
        rows.append(values)
    try:
        return np.array(rows, dtype=np.float64)
    except OverflowError as error:
        raise FormatError(f"{where} holds an integer that is no coordinate.") from error


def _is_point(item: object) -> bool:
    return all(_get(item, axis) is not None for axis in "xyz")


def _get(item: object, name: str) -> Any:
    return item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)
