"""Clips from `.npy` files: one clip, or (N, 3, T, V, M) as st-gcn and CrosSCLR write them, with labels."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..clips import Clip, is_label, is_preprocessed
from ..errors import DataWarning, FormatError, InvalidClipError
from ..layout import SPINE_BASE
from .npy import open_npy
from .ntu import FPS, parse_ntu_name
from .pickles import load_pickle
from .prepare import Repair, prepare_clip

__all__ = ["is_preprocessed", "read_npy", "trim_zero_tail"]

AS_IT_IS = Repair()
_DATA_NAME = re.compile(r"(.+?)_(data_joint|data|position|joint)")


def read_npy(path: Path, repair: Repair = AS_IT_IS) -> list[Clip]:
    """Read one `.npy` file.

    Args:
        path: holds (3, T, V, M), one clip, or (N, 3, T, V, M), each clip with a tail of zero frames, which is
            cut off. ``X_data.npy``, ``X_data_joint.npy`` and ``X_position.npy`` take names and labels from
            ``X_label.pkl`` where that stands beside them. The file is memory-mapped.
        repair: what is done about gaps and about more than two bodies.

    Raises:
        ShapeError, InvalidClipError, FormatError, UnsafeFileError: names the file and the clip.
    """
    array = open_npy(path)
    if array.ndim != 5:
        return [make_clip(prepare_clip(np.asarray(array), str(path), repair), path.stem)]
    names, labels = _names_and_labels(path, len(array))
    entries = zip(names, labels, (as_numbers(clip) for clip in array), strict=True)
    return collect_clips(entries, str(path), repair)


def trim_zero_tail(x_CTVM: NDArray[np.generic]) -> NDArray[np.generic]:
    """Cut off the frames that only fill an array up.

    The length is the number of frames in which SpineBase of body 0 is not all zero, as in the published code.

    Example:
        >>> x = np.zeros((3, 300, 25, 2), dtype=np.float32)
        >>> x[:, :80] = 1
        >>> trim_zero_tail(x).shape
        (3, 80, 25, 2)
    """
    with np.errstate(invalid="ignore"):  # signalling NaN; a clip with NaN is refused later
        present = x_CTVM[:, :, SPINE_BASE, 0].any(axis=0)
    return x_CTVM[:, : np.count_nonzero(present)]


def collect_clips(
    entries: Iterable[tuple[str, int | None, NDArray[np.generic]]], where: str, repair: Repair = AS_IT_IS
) -> list[Clip]:
    """Trim and check many clips; those without a body are left out with one warning.

    Args:
        entries: name, label and (3, T, V, M) of each.
        where: the file, for errors.
        repair: what is done about gaps and about more than two bodies.

    Raises:
        ShapeError, InvalidClipError: a clip that cannot be used, or no clip with a body at all.
    """
    clips: list[Clip] = []
    empty: list[str] = []
    for number, (name, label, x_CTVM) in enumerate(entries):
        # An array without coordinates can claim any number of clips; the first is refused below, as is text.
        coordinates = x_CTVM.ndim == 4 and x_CTVM.size and x_CTVM.dtype.kind in "iuf"
        full = x_CTVM if coordinates and x_CTVM.shape[2] > SPINE_BASE else None
        trimmed = x_CTVM if full is None else trim_zero_tail(full)
        if full is not None and full.shape[1] and not trimmed.shape[1]:
            empty.append(name)
            continue
        data = prepare_clip(np.array(trimmed), f"{where}, clip {number} ({name})", repair)
        clips.append(make_clip(data, name, label))
    if empty and not clips:
        raise InvalidClipError(f"{where} holds no body: SpineBase of body 0 is 0 in every clip and frame.")
    warn_left_out(empty, where)
    return clips


def make_clip(data: NDArray[np.float32], name: str, label: int | None = None) -> Clip:
    """A clip whose label and frame rate come from an NTU name, where it has one and nothing else is known."""
    known = parse_ntu_name(name)
    if known is None:
        return Clip(data=data, name=name, label=label)
    return Clip(data=data, name=name, label=known.label if label is None else label, fps=FPS)


def warn_left_out(names: list[str], where: str) -> None:
    """One warning for all clips in which no body was tracked."""
    if names:
        listed = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
        warnings.warn(
            f"{where}: {len(names)} without a usable body left out: {listed}.", DataWarning, stacklevel=2
        )


def as_numbers(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """A plain array of a memory-mapped one, still without reading it."""
    return np.asarray(array)


def _names_and_labels(path: Path, count: int) -> tuple[Iterable[str], Iterable[int | None]]:
    match = _DATA_NAME.fullmatch(path.stem)
    beside = path.with_name(f"{match[1]}_label.pkl") if match else path
    if match is None or not beside.is_file():
        return (f"{path.stem}/{n}" for n in range(count)), (None for _ in range(count))
    names, labels = read_label_pickle(beside)
    if len(names) != count:
        raise FormatError(
            f"{beside} names {len(names)} clips; {path} holds {count}. They do not belong together."
        )
    return names, labels


def read_label_pickle(path: Path) -> tuple[list[str], list[int]]:
    """Read a `*_label.pkl` file: (names, labels), without running what a pickle may contain.

    Raises:
        FormatError: another content, or a corrupt file.
        UnsafeFileError: it would run code.
    """
    content = load_pickle(path)
    if isinstance(content, list | tuple) and len(content) >= 2:
        names, labels = list(_plain(content[0])), list(_plain(content[1]))
        numbers = [int(label) for label in labels if is_label(label)]
        if len(names) == len(numbers) == len(labels) and all(isinstance(name, str) for name in names):
            # A pickle can name one long text many times: it is cut once, not copied for each.
            stems = {name: str(name).removesuffix(".skeleton") for name in set(names)}
            return [stems[name] for name in names], numbers
    raise FormatError(
        f"{path} is not a label file: expected (names, labels), lists of text and of class numbers."
    )


def _plain(values: object) -> Iterator[object]:
    """Entries of a list, a tuple or a one-dimensional array; nothing for another object."""
    if isinstance(values, list | tuple) or (isinstance(values, np.ndarray) and values.ndim == 1):
        yield from values
