"""PKU-MMD: untrimmed recordings, a line of 150 numbers a frame, cut into clips by their label files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..layout import NUM_JOINTS
from ..layouts import LAYOUTS
from .raw import Found, RawClip

BODIES, FPS = 2, 30.0
FRAME_NUMBERS = BODIES * NUM_JOINTS * 3
# A recording of phase I ("0002-L") or II ("A01N02-L") by one of the three cameras.
RECORDING = re.compile(r"(?:[A-Z]?\d{3,4}|A\d{2,3}N\d{2,3})-[LMR]")
_LABEL = re.compile(r"\s*(\d{1,4})\s*,\s*(\d{1,9})\s*,\s*(\d{1,9})(?:\s*,\s*\S+)?\s*")
MAX_SPAN = 10**6  # frames an action may claim


def is_pku_recording(path: Path) -> bool:
    """Whether a file has the name of a recording and holds frames, not labels."""
    if not RECORDING.fullmatch(path.stem):
        return False
    with path.open("rb") as file:
        return len(file.readline(20_000).split()) == FRAME_NUMBERS


def read_pku(path: Path, labels: Path | None = None) -> Found:
    """Read a recording, and cut it by the label file of the same name.

    Args:
        path: a line a frame: x, y, z of 25 joints of two bodies. Labels, lines of class, first frame, last
            frame, confidence, are looked for beside it (``.label``) and in folders beside or above it whose
            name holds "label". Without any, the recording stays one clip.
        labels: its label file, where it is known.

    Returns:
        recordings named ``0002-L/3``, the label being class - 1.

    Raises:
        FormatError: another content in either file.
    """
    frames_MTVC = _frames(path)
    label_file = find_labels(path) if labels is None else labels
    if label_file is None:
        raw = RawClip(positions=frames_MTVC, name=path.stem, fps=FPS)
        notes = (f"no label file for {path.stem}: one uncut recording",)
        return Found(
            where=str(path),
            format="PKU-MMD",
            raws=(raw,),
            layout=LAYOUTS["ntu25"],
            only_coordinates=True,
            notes=notes,
        )
    raws = tuple(
        RawClip(positions=frames_MTVC[:, first:last], name=f"{path.stem}/{n}", label=label, fps=FPS)
        for n, (label, first, last) in enumerate(read_labels(label_file, frames_MTVC.shape[1]))
    )
    return Found(where=str(path), format="PKU-MMD", raws=raws, layout=LAYOUTS["ntu25"], only_coordinates=True)


def find_labels(path: Path) -> Path | None:
    """The label file of a recording."""
    folders = [path.parent, *(
        folder
        for above in (path.parent, path.parent.parent)
        for folder in sorted(above.iterdir())
        if folder.is_dir() and "label" in folder.name.lower()
    )]  # fmt: skip
    for folder in folders:
        for suffix in (".label", ".txt"):
            candidate = folder / (path.stem + suffix)
            if candidate != path and candidate.is_file():
                return candidate
    return None


def read_labels(path: Path, frames: int) -> list[tuple[int, int, int]]:
    """Label, first and past-the-end frame of each action.

    Raises:
        FormatError: a line of another form, or an action beyond the recording.
    """
    actions = []
    for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1):
        if not line.strip():
            continue
        match = _LABEL.fullmatch(line)
        if match is None:
            raise FormatError(f"{path}, line {number}: {line[:40]!r}; expected class,first,last,confidence.")
        kind, first, last = (int(match[n]) for n in (1, 2, 3))
        if kind < 1 or not first < last <= frames + MAX_SPAN or first >= frames:
            raise FormatError(
                f"{path}, line {number}: class {kind} from frame {first} to {last} of {frames}. Do the label "
                "file and the recording belong together?"
            )
        actions.append((kind - 1, first, min(last, frames)))
    if not actions:
        raise FormatError(f"{path} names no actions; expected lines of class,first,last,confidence.")
    return actions


def _frames(path: Path) -> NDArray[np.float64]:
    """(M, T, V, C); a body that is not there is 0."""
    lines = path.read_bytes().splitlines()
    rows = [line.split() for line in lines if line.strip()]
    for number, row in enumerate(rows, start=1):
        if len(row) != FRAME_NUMBERS:
            raise FormatError(
                f"{path}, frame {number}: {len(row)} numbers; expected {FRAME_NUMBERS}. Is it whole?"
            )
    try:
        numbers = np.array(rows, dtype=np.float64)
    except ValueError as error:
        raise FormatError(f"{path} holds something else than numbers ({str(error)[:80]}).") from error
    if not len(numbers):
        raise FormatError(f"{path} is empty; expected a line of {FRAME_NUMBERS} numbers a frame.")
    return numbers.reshape(-1, BODIES, NUM_JOINTS, 3).transpose(1, 0, 2, 3)
