"""One raw file of a data set to its clips, and what a clip takes in the gathered store."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..clips import MAX_BODIES, Clip
from ..config import Recipe
from ..datasets import Inventory
from ..errors import EvaluationError, InvalidClipError
from ..layout import NUM_JOINTS
from ..read.assemble import assemble
from ..read.ntu import read_skeleton
from ..read.pkummd import read_pku
from ..read.raw import ReadOptions

FRAME_SHAPE = (MAX_BODIES, NUM_JOINTS, 3)
FRAME_BYTES = 4 * MAX_BODIES * NUM_JOINTS * 3


@dataclass(frozen=True, eq=False, kw_only=True)
class Recording:
    """The clips of a raw file, and what should be known of it, such as what was left out."""

    clips: list[Clip]
    notes: tuple[str, ...] = ()


class RecordingReader:
    """Reads the files of an inventory.

    Args:
        inventory: of one split.
        recipe: how bodies are read, see `read_clips`.
    """

    def __init__(self, inventory: Inventory, recipe: Recipe) -> None:
        self.inventory, self.recipe = inventory, recipe
        self._labels = {} if inventory.split.is_ntu else find_label_files(inventory.folder)

    def read(self, path: Path) -> Recording:
        """Read one file; without a body it has no clips.

        Raises:
            FormatError: it is damaged.
            EvaluationError: a recording of PKU-MMD without its label file.
        """
        try:
            if self.inventory.split.is_ntu:
                return Recording(clips=[read_skeleton(path, self.recipe)])
            if path.stem not in self._labels:
                raise EvaluationError(
                    f"there is no label file for {path}; expected {path.stem}.txt in a folder below "
                    f"{self.inventory.folder} with 'label' in its name."
                )
            found = read_pku(path, self._labels[path.stem])
            clips, report = assemble(found, ReadOptions(recipe=self.recipe))
        except InvalidClipError as error:
            return Recording(clips=[], notes=(str(error),))
        return Recording(clips=clips, notes=report.notes)


def find_label_files(folder: Path) -> dict[str, Path]:
    """Label files of PKU-MMD by the names of their recordings: those in folders named after labels."""
    return {
        Path(name).stem: Path(root, name)
        for root, _, names in os.walk(folder)
        for name in names
        if "label" in Path(root).relative_to(folder).as_posix().lower() and name.endswith((".txt", ".label"))
    }


def frames_of(clip: Clip) -> NDArray[np.float32]:
    """A clip as frames of the store: float32 (T, M=2, V=25, C=3), an absent body zero."""
    frames = np.zeros((clip.data.shape[1], *FRAME_SHAPE), dtype=np.float32)
    frames[:, : clip.data.shape[3]] = clip.data.transpose(1, 3, 2, 0)
    return frames
