"""Clips from `.npz` files: CTR-GCN splits, skelrep's ragged archives, or one plain array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise, repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..clips import MAX_FPS, Clip, is_label
from ..errors import FormatError
from ..layout import NUM_JOINTS
from ..record import listed
from .arrays import AS_IT_IS, collect_clips, make_clip
from .npy import Npz, open_npz
from .prepare import Repair, prepare_clip

BODIES = 2
FRAME_NUMBERS = BODIES * NUM_JOINTS * 3
SPLITS = ("train", "val", "test")
RAGGED_KEYS = ("dq", "scale", "origin", "offsets")


def read_npz(path: Path, repair: Repair = AS_IT_IS) -> list[Clip]:
    """Read one `.npz` file, recognised by its keys.

    Args:
        path: one of

            - CTR-GCN (also MAMP, SLiM): ``x_train``, ``y_train``, ``x_test``, ``y_test``; x (N, T, 150), y
              one-hot (N, K) or numbers (N,); clips are named ``train/0`` and so on;
            - ragged archives: ``dq`` int16 (sum_T, V, 3), first differences in time; ``scale``, ``origin``
              (N, 3), ``offsets`` (N + 1,), and where present ``names``, ``action``, ``fps``;
            - one array (3, T, V, M) or (N, 3, T, V, M) under any key.
        repair: what is done about gaps and about more than two bodies.

    Raises:
        ShapeError, InvalidClipError, FormatError, UnsafeFileError: names the file and the array or clip.
    """
    with open_npz(path) as archive:
        if any(f"x_{split}" in archive.keys for split in SPLITS):
            return collect_clips(_split_entries(archive, path), str(path), repair)
        if all(key in archive.keys for key in RAGGED_KEYS):
            return _read_ragged(archive, path, repair)
        return _read_plain(archive, path, repair)


def _split_entries(archive: Npz, path: Path) -> Iterator[tuple[str, int | None, NDArray[np.generic]]]:
    for split in SPLITS:
        key = f"x_{split}"
        if key not in archive.keys:
            continue
        shape = archive.header(key).shape
        if len(shape) != 3 or shape[2] != FRAME_NUMBERS:
            raise FormatError(
                f"{path}: {key} has shape {shape}; expected (N, T, 150): two bodies of 25 joints x, y, z."
            )
        labels = _split_labels(archive, f"y_{split}", shape[0], path)
        for n, (label, x_TD) in enumerate(zip(labels, archive.rows(key), strict=True)):
            x_TMVC = x_TD.reshape(-1, BODIES, NUM_JOINTS, 3)
            yield f"{split}/{n}", label, x_TMVC.transpose(3, 0, 2, 1)


def _split_labels(archive: Npz, key: str, count: int, path: Path) -> Iterable[int | None]:
    if key not in archive.keys:
        return repeat(None, count)
    y = archive.read(key)
    if (
        y.ndim == 2
        and len(y) == count
        and y.dtype.kind in "biuf"
        and bool((y.astype(bool).sum(axis=1) == 1).all())
    ):
        return [int(label) for label in y.argmax(axis=1)]
    if y.ndim == 1 and len(y) == count and _are_labels(y):
        return [int(label) for label in y]
    raise FormatError(
        f"{path}: {key} is {y.dtype} {y.shape}; expected {count} class numbers, or one-hot rows of them."
    )


def _are_labels(numbers: NDArray[np.generic]) -> bool:
    return numbers.dtype.kind in "iu" and all(map(is_label, numbers.flat))


def _read_ragged(archive: Npz, path: Path, repair: Repair) -> list[Clip]:
    steps, offsets = archive.read("dq"), archive.read("offsets")
    scale, origin = archive.read("scale"), archive.read("origin")
    count = len(offsets) - 1 if offsets.ndim == 1 else -1
    if (
        count < 0
        or (steps.dtype.kind, steps.dtype.itemsize, steps.shape[1:]) != ("i", 2, (NUM_JOINTS, 3))
        or offsets.dtype.kind not in "iu"
        or scale.size != 1
        or scale.dtype.kind != "f"
        or origin.shape != (count, 3)
        or origin.dtype.kind not in "iuf"
    ):
        raise FormatError(f"{path}: dq, scale, origin and offsets do not fit together. Is the file whole?")
    bounds = [int(offset) for offset in offsets]
    if bounds[0] != 0 or bounds[-1] != len(steps) or any(a > b for a, b in pairwise(bounds)):
        raise FormatError(f"{path}: offsets do not divide the {len(steps)} frames of dq. Is the file whole?")
    names, labels, fps = _ragged_texts(archive, count, path)
    clips = []
    for n in range(count):
        # Differences were taken modulo 2^16, so the sum wraps back exactly.
        position = np.cumsum(steps[bounds[n] : bounds[n + 1]], axis=0, dtype=np.int16)
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused as infinite
            x_TVC = position.astype(np.float32) * np.float32(scale.item()) + origin[n].astype(np.float32)
        data = prepare_clip(x_TVC.transpose(2, 0, 1)[..., None], f"{path}, clip {n} ({names[n]})", repair)
        clips.append(Clip(data=data, name=names[n], label=labels[n], fps=fps))
    return clips


def _ragged_texts(archive: Npz, count: int, path: Path) -> tuple[list[str], list[int | None], float | None]:
    names = (
        archive.read("names")
        if "names" in archive.keys
        else np.array([f"{path.stem}/{n}" for n in range(count)])
    )
    action = archive.read("action") if "action" in archive.keys else None
    fps = archive.read("fps") if "fps" in archive.keys else None
    if names.shape != (count,) or (
        action is not None and (action.shape != (count,) or not _are_labels(action))
    ):
        raise FormatError(f"{path}: names and action must hold one entry for each of the {count} clips.")
    if fps is not None and not (fps.size == 1 and fps.dtype.kind in "iuf" and 0 < fps.item() < MAX_FPS):
        raise FormatError(f"{path}: fps must be one number above 0 and below {MAX_FPS:g}.")
    labels: list[int | None] = [None] * count if action is None else [int(label) for label in action]
    try:
        texts = [str(name) for name in names]
    except SystemError as error:  # numpy's, for numbers that are no Unicode
        raise FormatError(f"{path}: names hold text that is no Unicode.") from error
    return texts, labels, None if fps is None else float(fps.item())


def _read_plain(archive: Npz, path: Path, repair: Repair) -> list[Clip]:
    found = [key for key in archive.keys if len(archive.header(key).shape) in (4, 5)]
    if len(found) != 1:
        raise FormatError(
            f"{path} has the arrays [{listed(map(repr, archive.keys), 20)}]; expected exactly one of shape "
            "(3, T, 25, M) or (N, 3, T, 25, M), x_train and x_test, or a ragged archive (dq, scale, origin, "
            "offsets)."
        )
    if len(archive.header(found[0]).shape) == 4:
        return [make_clip(prepare_clip(archive.read(found[0]), f"{path}: {found[0]:.80}", repair), path.stem)]
    entries = ((f"{path.stem}/{n}", None, x_CTVM) for n, x_CTVM in enumerate(archive.rows(found[0])))
    return collect_clips(entries, f"{path}: {found[0]:.80}", repair)
