"""`as_clips`: whatever a person has, as a sequence of checked clips."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from ..clips import Clip
from ..config import Recipe
from ..errors import ShapeError
from ..on_demand import OnDemand
from .dataset import ClipStore
from .prepare import Repair, prepare_clip
from .store_files import is_store

ACCEPTED = (
    "one array (C, T, V, M) or (N, C, T, V, M), a list of arrays, clips or paths, a file or folder, or a "
    "ClipStore"
)


def as_clips(clips: object, *, recipe: Recipe = "fixed", max_gap: int | None = None) -> Sequence[Clip]:
    """Turn whatever holds clips into clips, in the order given.

    Args:
        clips: a numpy array or torch tensor (C=3, T, V=25, M), one clip, or (N, C, T, V, M); a list or
            another iterable of such arrays, `Clip` records and paths, also mixed; a path (str or PathLike) of
            a file or folder; a `ClipStore` or its folder. Coordinates in metres, of any integer or floating
            dtype.
        recipe: how files are read and what happens to more than two bodies, see `read_clips`.
        max_gap: joints that are NaN for at most so many frames are filled (`fill_gaps`); by default NaN is an
            error.

    Returns:
        checked clips; a list, or the store itself, which is read clip by clip. One path can give several
        clips.

    Raises:
        ShapeError: something else, or wrong axes; names the place and the remedy.
        InvalidClipError: NaN, infinity or no body.
        FormatError, UnsafeFileError, ClipsNotFoundError: of a file.

    Example:
        >>> [clip.data.shape for clip in as_clips([np.ones((3, 8, 25, 1)), torch.ones(3, 9, 25, 2)])]
        [(3, 8, 25, 1), (3, 9, 25, 2)]
    """
    return gather(clips, Repair(recipe=recipe, max_gap=max_gap))


def gather(clips: object, repair: Repair) -> Sequence[Clip]:
    """`as_clips` with all its options as one record."""
    if isinstance(clips, ClipStore):
        return clips
    if isinstance(clips, Clip):
        return [_checked(clips, "the clip", repair)]
    if isinstance(clips, str | os.PathLike):
        folder = Path(os.fsdecode(clips))
        if is_store(folder):
            return ClipStore.open(folder)
        return _read(clips, repair)
    if isinstance(clips, np.ndarray | torch.Tensor) and not _is_ragged(clips):
        return _from_array(clips, repair)
    if clips is None or isinstance(clips, Mapping | bytes) or not isinstance(clips, Iterable):
        raise ShapeError(f"clips is {_describe(clips)}; expected {ACCEPTED}.")
    return [clip for n, item in enumerate(clips) for clip in _from_item(item, f"clips[{n}]", repair)]


def iter_clips(clips: object, *, recipe: Recipe = "fixed") -> Iterable[Clip]:
    """`as_clips` that reads only when a clip is asked for.

    Args:
        clips: as in `as_clips`; also an endless iterable.
        recipe: as in `as_clips`.

    Returns:
        A sequence, where the number of clips is known before they are read: stores, arrays and lists of
        arrays or clips, unchecked before they are asked for. Else an iterator: of a folder, file by file.

    Raises:
        ShapeError: something that holds no clips; what else `as_clips` raises comes with the clip.

    Example:
        >>> import itertools
        >>> endless = (np.ones((3, 8, 25, 1)) for _ in itertools.count())
        >>> next(iter(iter_clips(endless))).data.shape
        (3, 8, 25, 1)
    """
    if isinstance(clips, str | os.PathLike) and not is_store(Path(os.fsdecode(clips))):
        from .files import iter_files

        return iter_files(clips, recipe=recipe)
    repair = Repair(recipe=recipe)
    if isinstance(clips, list | tuple) and not any(isinstance(item, str | os.PathLike) for item in clips):
        return _Checked(clips, repair)
    if isinstance(clips, np.ndarray) and clips.ndim == 5:
        return _Checked(clips, repair)
    if _is_one_source(clips) or not isinstance(clips, Iterable):
        return gather(clips, repair)
    return (clip for n, item in enumerate(clips) for clip in _from_item(item, f"clips[{n}]", repair))


def _is_one_source(clips: object) -> bool:
    kinds = (ClipStore, Clip, str, os.PathLike, np.ndarray, torch.Tensor, Mapping, bytes)
    return isinstance(clips, kinds)


class _Checked(OnDemand[Clip]):
    """Arrays and clips in memory, each checked when it is asked for."""

    def __init__(self, items: Sequence[object] | np.ndarray, repair: Repair) -> None:
        self._items, self._repair = items, repair

    def __len__(self) -> int:
        return len(self._items)

    def item(self, place: int) -> Clip:
        return _from_item(self._items[place], f"clips[{place}]", self._repair)[0]


def _is_ragged(array: np.ndarray | torch.Tensor) -> bool:
    """A one-dimensional array of objects or text is a list of arrays or paths."""
    return isinstance(array, np.ndarray) and array.ndim == 1 and array.dtype.kind in "OU"


def _from_array(array: np.ndarray | torch.Tensor, repair: Repair) -> list[Clip]:
    if array.ndim == 5:
        return [Clip(data=prepare_clip(one, f"clips[{n}]", repair)) for n, one in enumerate(array)]
    if array.ndim == 1 and len(array) == 0:
        return []
    return [Clip(data=prepare_clip(array, "the clip", repair))]


def _from_item(item: object, where: str, repair: Repair) -> Sequence[Clip]:
    if isinstance(item, Clip):
        return [_checked(item, where, repair)]
    if isinstance(item, str | os.PathLike):
        return _read(item, repair)
    return [Clip(data=prepare_clip(item, where, repair))]


def _read(path: str | os.PathLike[str], repair: Repair) -> list[Clip]:
    # Imported here: who has arrays does not wait for the readers of a dozen formats.
    from .files import read_clips

    return read_clips(path, recipe=repair.recipe, max_gap=repair.max_gap)


def _checked(clip: Clip, where: str, repair: Repair) -> Clip:
    data = prepare_clip(clip.data, where if not clip.name else f"{where} ({clip.name})", repair)
    return clip if data is clip.data else dataclasses.replace(clip, data=data)


def _describe(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
