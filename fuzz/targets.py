"""One kind of file under attack: inputs by number, and what may come of reading them."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skelrep import Clip
from skelrep.errors import SkelrepError, SkelrepWarning

from .guard import Breach, timed, watched
from .mutate import stacked
from .mutate_formats import KINDS

MAX_MESSAGE = 5000  # characters of an error: it must not repeat the file
Files = Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Target:
    """One kind of file.

    Attributes:
        name: of the target.
        kind: which changes are made (`mutate_formats.KINDS`).
        seeds: valid and hostile files.
        read: takes the path of the file; a public function of skelrep, or as good as one.
        path: of the file, below the scratch folder; given its bytes.
        beside: other files that must lie there, by their path; given its bytes.
        writes: whether the reader may write into its folder.
    """

    name: str
    kind: str
    seeds: Callable[[], list[bytes]]
    read: Callable[[Path], object]
    path: Callable[[bytes], str]
    beside: Callable[[bytes], Files] = lambda _: {}
    writes: bool = False


class Runner:
    """Feeds inputs to one target in a scratch folder and says what came of each."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target, self._folder = target, folder
        self.seeds = target.seeds()
        self._there: dict[str, bytes] = {}

    def make(self, number: int, seed: int = 0) -> bytes:
        """Input `number`: the first ones are the seeds, the others changed seeds."""
        if number < len(self.seeds):
            return self.seeds[number]
        rng = random.Random(f"{self.target.name}/{seed}/{number}")
        return stacked(rng, rng.choice(self.seeds), KINDS[self.target.kind], self.seeds)

    def run(self, data: bytes) -> str:
        """``"parsed"``, or the name of our error.

        Raises:
            BaseException: anything else is a finding.
        """
        path = self._folder / self.target.path(data)
        self._put({**self.target.beside(data), self.target.path(data): data})
        try:
            with warnings.catch_warnings(), watched(self._folder, may_write=self.target.writes), timed():
                warnings.simplefilter("error")
                warnings.simplefilter("ignore", SkelrepWarning)
                result = self.target.read(path)
                check_result(result)
        except SkelrepError as error:
            if len(str(error)) > MAX_MESSAGE:
                raise Breach(f"an error of {len(str(error))} characters") from error
            return type(error).__name__
        finally:
            path.unlink(missing_ok=True)
            self._there.pop(self.target.path(data), None)
        return "parsed"

    def _put(self, files: Files) -> None:
        """Write what is not there yet; into new files, so that a mapped old one stays what it was."""
        for name, content in files.items():
            if self._there.get(name) is not content:
                path = self._folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.unlink(missing_ok=True)
                path.write_bytes(content)
                self._there[name] = content


def check_result(result: object) -> None:
    """Clips that came out of a file are whole.

    Raises:
        Breach: they are not.
    """
    for clip in result if isinstance(result, list) else ():
        if isinstance(clip, Clip):
            problem = _problem(clip)
            if problem:
                raise Breach(f"a clip with {problem}")


def _problem(clip: Clip) -> str:
    x = clip.data
    if (
        x.dtype != np.float32
        or x.ndim != 4
        or (x.shape[0], x.shape[2]) != (3, 25)
        or x.shape[3] not in (1, 2)
    ):
        return f"{x.dtype} {x.shape}"
    if not np.isfinite(x).all() or not x.any():
        return "no finite body"
    if not isinstance(clip.name, str):
        return f"the name {clip.name!r}"
    if clip.label is not None and not (type(clip.label) is int and abs(clip.label) < 2**63):
        return f"the label {clip.label!r:.40}"
    if clip.fps is not None and not (math.isfinite(clip.fps) and clip.fps > 0):
        return f"the frame rate {clip.fps!r}"
    return ""
