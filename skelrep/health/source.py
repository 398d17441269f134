"""Clips for the doctor: file by file, so that one bad file hides no other, with NaN left in."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..clips import Clip
from ..config import Recipe
from ..errors import FormatError, InvalidClipError, ShapeError, SkelrepError, UnsafeFileError
from ..read import ClipStore, read_clips
from ..read.anything import gather
from ..read.assemble import assemble
from ..read.folders import find_files, is_companion
from ..read.json_files import read_openpose_folder
from ..read.raw import ReadOptions
from ..read.sources import UNCERTAIN, read_file, sources_of
from ..read.store_files import is_store
from .report import Finding
from .tally import Tally

# Kind of error -> check, what it means, what to do; the first that fits.
_REFUSALS: tuple[tuple[type[Exception], str, str, str], ...] = (
    (UnsafeFileError, "unsafe", "a file that would run code was not opened", "save it again as plain arrays"),
    (ShapeError, "layout", "arrays that are no clips", "see each message for the line that repairs it"),
    (InvalidClipError, "no body", "files without a usable body", "leave these files out"),
    (FormatError, "unreadable", "files that are cut short or of another format", "copy them again"),
    (Exception, "unreadable", "files that cannot be read", "see each message"),
)


@dataclass(eq=False)
class Source:
    """Where clips come from.

    Attributes:
        clips: a path of a file or folder, a list of paths, or whatever `as_clips` takes.
        recipe: as of `read_clips`.
        refused: files that could not be read, by check; filled while iterating.
        noted: files of which the reader says something; filled while iterating.
        formats: files by suffix; filled while iterating.
    """

    clips: object
    recipe: Recipe
    refused: dict[str, Tally] = field(default_factory=dict)
    noted: Tally = field(default_factory=Tally)
    formats: Counter[str] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[Clip]:
        """Every clip that can be read, in order."""
        options = ReadOptions(recipe=self.recipe, check_values=False)
        paths = _as_paths(self.clips)
        if paths is None:
            yield from gather(self.clips, options.repair)
            return
        for path in paths:
            yield from self._clips_of(path, options)

    def _clips_of(self, path: Path, options: ReadOptions) -> Iterator[Clip]:
        if path.is_dir() and is_store(path):
            self.formats["clip store"] += 1
            yield from ClipStore.open(path)
            return
        files = find_files(path) if path.is_dir() else [path]
        if not files or not path.exists():
            read_clips(path)  # says what is wrong
        for source in sources_of(files):
            file = source[0] if isinstance(source, list) else source
            name = str(file.relative_to(path)) if path.is_dir() else file.name
            try:
                found = read_openpose_folder(source) if isinstance(source, list) else read_file(file, options)
                clips, report = assemble(found, options)
            except (SkelrepError, OSError) as error:
                if path.is_dir() and _is_no_recording(file, error):
                    continue
                self._refuse(name, error)
            else:
                if report.notes:
                    self.noted.add(name, "; ".join(report.notes))
                yield from clips
            self.formats[file.suffix.lower()] += len(source) if isinstance(source, list) else 1

    def _refuse(self, name: str, error: Exception) -> None:
        check = next(check for kind, check, _, _ in _REFUSALS if isinstance(error, kind))
        self.refused.setdefault(check, Tally()).add(name, " ".join(str(error).split()))

    def findings(self) -> list[Finding]:
        """Files that could not be read, and what the reader says of others."""
        found = self.noted.finding(
            "reading", "warning", "the reader had to guess or to repair", "see each message"
        )
        for check, tally in self.refused.items():
            message, remedy = next((m, r) for _, name, m, r in _REFUSALS if name == check)
            found += tally.finding(check, "problem", message, remedy)
        return found

    def summary(self) -> dict[str, Any]:
        """Files by format."""
        return {"files": dict(self.formats)} if self.formats else {}


def _is_no_recording(file: Path, error: Exception) -> bool:
    """Notes and labels beside the recordings, which `read_clips` passes over without a word too."""
    other = isinstance(error, FormatError | ShapeError) and file.suffix.lower() in UNCERTAIN
    return other and is_companion(file.name)


def _as_paths(clips: object) -> list[Path] | None:
    """Paths, where nothing but paths was given."""
    if isinstance(clips, str | os.PathLike):
        return [Path(os.fsdecode(clips))]
    if isinstance(clips, list | tuple) and clips and all(isinstance(one, str | os.PathLike) for one in clips):
        return [Path(os.fsdecode(one)) for one in clips]
    return None
