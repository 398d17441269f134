"""OpenPose: one JSON file a frame, the people of a frame in no order; they are told apart by their place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..layouts import LAYOUTS
from .raw import Found, RawClip, unseen_positions

LAYOUT_OF = {25: "body25", 18: "coco18", 17: "coco17"}
MAX_PEOPLE = 20  # slots; people beyond them in a frame are left out
MAX_NUMBER = 1e12  # of a coordinate, in whatever unit: distances are squared
JUMP = 0.5  # of a body's height that its middle may move from frame to frame and still be the same person
_FRAME_NAME = re.compile(r"(.*?)_?\d{4,}(?:_keypoints)?")
Body = NDArray[np.float64]


def is_openpose_frame(content: object) -> bool:
    """Whether JSON is one frame of OpenPose."""
    return isinstance(content, Mapping) and isinstance(content.get("people"), list)


def clip_name(stem: str) -> str:
    """The name of a recording, from that of one of its frames.

    Example:
        >>> clip_name("walk_000000000012_keypoints")
        'walk'
    """
    match = _FRAME_NAME.fullmatch(stem)
    return match[1] if match and match[1] else stem


def find_openpose(frames: Sequence[tuple[str, object]], where: str, stem: str) -> Found:
    """The recording of the frames of OpenPose, in their order.

    Args:
        frames: where each comes from, and its content.
        where, stem: for errors, and the name of the clip.

    Raises:
        FormatError: keypoints of an unknown number, or nobody in any frame.
    """
    bodies = [_frame(content, place) for place, content in frames]
    shapes = {body.shape for frame in bodies for body in frame}
    if len(shapes) != 1:
        what = "hold nobody" if not shapes else f"mix bodies of {sorted(shapes)} (joints, columns)"
        raise FormatError(f"{where}: its {len(frames)} frames {what}.")
    ((joints, columns),) = shapes
    if joints not in LAYOUT_OF:
        raise FormatError(
            f"{where} has bodies of {joints} keypoints; OpenPose has 25 (BODY_25) or 18 (COCO)."
        )
    slots = min(MAX_PEOPLE, sum(map(len, bodies)))
    positions = unseen_positions((slots, len(frames), joints, columns), where)
    last: dict[int, Body] = {}
    for number, found in enumerate(bodies):
        for slot, body in match_people(last, found).items():
            positions[slot, number] = last[slot] = body
    raw = RawClip(positions=_hidden(positions[: len(last)]), name=stem)
    layout = LAYOUTS[LAYOUT_OF[joints]]
    return Found(where=where, format="OpenPose JSON", raws=(raw,), layout=layout, only_coordinates=True)


def match_people(last: Mapping[int, Body], found: Sequence[Body]) -> dict[int, Body]:
    """Give each body the slot of the nearest person seen before, nearest pairs first; strangers get new
    slots."""
    pairs = sorted(
        (distance, slot, n)
        for n, body in enumerate(found)
        for slot, person in last.items()
        if (distance := _distance(person, body)) < JUMP
    )
    slots: dict[int, Body] = {}
    given: set[int] = set()
    for _, slot, n in pairs:
        if slot not in slots and n not in given:
            slots[slot] = found[n]
            given.add(n)
    free = (slot for slot in range(MAX_PEOPLE) if slot not in last and slot not in slots)
    strangers = [body for n, body in enumerate(found) if n not in given]
    return slots | dict(zip(free, strangers, strict=False))


def _distance(before: Body, after: Body) -> float:
    """Between the middles of two bodies, in heights of the first."""
    a, b = (body[body[:, -1] > 0, :-1] for body in (before, after))
    height = float(np.ptp(a, axis=0).max())
    return float(np.linalg.norm(np.median(a, axis=0) - np.median(b, axis=0))) / max(height, 1e-9)


def _frame(content: object, where: str) -> list[Body]:
    if not isinstance(content, Mapping) or not isinstance(content.get("people"), list):
        raise FormatError(f"{where} is no frame of OpenPose: expected a list 'people'.")
    bodies = [
        _person(person, f"{where}, person {n}") for n, person in enumerate(content["people"][:MAX_PEOPLE])
    ]
    return [body for body in bodies if body is not None and (body[:, -1] > 0).any()]


def _person(person: object, where: str) -> Body | None:
    """(V, C + 1), the last column a confidence; None for a person without a body."""
    kinds = (("pose_keypoints_3d", 4), ("pose_keypoints_2d", 3), ("pose_keypoints", 3))
    given = [kind for kind in kinds if isinstance(person, Mapping) and person.get(kind[0])]
    if not given:
        return None
    key, columns = given[0]
    flat = person[key]  # type: ignore[index]
    if not isinstance(flat, list) or len(flat) % columns or not all(isinstance(v, int | float) for v in flat):
        raise FormatError(f"{where}: {key} is no list of {columns} numbers a joint.")
    try:
        body = np.nan_to_num(np.array(flat, dtype=np.float64).reshape(-1, columns), nan=0.0)
    except OverflowError as error:
        raise FormatError(f"{where}: {key} holds an integer that is no coordinate.") from error
    if not (np.abs(body) < MAX_NUMBER).all():
        raise FormatError(f"{where}: {key} holds a number of {MAX_NUMBER:g} or more, which is no coordinate.")
    return body


def _hidden(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the confidence, NaN where it is 0."""
    return np.where(positions[..., -1:] > 0, positions[..., :-1], np.nan)
