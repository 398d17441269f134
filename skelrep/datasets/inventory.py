"""The recordings of a data set on this machine, side by side: what there is, before anything is read."""

from __future__ import annotations

import hashlib
import itertools
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import ClipsNotFoundError, EvaluationError
from ..read.folders import natural_key
from .ntu import missing_skeletons
from .pkummd import pku_phase
from .side import Side
from .splits import Split


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """Files of a split.

    Attributes:
        split: which.
        folder: where they lie.
        train, test: files in natural order.
        missing: how many were left out because the data set lists their skeletons as missing.
        bytes: size of all files of both sides.
        digest: identifies their names and sizes.
    """

    split: Split
    folder: Path
    train: tuple[Path, ...]
    test: tuple[Path, ...]
    missing: int
    bytes: int
    digest: str

    @property
    def files(self) -> tuple[Path, ...]:
        """All files, training first."""
        return self.train + self.test


def take_inventory(split: Split, folder: str | os.PathLike[str]) -> Inventory:
    """Find a split's recordings below a folder, without reading them.

    Raises:
        ClipsNotFoundError: no such folder, or no recordings on one of the sides.
        EvaluationError: a recording that is there twice, or a list that is missing (see `Split.sides`).
    """
    source = Path(folder)
    if not source.is_dir():
        raise ClipsNotFoundError(
            f"{source} is no folder; expected the folder of the raw files of {split.name}."
        )
    side_of = split.sides(source)
    recordings = _recordings(split, source)
    _refuse_twice(recordings)
    sides = {path: side_of(path.stem) for path in recordings}
    train, test = (_on(sides, side) for side in ("train", "test"))
    if not train or not test:
        raise ClipsNotFoundError(
            f"{source} holds {len(train)} training and {len(test)} test recordings of {split.name}, and both "
            f"sides need some. Expected {_expected(split)} in it or in its subfolders."
        )
    return Inventory(
        split=split,
        folder=source,
        train=train,
        test=test,
        missing=sum(path.stem in missing_skeletons() for path in recordings) if split.is_ntu else 0,
        bytes=sum(path.stat().st_size for path in train + test),
        digest=_digest(train, test),
    )


def _recordings(split: Split, folder: Path) -> list[Path]:
    """Files with names of recordings; of PKU-MMD's two files of one name, those outside label folders."""
    suffixes = (".skeleton",) if split.is_ntu else (".txt", ".skeleton")
    found = [
        Path(root, name) for root, _, names in os.walk(folder) for name in names if name.endswith(suffixes)
    ]
    if not split.is_ntu:
        found = [path for path in found if pku_phase(path.stem) and not _is_label(path, folder)]
    return sorted(found, key=lambda path: natural_key(path.name))


def _is_label(path: Path, folder: Path) -> bool:
    return any("label" in part.lower() for part in path.relative_to(folder).parts[:-1])


def _refuse_twice(recordings: list[Path]) -> None:
    for before, path in itertools.pairwise(recordings):
        if before.stem == path.stem:
            raise EvaluationError(f"{before} and {path} are the same recording twice. Leave one of them.")


def _on(sides: dict[Path, Side | None], wanted: str) -> tuple[Path, ...]:
    return tuple(path for path, side in sides.items() if side == wanted)


def _digest(train: tuple[Path, ...], test: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    for side, paths in (("train", train), ("test", test)):
        for path in paths:
            digest.update(f"{side}/{path.name}/{path.stat().st_size}\n".encode())
    return digest.hexdigest()


def _expected(split: Split) -> str:
    if split.is_ntu:
        return "files such as S001C002P003R002A013.skeleton"
    name = "A01N02-L" if split.dataset.endswith("2") else "0002-L"
    return f"files such as {name}.txt, and {name}.txt of their labels in a folder with 'label' in its name"
