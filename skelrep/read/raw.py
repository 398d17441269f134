"""What a reader finds in a source before it is NTU-25: positions of some skeleton and its facts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..clips import Clip
from ..config import Recipe
from ..errors import FormatError
from ..layouts import Layout
from .prepare import Repair

MAX_NUMBERS = 200_000_000  # an hour of 25 joints of four people, at 120 frames a second

LayoutName = Literal[
    "auto", "ntu25", "mediapipe33", "coco17", "coco18", "body25", "h36m17", "azure32", "kinect20", "smpl22",
    "smpl24",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How sources are read.

    Attributes:
        layout: of the joints; None finds it.
        recipe: what happens to bodies.
        lift_2d: accept image positions, with the depth 0.
        max_gap: frames without a joint that are filled; None refuses NaN.
        check_values: False keeps NaN, and NTU-25 clips without a body, for whoever wants to report them.
    """

    layout: Layout | None = None
    recipe: Recipe = "fixed"
    lift_2d: bool = False
    max_gap: int | None = None
    check_values: bool = True

    @property
    def repair(self) -> Repair:
        """What is done to arrays that already are NTU-25."""
        return Repair(recipe=self.recipe, max_gap=self.max_gap, check_values=self.check_values)


@dataclass(frozen=True, kw_only=True, eq=False)
class RawClip:
    """One recording of any skeleton.

    Attributes:
        positions: (M, T, V, C) numbers of any type; C = 2 or 3, more columns hold a confidence (see
            `split_columns`); NaN where a joint was not seen.
        name, label, fps: as in `Clip`.
    """

    positions: NDArray[np.generic]
    name: str = ""
    label: int | None = None
    fps: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What one source holds: NTU-25 clips, or recordings of another skeleton.

    Attributes:
        where: the file or folder, for errors and reports.
        format: in words.
        clips: finished ones.
        raws: recordings that are still to be converted.
        layout: of the recordings, where the format says it.
        joints: names of their joints, where the file says them.
        only_coordinates: the last column of the recordings cannot be a confidence.
        notes: what a person should know.
    """

    where: str
    format: str
    clips: tuple[Clip, ...] = ()
    raws: tuple[RawClip, ...] = ()
    layout: Layout | None = None
    joints: tuple[str, ...] = ()
    only_coordinates: bool = False
    notes: tuple[str, ...] = field(default=())


def unseen_positions(shape: tuple[int, ...], where: str) -> NDArray[np.float64]:
    """NaN of a shape, which a file of a few bytes a frame must not make larger than memory.

    Raises:
        FormatError: more than `MAX_NUMBERS`.
    """
    if math.prod(shape) > MAX_NUMBERS:
        raise FormatError(f"{where} would take {shape} numbers, more than {MAX_NUMBERS:.0e}. Split it.")
    return np.full(shape, np.nan)


def split_columns(
    array: NDArray[np.generic], *, flat: bool = False
) -> tuple[NDArray[np.generic], NDArray[np.generic] | None]:
    """Positions and confidence of (..., V, C).

    Args:
        array: C = 2: x, y; 3: x, y, z, or x, y, confidence; 4 or 5: x, y, z, confidence (and presence); more:
            x, y, z and others, which are left out.
        flat: the source usually holds image positions, so that a third column in 0..1 is a confidence even
            where x and y are small.
    """
    columns = array.shape[-1]
    if columns == 3 and _is_confidence(array, flat):
        return array[..., :2], array[..., 2]
    if columns in (4, 5):
        return array[..., :3], array[..., 3]
    return array[..., :3], None


def hide_unseen(
    positions: NDArray[np.generic], confidence: NDArray[np.generic] | None
) -> NDArray[np.generic]:
    """Positions, NaN where the confidence is 0 or NaN."""
    if confidence is None:
        return positions
    unseen = ~(as_float64(confidence) > 0)
    return np.where(unseen[..., None], np.nan, as_float64(positions))


def as_float64(array: NDArray[np.generic]) -> NDArray[np.float64]:
    """Numbers of any type; a long double that is too large becomes infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(array, dtype=np.float64)


def _is_confidence(array: NDArray[np.generic], flat: bool) -> bool:
    """Whether the third column is no depth: within 0..1, while x and y are pixels or shares of an image."""
    if array.dtype.kind not in "iuf" or not array.size:
        return False
    numbers = np.nan_to_num(as_float64(array))
    third, image = numbers[..., 2], numbers[..., :2]
    if third.min() < 0 or third.max() > 1.001 or not third.any():
        return False
    return bool(np.abs(image).max() > 10 or (flat and image.min() >= 0))
