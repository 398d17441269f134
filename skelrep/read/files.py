"""`read_clips`: any file or folder of clips, in a natural order."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

from ..clips import Clip
from ..config import Recipe
from ..errors import ClipsNotFoundError, ConfigError, FormatError, InvalidClipError
from .archives import read_npz
from .arrays import read_npy, warn_left_out
from .dataset import ClipStore, is_store
from .ntu import read_skeleton
from .prepare import Repair

Layout = Literal["auto", "ntu25"]
SUFFIXES = (".skeleton", ".npy", ".npz")

# Files with other views of the clips beside them, as CrosSCLR and 2s-AGCN write them.
_DERIVED = re.compile(r"(.+)_(?:(?:data_)?(?:joint_|bone_)?motion|(?:data_)?bone)")
_ORIGINALS = ("_position", "_data_joint", "_joint", "_data")


def read_clips(
    path: str | os.PathLike[str] | list[str | os.PathLike[str]],
    *,
    layout: Layout = "auto",
    recipe: Recipe = "fixed",
    max_gap: int | None = None,
) -> list[Clip]:
    """Read clips from files.

    Args:
        path: a `.skeleton`, `.npy` or `.npz` file; a list of such; a folder, searched with its subfolders (in
            natural
            order: clip 2 before clip 10), or a saved `ClipStore`.
        layout: the joint order of the files; NTU-25 is the one that is known.
        recipe: what happens to the bodies of a `.skeleton` file: ``"fixed"`` tracks them by id, drops ghosts
            and fills gaps; ``"faithful"`` keeps the first two of each frame in file order, as published.
            Of an array with more than two bodies, ``"fixed"`` keeps the two that move most (`choose_bodies`).
        max_gap: joints of an array that are NaN for at most so many frames are filled (`fill_gaps`); by
            default NaN is an error.

    Returns:
        clips in order, float32 (3, T, 25, M), in the unit of the file (metres in NTU files). Files of a
        folder in which no body was tracked are left out, with one `DataWarning` that names them.

    Raises:
        ClipsNotFoundError: no such file or folder.
        FormatError: a file that is damaged or of another kind, or a folder without any.
        UnsafeFileError: a pickle that would run code.
        ShapeError, InvalidClipError: an array that is no clip; a single file without a body.

    Example:
        >>> import numpy as np, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.save(folder + "/wave.npy", np.ones((3, 40, 25, 1)))
        ...     [clip.name for clip in read_clips(folder)]
        ['wave']
    """
    _check_options(layout, recipe)
    repair = Repair(recipe=recipe, max_gap=max_gap)
    if isinstance(path, list | tuple):
        return [
            clip for item in path for clip in read_clips(item, layout=layout, recipe=recipe, max_gap=max_gap)
        ]
    if not isinstance(path, str | os.PathLike):
        raise FormatError(f"path is a {type(path).__name__}; expected a file, a folder, or a list of them.")
    source = Path(os.fsdecode(path))
    try:
        if source.is_dir():
            return list(ClipStore.open(source)) if is_store(source) else _read_folder(source, repair)
        return read_file(source, repair)
    except FileNotFoundError as error:
        raise ClipsNotFoundError(f"{source} does not exist; expected a file or folder of clips.") from error
    except OSError as error:
        raise FormatError(
            f"{source} cannot be read ({error.strerror or error}). Check its permissions."
        ) from error


def _check_options(layout: str, recipe: str) -> None:
    for name, value, known in (("layout", layout, get_args(Layout)), ("recipe", recipe, get_args(Recipe))):
        if value not in known:
            raise ConfigError(f"{name} is {value!r}; supported are {', '.join(map(repr, known))}.")


def read_file(path: Path, repair: Repair) -> list[Clip]:
    """The clips of one file."""
    readers: dict[str, Callable[[Path], list[Clip]]] = {
        ".skeleton": lambda p: [read_skeleton(p, repair.recipe)],
        ".npy": lambda p: read_npy(p, repair),
        ".npz": lambda p: read_npz(p, repair),
    }
    if path.suffix.lower() not in readers and path.exists():
        raise FormatError(
            f"{path} has the suffix {path.suffix!r}; expected {', '.join(SUFFIXES)}, or a folder."
        )
    return readers.get(path.suffix.lower(), readers[".npy"])(path)


def _read_folder(folder: Path, repair: Repair) -> list[Clip]:
    files = find_files(folder)
    if not files:
        raise FormatError(f"{folder} holds no clips; looked for files ending in {', '.join(SUFFIXES)}.")
    clips: list[Clip] = []
    without: list[str] = []
    for file in files:
        try:
            clips += read_file(file, repair)
        except InvalidClipError:
            if file.suffix.lower() != ".skeleton":
                raise
            without.append(file.name)
    if not clips:
        raise InvalidClipError(
            f"{folder} holds {len(files)} files and no usable body in any. See one: {files[0]}."
        )
    warn_left_out(without, str(folder))
    return clips


def find_files(folder: Path) -> list[Path]:
    """Files of clips in a folder and its subfolders, in natural order; files of derived views are passed
    over."""
    found = [
        Path(root, name)
        for root, _, names in os.walk(folder)
        for name in names
        if Path(name).suffix.lower() in SUFFIXES and not name.startswith(".")
    ]
    return sorted((path for path in found if not _is_derived(path)), key=lambda p: natural_key(str(p)))


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Sort key under which numbers in text count as numbers.

    Example:
        >>> sorted(["clip10", "clip2"], key=natural_key)
        ['clip2', 'clip10']
    """
    parts = re.split(r"([0-9]+)", text)
    return [(1, int(part), part) if part.isdecimal() else (0, 0, part) for part in parts]


def _is_derived(path: Path) -> bool:
    """A `train_motion.npy` beside a `train_position.npy` holds another view of the same clips."""
    match = _DERIVED.fullmatch(path.stem)
    return match is not None and any(path.with_name(f"{match[1]}{end}.npy").exists() for end in _ORIGINALS)
