"""The `Clip` record: one recording of one or two bodies, in metres, NTU-25 layout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, kw_only=True)
class Clip:
    """One recording.

    Attributes:
        data: float32 (C=3, T, V=25, M), metres, y up; an absent body is all zero. T and M differ from clip to
            clip.
        name: the file's stem, or another name a person knows it by.
        label: class number, where known.
        fps: frames per second, where known.
        layout: the joint order of `data`; always ``"ntu25"`` after reading.
    """

    data: NDArray[np.float32]
    name: str = ""
    label: int | None = None
    fps: float | None = None
    layout: str = "ntu25"
