"""A `ClipStore` in a folder: two arrays, and an index in JSON that names them, written last."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..atomic import atomic_write
from ..clips import MAX_FPS, is_label
from ..errors import FormatError, SkelrepError
from ..layout import NUM_JOINTS
from ..record import short
from .npy import open_npy, refuse_special

INDEX_NAME = "clipstore.json"
FORMAT_VERSION = 1
COLUMNS = ("names", "labels", "fps", "prepared")
_FIELDS = ("format_version", "frames", "offsets", *COLUMNS)
Columns = Sequence[Sequence[Any]]


def is_store(folder: Path) -> bool:
    """Whether a folder holds a saved `ClipStore`.

    Raises:
        FormatError: nobody may look into it.
    """
    try:
        return (folder / INDEX_NAME).is_file()
    except OSError as error:
        raise FormatError(f"{folder} cannot be read ({error.strerror}). Check its permissions.") from error


def write_store(
    folder: Path, arrays: Mapping[str, NDArray[Any]], columns: Mapping[str, Sequence[Any]]
) -> None:
    """Write a store; see `ClipStore.save`.

    Args:
        folder: where to.
        arrays: ``frames`` and ``offsets``.
        columns: a list of one entry a clip for each of names, labels, fps and prepared.

    Raises:
        OutputError: the folder cannot be written, or the disk is full.
    """
    token = os.urandom(4).hex()
    parts = {key: f"{key}-{token}.npy" for key in arrays}
    index = {"format_version": FORMAT_VERSION, **parts, **columns}
    before = {path for key in arrays for path in folder.glob(f"{key}-*.npy")}
    try:
        for key, array in arrays.items():
            with atomic_write(folder / parts[key]) as file:
                np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)
        with atomic_write(folder / INDEX_NAME) as file:
            file.write(json.dumps(index).encode())
    except BaseException:
        _remove(folder / name for name in parts.values())
        raise
    _remove(before)


def read_store(folder: Path) -> tuple[NDArray[np.float32], NDArray[np.int64], Columns]:
    """Open a store; see `ClipStore`.

    Returns:
        The frames, mapped; the offsets; and names, labels, fps and prepared.

    Raises:
        FormatError: not a store, or a damaged one.
    """
    index = _read_index(folder / INDEX_NAME)
    count = len(index["names"])
    frames, offsets = _open_part(folder, index["frames"]), np.array(_open_part(folder, index["offsets"]))
    good_frames = frames.ndim == 4 and frames.shape[1] in (1, 2) and frames.shape[2:] == (NUM_JOINTS, 3)
    if not good_frames or frames.dtype != np.float32:
        raise FormatError(
            f"{folder}: frames are {frames.dtype} {frames.shape}; expected float32 (S, M, 25, 3)."
        )
    good_offsets = offsets.ndim == 1 and offsets.dtype == np.int64 and len(offsets) == count + 1
    if not good_offsets or offsets[0] != 0 or offsets[-1] != len(frames) or (np.diff(offsets) < 1).any():
        raise FormatError(f"{folder}: offsets do not divide {len(frames)} frames among {count} clips.")
    return frames, offsets, [index[column] for column in COLUMNS]


def _read_index(path: Path) -> dict[str, Any]:
    try:
        index = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise FormatError(
            f"{path.parent} holds no {INDEX_NAME}; expected a folder that ClipStore.save wrote."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(f"{path} cannot be read ({error}). Save the store again.") from error
    if not isinstance(index, dict) or tuple(sorted(index)) != tuple(sorted(_FIELDS)):
        raise FormatError(
            f"{path} is not the index of a clip store; expected the fields {', '.join(_FIELDS)}."
        )
    if index["format_version"] != FORMAT_VERSION:
        raise FormatError(
            f"{path} has format_version {short(index['format_version'])}; this skelrep reads "
            f"{FORMAT_VERSION}."
        )
    lists = [index[column] for column in COLUMNS]
    if (
        not all(isinstance(entries, list) for entries in lists)
        or len({len(entries) for entries in lists}) != 1
    ):
        raise FormatError(f"{path}: names, labels, fps and prepared must be lists of one length.")
    fit = zip(lists, (_is_text, _is_label, _is_rate, _is_bool), strict=True)
    if not all(fits(entry) for entries, fits in fit for entry in entries):
        raise FormatError(
            f"{path}: names must be text, labels integers of 64 bits or null, fps numbers above 0 or null, "
            "prepared true or false."
        )
    return index


def _is_text(entry: object) -> bool:
    return isinstance(entry, str)


def _is_label(entry: object) -> bool:
    return entry is None or is_label(entry)


def _is_rate(entry: object) -> bool:
    return entry is None or (isinstance(entry, int | float) and 0 < entry < MAX_FPS)


def _is_bool(entry: object) -> bool:
    return isinstance(entry, bool)


def _open_part(folder: Path, name: object) -> NDArray[Any]:
    if not isinstance(name, str) or Path(name).name != name:
        raise FormatError(
            f"{folder / INDEX_NAME} names the file {short(name)}; expected a file of the same folder."
        )
    try:
        refuse_special(folder / name)
        return open_npy(folder / name)
    except SkelrepError:
        raise
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        reason = error.strerror if isinstance(error, OSError) else error
        raise FormatError(
            f"{folder / INDEX_NAME} names the file {short(name)}, which cannot be read ({reason}). The store "
            "is not whole."
        ) from error


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink()
