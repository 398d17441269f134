"""An index in a folder: a JSON file that names arrays, written last, so that it is old or new, never half.

A segment is four arrays: ``rows``, ``scales``, ``text`` and ``ends`` (see `Segment` and `Names`).
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..atomic import atomic_write
from ..errors import ConfigError, FormatError, OutputError, SkelrepError
from ..read.npy import open_npy, refuse_special
from ..record import short
from .names import Names
from .origin import VectorOrigin
from .rows import Segment, blocks

INDEX_NAME = "index.json"
FORMAT_VERSION = 1
PARTS = {"rows": np.float32, "scales": np.float32, "text": np.uint8, "ends": np.int64}
_FIELDS = {"format_version", "dim", "origin", "segments"}
Tokens = tuple[str, ...]
_TOKEN = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, kw_only=True)
class Note:
    """What ``index.json`` says.

    Attributes:
        dim: numbers a vector.
        origin: the model that made the vectors, where told.
        tokens: of the segments' files, in order.
    """

    dim: int
    origin: VectorOrigin | None
    tokens: Tokens


def read_note(folder: Path) -> Note:
    """Read ``index.json``.

    Raises:
        FormatError: not there, or not written by `Index.save`.
    """
    path = folder / INDEX_NAME
    try:
        refuse_special(path)
        data = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FormatError(
            f"{folder} holds no {INDEX_NAME}; expected a folder that Index.save or skelrep index wrote."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(f"{path} cannot be read ({str(error)[:200]}). Make the index again.") from error
    if not isinstance(data, dict) or set(data) != _FIELDS or data["format_version"] != FORMAT_VERSION:
        raise FormatError(
            f"{path} is not the note of an index of format_version {FORMAT_VERSION}; it begins "
            f"{short(data)}. Make the index again with this skelrep."
        )
    dim, tokens, origin = data["dim"], data["segments"], data["origin"]
    if not isinstance(dim, int) or isinstance(dim, bool) or dim < 1 or not _are_tokens(tokens):
        raise FormatError(f"{path}: dim is {short(dim)}, segments are {short(tokens)}. Make the index again.")
    try:
        told = None if origin is None else VectorOrigin.from_dict(origin, f"{path}: origin")
    except ConfigError as error:
        raise FormatError(f"{error} Make the index again.") from error
    return Note(dim=dim, origin=told, tokens=tuple(tokens))


def write_note(folder: Path, note: Note) -> None:
    """Write ``index.json`` whole or not at all."""
    data = {
        "format_version": FORMAT_VERSION,
        "dim": note.dim,
        "origin": None if note.origin is None else note.origin.to_dict(),
        "segments": list(note.tokens),
    }
    with atomic_write(folder / INDEX_NAME) as file:
        file.write((json.dumps(data, indent=1) + "\n").encode())


def save_segments(
    folder: Path, segments: Sequence[Segment], dim: int, origin: VectorOrigin | None, known: Tokens | None
) -> Tokens:
    """Write what a folder lacks of an index; see `Index.save`.

    Args:
        folder: where to.
        segments: all of the index.
        dim, origin: for the note.
        known: tokens of the first segments, which the folder held when it was loaded; None for a folder that
            the index was not loaded from, where an index of before is replaced.

    Returns:
        The tokens of what is there now.

    Raises:
        OutputError: the folder cannot be written, or another process has changed the index there since.
    """
    there = _tokens_there(folder)
    if known is not None and there is not None:
        _check_unchanged(folder, known)
    tokens = known if known is not None and there is not None else ()
    fresh = segments[len(tokens) :]
    kept = (*tokens, write_segment(folder, fresh)) if fresh else tokens
    try:
        if known is not None and there is not None:
            _check_unchanged(folder, known)  # again: a million rows take seconds to write
        write_note(folder, Note(dim=dim, origin=origin, tokens=kept))
    except BaseException:
        remove_segments(folder, set(kept) - set(tokens))
        raise
    remove_segments(folder, set(there or ()) - set(kept))
    return kept


def read_segment(folder: Path, token: str, dim: int) -> Segment:
    """Map a segment's files.

    Raises:
        FormatError: a file is missing, cut short, or does not fit the others.
    """
    parts = {part: _map(folder / _file(part, token)) for part in PARTS}
    names = Names(parts["text"], parts["ends"])
    rows, scales = parts["rows"], parts["scales"]
    fits = all(parts[part].dtype == dtype for part, dtype in PARTS.items()) and names.text.ndim == 1
    counted = rows.ndim == 2 and rows.shape[1] == dim and scales.shape == names.ends.shape == (len(rows),)
    if not fits or not counted:
        raise FormatError(
            f"{folder}: the arrays of segment {token} do not fit together. Copy or make the index again."
        )
    names.check(str(folder))
    return Segment(rows, scales, names)


def write_segment(folder: Path, segments: Sequence[Segment]) -> str:
    """Write segments one after another as one; returns its token.

    Raises:
        OutputError: the folder cannot be written, or the disk is full; nothing of it stays.
    """
    token = secrets.token_hex(4)
    names = Names.join([segment.names for segment in segments])
    columns: dict[str, list[NDArray[Any]]] = {
        "rows": [segment.rows for segment in segments],
        "scales": [segment.scales for segment in segments],
        "text": [names.text],
        "ends": [names.ends],
    }
    try:
        for part, arrays in columns.items():
            _write_array(folder / _file(part, token), arrays)
    except BaseException:
        remove_segments(folder, [token])
        raise
    return token


def remove_segments(folder: Path, tokens: Iterable[str]) -> None:
    """Remove segments' files, where they can be removed."""
    for token in tokens:
        for part in PARTS:
            with contextlib.suppress(OSError):
                (folder / _file(part, token)).unlink()


def _write_array(path: Path, arrays: Sequence[NDArray[Any]]) -> None:
    """Arrays one after another as one `.npy`, a block in memory at a time."""
    shape = (sum(len(array) for array in arrays), *arrays[0].shape[1:])
    header = {"descr": arrays[0].dtype.str, "fortran_order": False, "shape": shape}
    with atomic_write(path) as file:
        np.lib.format.write_array_header_1_0(file, header)
        for array in arrays:
            for _, block in blocks(array):
                file.write(np.ascontiguousarray(block).data)


def _check_unchanged(folder: Path, known: Tokens) -> None:
    if _tokens_there(folder) != known:
        raise OutputError(
            f"cannot write {folder}: the index there was changed since it was loaded, and what was added "
            "would be lost. Load it again, append, and save."
        )


def _tokens_there(folder: Path) -> Tokens | None:
    """Segments of the index that stands in a folder, if one does."""
    try:
        return read_note(folder).tokens
    except FormatError:
        return None


def _map(path: Path) -> NDArray[Any]:
    try:
        refuse_special(path)
        return open_npy(path)
    except SkelrepError:
        raise
    except (OSError, ValueError) as error:
        raise FormatError(
            f"{path} cannot be read ({error}); the index is not whole. Copy or make it again."
        ) from error


def _file(part: str, token: str) -> str:
    return f"{part}-{token}.npy"


def _are_tokens(value: object) -> bool:
    return (
        isinstance(value, list)
        and value != []
        and all(isinstance(t, str) and _TOKEN.fullmatch(t) for t in value)
    )
