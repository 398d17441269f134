"""The training set as far as it can be read: what `on_bad_clip` means before the first step."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..clips import Clip
from ..config import PretrainConfig, Recipe
from ..errors import DataWarning, SkelrepError
from ..read import ClipStore, as_clips
from ..read.assemble import assemble
from ..read.folders import find_files, is_companion
from ..read.json_files import read_openpose_folder
from ..read.raw import ReadOptions
from ..read.sources import sources_of
from ..read.store_files import is_store
from .data import as_store


def training_store(clips: object, config: PretrainConfig) -> ClipStore:
    """The clips of a run as a store; under ``on_bad_clip="skip"`` without those that cannot be read.

    Raises, warns: as `as_store` and `read_usable`.
    """
    skip = config.on_bad_clip == "skip"
    read = read_usable(clips, config.recipe_name) if skip else clips
    return as_store(read, config.recipe_name, config.on_bad_clip)


def readable_clips(clips: object, config: PretrainConfig) -> Sequence[Clip]:
    """`as_clips`, or under ``on_bad_clip="skip"`` `read_usable`."""
    read = read_usable if config.on_bad_clip == "skip" else as_clips
    return read(clips, recipe=config.recipe_name)


def read_usable(clips: object, recipe: Recipe) -> Sequence[Clip]:
    """`as_clips`, but a file of a folder or an item of a list that cannot be read is left out.

    Raises:
        SkelrepError: nothing can be read.

    Warns:
        DataWarning: which were left out, and why.
    """
    try:
        return as_clips(clips, recipe=recipe)
    except SkelrepError as error:
        whole = error
    kept: list[Clip] = []
    problems: list[str] = []
    for name, source in _sources(clips):
        try:
            kept += list(_read(source, recipe))
        except SkelrepError as error:
            text = str(error)
            problems.append(text if text.startswith(name) else f"{name}: {text}")
    if not kept:
        raise whole
    warnings.warn(
        f"{len(problems)} sources of clips cannot be read and were left out. {' '.join(problems[:5])}",
        DataWarning,
        stacklevel=4,
    )
    return kept


def _sources(clips: object, name: str = "clips") -> Iterator[tuple[str, object]]:
    """The files of folders and the items of lists, each with a name."""
    if isinstance(clips, str | os.PathLike):
        path = Path(os.fsdecode(clips))
        if not path.is_dir() or is_store(path):
            yield str(path), path
            return
        for source in sources_of(path for path in find_files(path) if not is_companion(path.name)):
            yield str(source if isinstance(source, Path) else source[0]), source
    elif isinstance(clips, list | tuple):
        for n, item in enumerate(clips):
            yield from _sources(item, f"{name}[{n}]")
    else:
        yield name, clips


def _read(source: object, recipe: Recipe) -> Sequence[Clip]:
    if not isinstance(source, list):
        return as_clips(source, recipe=recipe)
    return assemble(read_openpose_folder(source), ReadOptions(recipe=recipe))[0]
