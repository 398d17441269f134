"""CSV files of joints: a row a frame with columns such as ``nose_x``, or a row a joint and frame."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..layouts import Layout
from .json_files import find_named
from .raw import MAX_NUMBERS, Found, hide_unseen, unseen_positions

_AXES = {
    "x": 0,
    "y": 1,
    "z": 2,
    "visibility": 3,
    "confidence": 3,
    "score": 3,
    "conf": 3,
    "vis": 3,
    "v": 3,
    "c": 3,
}
_AXIS = "|".join(sorted(_AXES, key=len, reverse=True))
# A separator and any case, or none and a change of case or kind: hip_x, HipX, 12x.
_JOINT_FIRST = re.compile(rf"(.+?)(?:[\s_.:\-]+((?i:{_AXIS}))|(?<=[a-z0-9])([XYZ])|(?<=\d)([xyz]))")
FREE_CELLS, MAX_SPARSE = 1_000_000, 20
_NUMBERED = re.compile(r"joint (\d{1,4})")
_AXIS_FIRST = re.compile(rf"({_AXIS})[\s_.:\-]*(\d+)", re.IGNORECASE)
_FRAME = ("frame", "frame_id", "frame_index", "frame_number", "frameno", "time", "timestamp")
_JOINT = ("joint", "landmark", "landmark_id", "joint_id", "joint_name", "name", "keypoint", "id", "index")


def read_csv(path: Path, layout: Layout | None) -> Found:
    """Read one CSV file, separated by commas, semicolons, tabs or blanks.

    Args:
        path: one of

            - a row a frame, columns ``<joint>_x``, ``<joint>_y``, ``<joint>_z`` and where present
              ``<joint>_visibility`` (or ``x0, y0, z0, v0``); other columns are left out;
            - a row a joint and frame, columns ``frame``, ``joint``, ``x``, ``y``, ``z``;
            - no header, x, y, z (and a confidence) of all joints in each row.
        layout: where the names or the number of joints do not tell.

    Raises:
        FormatError: another content.
    """
    rows = _rows(path)
    header = [cell.strip() for cell in rows[0]]
    if all(_is_number(cell) for cell in header):
        joints: tuple[str, ...] = ()
        array = _unflatten(_numbers(rows, path), layout, path)
    elif {"x", "y"} <= {cell.lower() for cell in header}:
        joints, array = _long(header, rows[1:], path)
    else:
        joints, array = _wide(header, rows[1:], path)
    joints, array = _numbered(joints, array)
    if array.shape[-1] == 4 and joints:
        array = np.asarray(
            hide_unseen(array[..., :3], np.nan_to_num(array[..., 3], nan=1.0)), dtype=np.float64
        )
    return find_named(array, joints, layout, str(path), path.stem, "CSV joints", {})


def _rows(path: Path) -> list[list[str]]:
    text = path.read_bytes().decode("utf-8-sig", "replace")
    line = text[: 1 + text.find("\n")] or text
    separator = max(",;\t ", key=line.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise FormatError(f"{path} is no CSV file ({error}).") from error
    if not rows or (len(rows) == 1 and not all(map(_is_number, rows[0]))):
        raise FormatError(f"{path} holds no rows of numbers; expected a header and a row a frame.")
    return rows


def _wide(
    header: Sequence[str], rows: list[list[str]], path: Path
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """A row a frame."""
    columns: dict[str, dict[int, int]] = {}
    for number, title in enumerate(header):
        joint, axis = split_title(title)
        if joint:
            columns.setdefault(joint, {}).setdefault(axis, number)
    columns = {joint: axes for joint, axes in columns.items() if {0, 1} <= axes.keys()}
    if not columns:
        raise FormatError(
            f"{path} has no columns such as 'nose_x', 'nose_y', 'nose_z'; its first are "
            f"{', '.join(header[:6])[:99]}."
        )
    if len(rows) * len(columns) > MAX_NUMBERS / 4:  # short rows could claim many cells
        raise FormatError(f"{path} has {len(rows)} rows of {len(columns)} joints, too many. Split it.")
    _check_claim(len(rows) * len(header), sum(map(len, rows)), path)
    wanted = [axis for axis in range(4) if all(axis in axes for axes in columns.values())]
    array = np.stack(
        [np.stack([_column(rows, axes[axis], path) for axis in wanted], axis=1) for axes in columns.values()],
        axis=1,
    )
    return tuple(columns), _no_lonely_confidence(array, wanted)


def _check_claim(claimed: int, given: int, path: Path) -> None:
    """A table may leave cells out, but not nearly all: a small file would claim much memory and time.

    Raises:
        FormatError: there are many more cells in the table than in the file.
    """
    if claimed > FREE_CELLS + MAX_SPARSE * given:
        raise FormatError(
            f"{path} claims a table of {claimed} cells and gives {given} of them. Leave out the columns or "
            "rows that are hardly filled, or split it."
        )


def _no_lonely_confidence(array: NDArray[np.float64], axes: Sequence[int]) -> NDArray[np.float64]:
    """x, y, confidence would look like x, y, z: joints not seen become NaN instead."""
    if list(axes) != [0, 1, 3]:
        return array
    return np.asarray(hide_unseen(array[..., :2], array[..., 2]), dtype=np.float64)


def _long(
    header: Sequence[str], rows: list[list[str]], path: Path
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """A row a joint and frame; the frames and joints in the order in which they come."""
    titles = [title.lower() for title in header]
    frame = next((titles.index(name) for name in _FRAME if name in titles), None)
    joint = next((titles.index(name) for name in _JOINT if name in titles), None)
    if frame is None or joint is None:
        raise FormatError(
            f"{path} has the columns {', '.join(titles)[:99]}; expected frame, joint, x, y, z in some order."
        )
    frames: dict[str, int] = {}
    joints: dict[str, int] = {}
    cells = [
        (frames.setdefault(_cell(row, frame), len(frames)), joints.setdefault(_cell(row, joint), len(joints)))
        for row in rows
    ]
    found = {axis: titles.index(name) for name, axis in _AXES.items() if name in titles}
    _check_claim(len(frames) * len(joints), len(rows), path)
    array = unseen_positions((len(frames), len(joints), len(found)), str(path))
    place = np.array(cells, dtype=np.int64).reshape(-1, 2)
    for column, axis in enumerate(sorted(found)):
        array[place[:, 0], place[:, 1], column] = _column(rows, found[axis], path)
    names = tuple(f"joint {name}" if name.isdecimal() else name for name in joints)
    return names, _no_lonely_confidence(array, sorted(found))


def _numbered(
    joints: tuple[str, ...], array: NDArray[np.float64]
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Joints that only have numbers, in the order of these, without names."""
    numbers = [int(match[1]) for name in joints if (match := _NUMBERED.fullmatch(name))]
    if not joints or len(numbers) != len(joints):
        return joints, array
    return (), array[:, np.argsort(numbers, kind="stable")]


