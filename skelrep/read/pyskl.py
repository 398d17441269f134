"""Pickles of pyskl and mmaction2: annotations with keypoints (M, T, V, C), read without running anything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..clips import is_label
from ..errors import FormatError
from ..layouts import LAYOUTS, Layout
from .pickles import load_pickle
from .raw import Found, RawClip, hide_unseen

FORMAT = "pyskl / mmaction2 pickle"


def read_pyskl(path: Path) -> Found:
    """Read a pickle of annotations.

    Args:
        path: a dict with ``annotations``, a list of annotations, or one; each has ``keypoint`` (M, T, V, C)
            and where present ``keypoint_score`` (M, T, V), ``frame_dir``, ``label``, ``total_frames``.

    Raises:
        FormatError: another content.
        UnsafeFileError: it would run code.
    """
    return find_annotations(load_pickle(path), str(path), path.stem)


def is_annotations(content: object) -> bool:
    """Whether an object is what `find_annotations` takes."""
    if isinstance(content, Mapping) and "keypoint" not in content:
        content = content.get("annotations")  # a list; a pickle's dict can hold itself
    elif isinstance(content, Mapping):
        return True
    return isinstance(content, list) and bool(content) and is_annotation(content[0])


def is_annotation(content: object) -> bool:
    """Whether an object is one annotation."""
    return isinstance(content, Mapping) and ("keypoint" in content or "raw_file" in content)


def find_annotations(content: object, where: str, stem: str) -> Found:
    """What an object of annotations holds, in its order; see `read_pyskl`."""
    if not is_annotations(content):
        raise FormatError(
            f"{where} holds no annotations with 'keypoint' (M, T, V, C), as pyskl and mmaction2 write them. "
            "Label files are read beside their arrays: pass X_data.npy."
        )
    entries: Any = content
    if isinstance(content, Mapping):
        entries = [content] if "keypoint" in content else content["annotations"]
    raws = [_annotation(entry, n, where, stem) for n, entry in enumerate(entries)]
    shapes = {raw.positions.shape[2:] for raw in raws}
    if len(shapes) > 1:
        raise FormatError(
            f"{where} mixes skeletons: (V, C) is {sorted(shapes)}. Split it into one file each."
        )
    return Found(
        where=where, format=FORMAT, raws=tuple(raws), layout=_layout(*shapes.pop()), only_coordinates=True
    )


def _layout(joints: int, columns: int) -> Layout | None:
    """25 joints in 3D are those of NTU in this format; other counts speak for themselves."""
    return LAYOUTS["ntu25"] if (joints, columns) == (25, 3) else LAYOUTS["coco17"] if joints == 17 else None


def _annotation(entry: object, number: int, where: str, stem: str) -> RawClip:
    place = f"{where}, annotation {number}"
    if not isinstance(entry, Mapping) or not isinstance(entry.get("keypoint"), np.ndarray):
        more = " Its keypoints are in other files (raw_file): not supported." if is_annotation(entry) else ""
        raise FormatError(f"{place} has no array 'keypoint' (M, T, V, C).{more}")
    keypoint = entry["keypoint"]
    if keypoint.ndim != 4 or keypoint.dtype.kind not in "iuf" or keypoint.shape[3] not in (2, 3):
        raise FormatError(
            f"{place}: keypoint is {keypoint.dtype} {keypoint.shape}; expected numbers (M, T, V, 2 or 3)."
        )
    frames = entry.get("total_frames")
    if isinstance(frames, int | np.integer) and 0 < frames <= keypoint.shape[1]:
        keypoint = keypoint[:, : int(frames)]
    label, name = entry.get("label"), entry.get("frame_dir")
    return RawClip(
        positions=hide_unseen(keypoint, _score(entry.get("keypoint_score"), keypoint, place)),
        name=str(name) if isinstance(name, str) and name else f"{stem}/{number}",
        label=int(label) if is_label(label) else None,
    )


def _score(score: object, keypoint: NDArray[np.generic], place: str) -> NDArray[np.generic] | None:
    """Scores of the frames that are kept. Only image positions have them."""
    if not isinstance(score, np.ndarray):
        return None
    score = score[:, : keypoint.shape[1]] if score.ndim == 3 else score
    if score.shape != keypoint.shape[:3] or score.dtype.kind not in "iuf":
        raise FormatError(
            f"{place}: keypoint_score is {score.shape}; expected {keypoint.shape[:3]} like keypoint."
        )
    return score
