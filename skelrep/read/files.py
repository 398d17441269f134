"""`read_clips` and `inspect_clips`: any file, folder or object of skeletons, in a natural order."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from ..clips import Clip
from ..config import Recipe
from ..errors import ClipsNotFoundError, ConfigError, DataWarning, FormatError, InvalidClipError, ShapeError
from ..layouts import Layout, find_layout
from .arrays import warn_left_out
from .assemble import assemble, warn_of
from .dataset import ClipStore
from .folders import find_files, is_companion
from .json_files import read_openpose_folder
from .raw import Found, LayoutName, ReadOptions
from .report import ReadReport, merge_reports, report_of_clips
from .sources import SUFFIXES, UNCERTAIN, find_any, is_list_of_sources, read_file, sources_of
from .store_files import is_store

Part = tuple[list[Clip], ReadReport]


def read_clips(
    path: object,
    *,
    layout: LayoutName | Layout = "auto",
    recipe: Recipe = "fixed",
    lift_2d: bool = False,
    max_gap: int | None = None,
) -> list[Clip]:
    """Read clips of any known skeleton, as NTU-25 in metres.

    Args:
        path: a file (formats: docs/formats.md); a folder, searched with its subfolders (in natural order:
            clip 2 before clip 10), or a saved `ClipStore`; an array of joints; MediaPipe landmarks; pyskl
            annotations; the content of a JSON file; or a list of these.
        layout: the skeleton of the source: a name, or a `Layout` of your own; ``"auto"`` recognises it.
        recipe: what happens to bodies: ``"fixed"`` tracks them, drops ghosts, fills gaps and keeps the two
            that move most; ``"faithful"`` keeps the first two of each frame in file order, as published.
        lift_2d: accept image positions, and give every joint the depth 0. Vectors of such clips are a guess.
        max_gap: joints that are NaN or not seen for at most so many frames are filled (`fill_gaps`); by
            default they are an error.

    Returns:
        clips in order, float32 (3, T, 25, M). NTU-25 sources keep their unit; others become metres. What
        should be known of a source is given as one `DataWarning`.

    Raises:
        ClipsNotFoundError: no such file or folder.
        FormatError: a file that is damaged, of another kind, or of an unknown or ambiguous skeleton.
        UnsafeFileError: a pickle that would run code.
        ShapeError, InvalidClipError: an array that is no clip, 2D positions, joints not seen, no body.
        ConfigError: an unknown layout or recipe.

    Example:
        >>> import numpy as np, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.save(folder + "/wave.npy", np.ones((3, 40, 25, 1)))
        ...     [clip.name for clip in read_clips(folder)]
        ['wave']
    """
    parts = list(_read(path, _options(layout, recipe, lift_2d, max_gap)))
    for _, report in parts:
        warn_of(report)
    return [clip for clips, _ in parts for clip in clips]


def iter_files(path: str | os.PathLike[str], *, recipe: Recipe = "fixed") -> Iterator[Clip]:
    """`read_clips` of a file or folder, file by file: the clips of one file are in memory at a time."""
    for _, clips in iter_sources(path, recipe=recipe):
        yield from clips


def iter_sources(path: object, *, recipe: Recipe = "fixed") -> Iterator[tuple[str, list[Clip]]]:
    """`read_clips`, with where the clips come from: a file, or a kind of object, and its clips."""
    for clips, report in _read(path, _options("auto", recipe, False, None)):
        warn_of(report)
        yield report.source, clips


def inspect_clips(
    path: object,
    *,
    layout: LayoutName | Layout = "auto",
    recipe: Recipe = "fixed",
    lift_2d: bool = False,
    max_gap: int | None = None,
) -> tuple[list[Clip], ReadReport]:
    """`read_clips`, and a report of what was recognised and done; its notes are not given as warnings.

    Args:
        path, layout, recipe, lift_2d, max_gap: as in `read_clips`.

    Returns:
        the clips, and one report of all sources: their layout, axes and unit, what was derived or repaired.

    Raises: as `read_clips`.

    Example:
        >>> import numpy as np
        >>> clips, report = inspect_clips(np.random.default_rng(0).normal(size=(40, 33, 3)))
        ... # doctest: +ELLIPSIS
        >>> report.layout, report.axes, len(report.derived)
        ('mediapipe33', '-x -y +z', 7)
    """
    parts = list(_read(path, _options(layout, recipe, lift_2d, max_gap)))
    where = str(path) if isinstance(path, str | os.PathLike) else f"a {type(path).__name__}"
    reports = [report for _, report in parts] or [report_of_clips(where, "nothing", [])]
    return [clip for clips, _ in parts for clip in clips], merge_reports(where, reports)


def _options(layout: object, recipe: str, lift_2d: bool, max_gap: int | None) -> ReadOptions:
    if recipe not in get_args(Recipe):
        known = ", ".join(map(repr, get_args(Recipe)))
        raise ConfigError(f"recipe is {recipe!r}; supported are {known}.")
    chosen = None if layout == "auto" else find_layout(layout)  # type: ignore[arg-type]
    return ReadOptions(layout=chosen, recipe=recipe, lift_2d=lift_2d, max_gap=max_gap)  # type: ignore[arg-type]


def _read(path: object, options: ReadOptions) -> Iterator[Part]:
    if is_list_of_sources(path):
        for item in path:  # type: ignore[attr-defined]
            yield from _read(item, options)
    elif not isinstance(path, str | os.PathLike):
        yield assemble(find_any(path, options), options)
    else:
        source = Path(os.fsdecode(path))
        try:
            yield from _read_path(source, options)
        except FileNotFoundError as error:
            raise ClipsNotFoundError(
                f"{source} does not exist; expected a file or folder of clips."
            ) from error
        except OSError as error:
            raise FormatError(
                f"{source} cannot be read ({error.strerror or error}). Check its permissions."
            ) from error


def _read_path(source: Path, options: ReadOptions) -> Iterator[Part]:
    if not source.is_dir():
        yield assemble(read_file(source, options), options)
    elif is_store(source):
        clips = tuple(ClipStore.open(source))
        yield assemble(Found(where=str(source), format="skelrep store", clips=clips), options)
    else:
        yield from _read_folder(source, options)


def _read_folder(folder: Path, options: ReadOptions) -> Iterator[Part]:
    files = find_files(folder)
    count = 0
    without: list[str] = []
    others: dict[str, Exception] = {}
    for source in sources_of(files):
        file = source[0] if isinstance(source, list) else source
        try:
            found = read_openpose_folder(source) if isinstance(source, list) else read_file(source, options)
            part = assemble(found, options)
        except InvalidClipError:
            if file.suffix.lower() != ".skeleton":
                raise
            without.append(file.name)
        except (FormatError, ShapeError) as error:
            if isinstance(source, list) or file.suffix.lower() not in UNCERTAIN:
                raise
            others[file.name] = error
        else:
            count += 1
            yield part
    _check_folder(folder, files, count, without, others)


def _check_folder(
    folder: Path, files: list[Path], found: int, without: list[str], others: dict[str, Exception]
) -> None:
    if found:
        warn_left_out(without, str(folder))
        _warn_of_others(folder, others)
    elif without:
        raise InvalidClipError(
            f"{folder} holds {len(files)} files and no usable body in any. See one: {files[0]}."
        )
    elif others:
        name, error = next(iter(others.items()))
        raise FormatError(
            f"{folder} holds {len(files)} files, none of clips. The first, {name}: {error}"
        ) from error
    else:
        raise FormatError(f"{folder} holds no clips; looked for files ending in {', '.join(SUFFIXES)}.")


def _warn_of_others(folder: Path, others: dict[str, Exception]) -> None:
    """A note in text beside clips is not worth a warning; a JSON, CSV or pickle might have been meant."""
    names = [name for name in others if not is_companion(name)]
    if names:
        first = str(others[names[0]])[:200]
        warnings.warn(
            f"{folder}: {len(names)} files are no clips and were left out: {', '.join(names[:9])}. {first}",
            DataWarning,
            stacklevel=2,
        )