def split_title(title: str) -> tuple[str, int]:
    """The joint of a column, and which of x, y, z, confidence it is; no joint for another column.

    Example:
        >>> split_title("left_hip_x"), split_title("HipLeft.Y"), split_title("z12"), split_title("time")
        (('left_hip', 0), ('HipLeft', 1), ('joint 12', 2), ('', 0))
    """
    title = title.strip()[:200]
    if match := _AXIS_FIRST.fullmatch(title):
        return f"joint {int(match[2])}", _AXES[match[1].lower()]
    if match := _JOINT_FIRST.fullmatch(title):
        joint, axis = match[1], match[2] or match[3] or match[4]
        return (f"joint {int(joint)}" if joint.isdecimal() else joint), _AXES[axis.lower()]
    return "", 0


def _unflatten(array: NDArray[np.float64], layout: Layout | None, path: Path) -> NDArray[np.float64]:
    count = array.shape[1]
    if layout is not None:
        joints = len(layout.joints)
        if count % joints == 0 and count // joints in (2, 3, 4):
            return array.reshape(len(array), joints, -1)
    elif count in (75, 99, 132):
        return array.reshape(len(array), 33 if count != 75 else 25, -1)
    raise FormatError(
        f"{path} has rows of {count} numbers and no header. Name the columns 'nose_x' and so on, "
        "or pass layout=..."
    )


def _numbers(rows: list[list[str]], path: Path) -> NDArray[np.float64]:
    width = len(rows[0])
    if any(len(row) != width for row in rows):
        raise FormatError(f"{path} has rows of different lengths; expected {width} numbers in each.")
    return np.stack([_column(rows, column, path) for column in range(width)], axis=1)


def _column(rows: list[list[str]], column: int, path: Path) -> NDArray[np.float64]:
    """Numbers of a column; an empty cell is NaN."""
    cells = [_cell(row, column) or "nan" for row in rows]
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError as error:
        raise FormatError(f"{path}, column {column + 1}: {str(error)[:60]}; expected numbers.") from error


def _cell(row: list[str], column: int) -> str:
    return row[column].strip() if column < len(row) else ""


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
