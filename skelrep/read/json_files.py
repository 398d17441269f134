"""JSON files of skeletons: which kind it is; Azure Kinect and plain lists of joints."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..clips import is_label
from ..errors import FormatError
from ..layouts import LAYOUTS, Layout
from .joint_arrays import find_array, looks_foreign, refuse_unknown
from .landmarks import find_landmarks, is_frame
from .openpose import clip_name, find_openpose, is_openpose_frame
from .raw import Found, RawClip, unseen_positions

POSITIONS = (
    "skeletons",
    "joints",
    "positions",
    "keypoints",
    "keypoints_3d",
    "joint_positions",
    "poses",
    "data",
)
NAMES = ("joint_names", "keypoint_names", "names")
MAX_BODIES = 20
EXPECTED = (
    "expected OpenPose people, MediaPipe landmarks, Azure Kinect bodies, or joints as lists (frames, joints, "
    "x y z), also under one of " + ", ".join(map(repr, POSITIONS))
)


def load_json(path: Path) -> object:
    """Parse a file.

    Raises:
        FormatError: not JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is not JSON ({str(error)[:80]}). Is the file whole?") from error


def read_json(path: Path, layout: Layout | None) -> Found:
    """Read one JSON file.

    Raises:
        FormatError: JSON of something else.
    """
    return find_content(load_json(path), layout, str(path), path.stem)


def read_openpose_folder(paths: Sequence[Path]) -> Found:
    """Read the files of one recording, a frame each."""
    frames = [(str(path), load_json(path)) for path in paths]
    name = clip_name(paths[0].stem)
    return find_openpose(
        frames, str(paths[0].parent), name if name != paths[0].stem else paths[0].parent.name
    )


def find_content(content: object, layout: Layout | None, where: str, stem: str) -> Found:
    """What parsed JSON, or the same as Python objects, holds; see `read_json`."""
    if is_openpose_frame(content):
        return find_openpose([(where, content)], where, stem)
    if _is_azure(content):
        return _azure(content, where, stem)
    if isinstance(content, Mapping) and isinstance(content.get("frames"), list):
        inner = content["frames"]
        if any(map(is_frame, inner)):
            return find_landmarks(inner, where, stem)
        return _plain(dict(content) | {"data": inner}, layout, where, stem)
    if isinstance(content, list) and any(map(is_openpose_frame, content)):
        return find_openpose([(f"{where}, frame {n}", frame) for n, frame in enumerate(content)], where, stem)
    if isinstance(content, list) and any(map(is_frame, content)):
        return find_landmarks(content, where, stem)
    if is_frame(content):
        return find_landmarks([content], where, stem)
    return _plain(content if isinstance(content, Mapping) else {"data": content}, layout, where, stem)


def _is_azure(content: object) -> bool:
    frames = content.get("frames") if isinstance(content, Mapping) else None
    return isinstance(frames, list) and any(isinstance(f, Mapping) and "bodies" in f for f in frames)


def _azure(content: Any, where: str, stem: str) -> Found:
    """Frames of bodies with ``joint_positions`` (32, 3) in millimetres, told apart by ``body_id``."""
    slots: dict[object, int] = {}
    layout = LAYOUTS["azure32"]
    frames = content["frames"]
    listed = [body for frame in frames for body in _bodies(frame)]
    room = max(1, min(len({_body_id(body) for body in listed}), MAX_BODIES))
    positions = unseen_positions((room, len(frames), len(layout.joints), 3), where)
    for number, frame in enumerate(frames):
        for body in _bodies(frame):
            joints = _numbers(_first(body, ("joint_positions", "joints")), f"{where}, frame {number}")
            if joints.shape != positions.shape[2:]:
                raise FormatError(
                    f"{where}, frame {number}: a body is {joints.shape}; expected 32 joints x, y, z."
                )
            slot = slots.setdefault(_body_id(body), len(slots))
            if slot < MAX_BODIES:
                positions[slot, number] = joints
    raw = RawClip(positions=positions, name=stem, fps=_fps(content))
    return Found(where=where, format="Azure Kinect JSON", raws=(raw,), layout=layout, only_coordinates=True)


def _bodies(frame: object) -> list[Any]:
    bodies = frame.get("bodies") if isinstance(frame, Mapping) else None
    return bodies if isinstance(bodies, list) else []


def _body_id(body: object) -> str:
    return str(_first(body, ("body_id", "id")))[:80]


def _plain(content: Mapping[Any, Any], layout: Layout | None, where: str, stem: str) -> Found:
    value = _first(content, POSITIONS)
    joints: tuple[str, ...] = ()
    if isinstance(value, list) and value and all(isinstance(frame, Mapping) for frame in value):
        joints, value = _named_frames(value, where)
    array = _numbers(value, where)
    names = _first(content, NAMES)
    if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
        joints = tuple(names)
    return find_named(array, joints, layout, where, stem, "JSON joints", content)


def find_named(
    array: NDArray[np.float64],
    joints: tuple[str, ...],
    layout: Layout | None,
    where: str,
    stem: str,
    kind: str,
    facts: Mapping[Any, Any],
) -> Found:
    """A recording (T, V, C) or (M, T, V, C) whose joints may have names."""
    label, fps = facts.get("label"), _fps(facts)
    known = int(label) if is_label(label) else None
    if joints and array.ndim in (3, 4) and array.shape[-2] == len(joints) and array.shape[-1] in (2, 3, 4):
        positions = array[None] if array.ndim == 3 else array
        raw = RawClip(positions=positions, name=stem, label=known, fps=fps)
        return Found(where=where, format=kind, raws=(raw,), joints=joints)
    if array.ndim == 3 and array.shape[1] == 25 and layout is None:
        raise FormatError(
            f"{where} has 25 joints, which NTU and OpenPose have. Pass layout='ntu25' or layout='body25'."
        )
    refuse_unknown(array.shape, layout, where)
    if not looks_foreign(array.shape, layout):
        raise FormatError(f"{where} holds an array {array.shape} of no known skeleton; {EXPECTED}.")
    found = find_array(array, layout, where, stem)
    raws = tuple(RawClip(positions=raw.positions, name=raw.name, label=known, fps=fps) for raw in found.raws)
    return Found(where=where, format=kind, raws=raws, layout=layout)


def _named_frames(frames: list[Any], where: str) -> tuple[tuple[str, ...], list[Any]]:
    """Frames that map joint names to x, y, z (a list, or a mapping with these keys)."""
    names = tuple(str(name) for name in frames[0])
    rows = []
    for number, frame in enumerate(frames):
        if tuple(map(str, frame)) != names:
            raise FormatError(f"{where}, frame {number} has other joints than frame 0.")
        rows.append(
            [[p.get(axis) for axis in "xyz"] if isinstance(p, Mapping) else p for p in frame.values()]
        )
    return names, rows


def _first(content: object, keys: Sequence[str]) -> Any:
    get: Callable[[str], Any] = content.get if isinstance(content, Mapping) else lambda _: None
    return next((value for key in keys if (value := get(key)) is not None), None)


def _fps(content: Mapping[Any, Any]) -> float | None:
    value = content.get("fps")
    return float(value) if isinstance(value, int | float) and 0 < value < 10_000 else None


def _numbers(value: object, where: str) -> NDArray[np.float64]:
    """Nested lists as an array; null is NaN."""
    if not isinstance(value, list | np.ndarray):
        raise FormatError(f"{where} holds no joints; {EXPECTED}.")
    try:
        return np.array(value, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise FormatError(
            f"{where}: lists of different lengths, or no numbers ({str(error)[:60]}); {EXPECTED}."
        ) from error
