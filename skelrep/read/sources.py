"""Which reader a source goes to: by suffix and content of a file, by the kind of an object."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from ..clips import Clip
from ..errors import FormatError
from .bvh import read_bvh
from .csv_files import read_csv
from .dataset import ClipStore
from .joint_arrays import find_npy, find_npz, find_object
from .json_files import find_content, read_json
from .npy import refuse_special
from .ntu import read_skeleton
from .ntu_layout import found_clips
from .openpose import clip_name
from .pkummd import is_pku_recording, read_pku
from .prepare import prepare_clip
from .pyskl import find_annotations, is_annotations, read_pyskl
from .raw import Found, ReadOptions

# Files of these kinds hold clips; of the others a folder may hold anything, so that they are looked at first.
CERTAIN = (".skeleton", ".npy", ".npz", ".bvh")
UNCERTAIN = (".pkl", ".pickle", ".json", ".csv", ".tsv", ".txt")
SUFFIXES = CERTAIN + UNCERTAIN


def read_file(path: Path, options: ReadOptions) -> Found:
    """What one file holds.

    Raises:
        FormatError, ShapeError, InvalidClipError, UnsafeFileError: of the reader of its format.
    """
    refuse_special(path)
    layout = options.layout
    readers: dict[str, Callable[[Path], Found]] = {
        ".skeleton": lambda p: read_pku(p) if is_pku_recording(p) else _skeleton(p, options),
        ".npy": lambda p: find_npy(p, options),
        ".npz": lambda p: find_npz(p, options),
        ".bvh": lambda p: read_bvh(p, layout),
        ".pkl": read_pyskl,
        ".pickle": read_pyskl,
        ".json": lambda p: read_json(p, layout),
        ".csv": lambda p: read_csv(p, layout),
        ".tsv": lambda p: read_csv(p, layout),
        ".txt": lambda p: read_pku(p) if is_pku_recording(p) else read_csv(p, layout),
    }
    suffix = path.suffix.lower()
    if suffix not in readers and path.exists():
        raise FormatError(
            f"{path} has the suffix {path.suffix!r}; expected {', '.join(SUFFIXES)}, or a folder."
        )
    return readers.get(suffix, readers[".npy"])(path)


def _skeleton(path: Path, options: ReadOptions) -> Found:
    return found_clips(str(path), "NTU .skeleton", [read_skeleton(path, options.recipe)])


def find_any(value: object, options: ReadOptions) -> Found:
    """What an object in memory holds: an array, a clip, landmarks, annotations, the content of JSON.

    Raises:
        FormatError, ShapeError: something else.
    """
    if isinstance(value, np.ndarray | torch.Tensor):
        return find_object(value, options)
    if isinstance(value, Clip):
        data = prepare_clip(value.data, "the clip", options.repair)
        return Found(where="the clip", format="clip", clips=(dataclasses.replace(value, data=data),))
    if isinstance(value, ClipStore):
        return Found(where="the store", format="skelrep store", clips=tuple(value))
    kind = f"the {type(value).__name__}"
    if is_annotations(value):
        return find_annotations(value, kind, "clip")
    if isinstance(value, str | bytes) or not isinstance(value, Mapping | Sequence):
        if not hasattr(value, "pose_world_landmarks") and not hasattr(value, "landmark"):
            raise FormatError(
                f"path is a {kind[4:]}; expected a file, a folder, an array, landmarks, or a list of them."
            )
        value = [value]
    return find_content(value, options.layout, kind, "clip")


def is_list_of_sources(value: object) -> bool:
    """Whether a list holds paths, arrays and clips, each a source of its own, instead of frames."""
    kinds = (str, os.PathLike, np.ndarray, torch.Tensor, Clip)
    return isinstance(value, list | tuple) and all(isinstance(item, kinds) for item in value)


def sources_of(frames: Iterable[Path]) -> list[Path | list[Path]]:
    """The files of a folder, in order; the frames of one OpenPose recording together as a list."""
    sources: list[Path | list[Path]] = []
    last: tuple[Path, str] | None = None
    for path in frames:
        refuse_special(path)
        name = clip_name(path.stem) if path.stem.endswith("_keypoints") and path.suffix == ".json" else None
        if name is None:
            sources.append(path)
            last = None
        elif last == (path.parent, name) and isinstance(sources[-1], list):
            sources[-1].append(path)
        else:
            sources.append([path])
            last = (path.parent, name)
    return sources
