"""Which files of a folder may hold clips, and in which order."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .sources import SUFFIXES

# Files with other views of the clips beside them, as CrosSCLR and 2s-AGCN write them.
_DERIVED = re.compile(r"(.+)_(?:(?:data_)?(?:joint_|bone_)?motion|(?:data_)?bone)")
_ORIGINALS = ("_position", "_data_joint", "_joint", "_data")


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


def is_companion(name: str) -> bool:
    """Whether a file that holds no clips is of a kind that often lies beside them: notes, labels."""
    return name.lower().endswith(".txt") or "label" in name.lower()
