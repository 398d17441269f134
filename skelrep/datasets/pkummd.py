"""PKU-MMD, phases I and II: the published splits, from the lists that come with the recordings.

The lists (``Split/cross_subject.txt``, ``cross_view.txt``, and ``..._v2.txt`` for phase II) are part of the
data set's download and are read from there. Cross-view needs none: its rule is the camera.
"""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import EvaluationError
from ..read.pkummd import RECORDING
from .side import Side

PHASE_TWO = re.compile(r"A\d{2,3}N\d{2,3}-[LMR]")
TRAINING_CAMERAS = "MR"
MAX_LIST_BYTES = 2**20
_KINDS = {"xsub": "subject", "xview": "view"}


def pku_phase(name: str) -> int | None:
    """1 or 2, by the name of a recording (``0002-L``, ``A01N02-L``); None for another name.

    Example:
        >>> pku_phase("0002-L"), pku_phase("A01N02-L"), pku_phase("notes")
        (1, 2, None)
    """
    if RECORDING.fullmatch(name) is None:
        return None
    return 2 if PHASE_TWO.fullmatch(name) else 1


def camera_side(name: str) -> Side:
    """Cross-view: the middle and right cameras train, the left one tests.

    Source:
        Liu et al., "PKU-MMD: A Large Scale Benchmark for Continuous Multi-Modal Human Action Understanding",
        ACM Multimedia workshop 2017.
    """
    return "train" if name[-1] in TRAINING_CAMERAS else "test"


def list_file(folder: Path, phase: int, protocol: str) -> Path | None:
    """The data set's own list of a split, anywhere below a folder; None where it is not there.

    Raises:
        EvaluationError: there are several, and they differ.
    """
    end = r"[-_]?v2" if phase == 2 else ""
    pattern = re.compile(rf"cross[-_]?{_KINDS[protocol]}{end}\.txt", re.IGNORECASE)
    found = sorted(path for path in folder.rglob("*.txt") if pattern.fullmatch(path.name))
    if len({path.read_bytes()[: MAX_LIST_BYTES + 1] for path in found}) > 1:
        raise EvaluationError(
            f"{found[0]} and {found[1]} are two lists of one split, and they differ. Leave one of them."
        )
    return found[0] if found else None


def read_list(path: Path) -> dict[str, Side]:
    """The side of each recording that a list names.

    Args:
        path: text of headings that hold the word "train", or "test" or "validation", each followed by
            names of recordings between commas or blanks.

    Raises:
        EvaluationError: no such text, a recording on both sides, or a side without recordings.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "cross_view.txt")
        ...     _ = path.write_text("Training videos:\\n0002-M, 0002-R\\nTesting videos:\\n0002-L,\\n")
        ...     read_list(path)
        {'0002-M': 'train', '0002-R': 'train', '0002-L': 'test'}
    """
    text = path.read_bytes()[:MAX_LIST_BYTES].decode("utf-8", "replace")
    sides: dict[str, Side] = {}
    side: Side | None = None
    for word in re.split(r"[,\s]+", text):
        lower = word.lower()
        if "train" in lower:
            side = "train"
        elif "test" in lower or "valid" in lower:
            side = "test"
        elif RECORDING.fullmatch(word) and side is not None and sides.setdefault(word, side) != side:
            raise EvaluationError(f"{path} has {word} on both sides. Take the list from the data set again.")
    if set(sides.values()) != {"train", "test"}:
        raise EvaluationError(
            f"{path} names {len(sides)} recordings, not some to train and some to test; expected a line "
            "'Training videos:', names, a line 'Testing videos:', names."
        )
    return sides
