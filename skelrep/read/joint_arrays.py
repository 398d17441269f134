"""Arrays of other skeletons, and of NTU-25: `.npy` and `.npz` files, numpy arrays and torch tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..clips import Clip
from ..errors import FormatError
from ..layout import NUM_JOINTS
from ..layouts import Layout
from ..record import listed
from .archives import RAGGED_KEYS, SPLITS, read_npz
from .arrays import collect_clips, read_npy
from .detect import COUNTS, unknown_count
from .npy import open_npy, open_npz
from .ntu_layout import found_clips
from .prepare import prepare_clip
from .raw import Found, RawClip, ReadOptions

COLUMNS = (2, 3, 4, 5, 7, 8)  # x, y[, z], confidence, presence; x, y, z, a quaternion and a confidence
MAX_SLOTS = 20  # bodies an array may have room for
# (T, V, C) is one clip; (3, T, V, M) and (N, 3, T, V, M) are those of st-gcn;
# (N, T, V, C) and (N, M, T, V, C) are N clips.


def find_npy(path: Path, options: ReadOptions) -> Found:
    """What a `.npy` file holds."""
    array, layout = open_npy(path), options.layout
    refuse_unknown(array.shape, layout, str(path))
    if looks_foreign(array.shape, layout):
        return find_array(array, layout, str(path), path.stem)
    return found_clips(str(path), "NTU-25 array", read_npy(path, options.repair))


def find_npz(path: Path, options: ReadOptions) -> Found:
    """What a `.npz` file holds: NTU-25 splits and archives, or arrays of another skeleton, one clip each."""
    layout, repair = options.layout, options.repair
    with open_npz(path) as archive:
        keys = archive.keys
        if any(f"x_{split}" in keys for split in SPLITS):
            return found_clips(str(path), "CTR-GCN archive", read_npz(path, repair))
        if all(key in keys for key in RAGGED_KEYS):
            return found_clips(str(path), "skelrep archive", read_npz(path, repair))
        foreign = [key for key in keys if looks_foreign(archive.header(key).shape, layout)]
        if not foreign:
            return found_clips(str(path), "NTU-25 array", read_npz(path, repair))
        parts = [find_array(archive.read(key), layout, f"{path}: {key:.80}", key) for key in foreign]
    raws = tuple(raw for part in parts for raw in part.raws)
    if len({raw.positions.shape[2:] for raw in raws}) > 1:
        raise FormatError(f"{path} mixes skeletons in {listed(foreign, 9)}. Save one file for each.")
    return Found(where=str(path), format="joint arrays", raws=raws, layout=layout)


def find_object(array: NDArray[np.generic] | torch.Tensor, options: ReadOptions) -> Found:
    """What an array in memory holds."""
    layout, repair = options.layout, options.repair
    numbers = array.detach().cpu().numpy() if isinstance(array, torch.Tensor) else array
    refuse_unknown(numbers.shape, layout, "the array")
    if looks_foreign(numbers.shape, layout):
        return find_array(numbers, layout, "the array", "array")
    if numbers.ndim == 5:
        entries = ((f"array/{n}", None, one) for n, one in enumerate(numbers))
        return found_clips("the array", "NTU-25 array", collect_clips(entries, "the array", repair))
    return found_clips("the array", "NTU-25 array", [Clip(data=prepare_clip(numbers, "the array", repair))])


def looks_foreign(shape: tuple[int, ...], layout: Layout | None) -> bool:
    """Whether a shape is that of another skeleton, or of NTU-25 in another order that `layout` tells.

    Example:
        >>> [looks_foreign(shape, None) for shape in ((64, 17, 3), (3, 64, 25, 2), (9, 25, 3))]
        [True, False, False]
    """
    if _is_ntu(shape) and (layout is None or len(layout.joints) == NUM_JOINTS):
        return layout is not None and layout.name != "ntu25"
    counts = {len(layout.joints)} if layout is not None else COUNTS - {NUM_JOINTS}
    return 0 not in shape and any(_order(shape, count) for count in counts)


def refuse_unknown(shape: tuple[int, ...], layout: Layout | None, where: str) -> None:
    """Raise `FormatError` for (T, V, C) with joints that no known skeleton has."""
    if layout is None and len(shape) == 3 and shape[2] in (2, 3) and shape[0] > 3 and shape[1] not in COUNTS:
        raise FormatError(f"{where}: {unknown_count(shape[1])}")


def find_array(array: NDArray[np.generic], layout: Layout | None, where: str, stem: str) -> Found:
    """Recordings in an array; several of them are named by their number.

    Raises:
        FormatError: no numbers.
    """
    if array.dtype.kind not in "iuf":
        raise FormatError(f"{where} holds {array.dtype}; expected numbers.")
    counts = [len(layout.joints)] if layout is not None else sorted(COUNTS)
    count, order = next((n, order) for n in counts if (order := _order(array.shape, n)))
    if order == "flat":
        array, order = array.reshape(len(array), count, -1), "TVC"
    if order in ("TVC", "CTVM"):
        return Found(where=where, format="joint array", raws=(_raw(array, order, stem),), layout=layout)
    raws = tuple(_raw(one, order[1:], f"{stem}/{n}") for n, one in enumerate(array))
    return Found(where=where, format="joint array", raws=raws, layout=layout)


def _raw(array: NDArray[np.generic], order: str, name: str) -> RawClip:
    turned = array[None] if order == "TVC" else array.transpose([order.index(axis) for axis in "MTVC"])
    return RawClip(positions=np.asarray(turned), name=name)


def _is_ntu(shape: tuple[int, ...]) -> bool:
    return (len(shape) == 4 and (shape[0], shape[2]) == (3, NUM_JOINTS)) or (
        len(shape) == 5 and (shape[1], shape[3]) == (3, NUM_JOINTS)
    )


def _order(shape: tuple[int, ...], joints: int) -> str:
    """The axes of a shape with this many joints; empty when it has none that is known."""
    last, before = shape[-1:], shape[-2:-1]
    if len(shape) == 2 and last in ((joints * 3,), (joints * 4,)) and joints != 24:
        return "flat"  # 72 numbers a frame are SMPL's rotations, not its 24 joints
    if before != (joints,):
        return ""
    if len(shape) == 3:
        return "TVC" if last[0] in COLUMNS else ""
    if len(shape) == 4:
        return "CTVM" if shape[0] in (2, 3) and last[0] <= 2 else "NTVC" if last[0] in COLUMNS else ""
    if len(shape) == 5:
        channels = shape[1] in (2, 3) and last[0] <= MAX_SLOTS and not (last[0] == 3 and shape[1] == 2)
        return "NCTVM" if channels else "NMTVC" if last[0] in COLUMNS else ""
    return ""
