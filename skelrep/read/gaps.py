"""Missing joints: filled linearly in time where the gap is short, flagged where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..clips import as_float32
from ..errors import ConfigError, InvalidClipError, ShapeError
from ..layout import JOINT_NAMES

Unfilled = Literal["raise", "keep"]
MAX_GAP, MAX_HOLD, MIN_CONFIDENCE = 10, 5, 0.5  # frames: a third and a sixth of a second at 30 a second


@dataclass(frozen=True, eq=False, kw_only=True)
class GapReport:
    """What was missing in a clip, and what was filled.

    Attributes:
        missing: bool (T, V, M), joints that were not measured.
        filled: bool (T, V, M), those of them that are interpolated or held now.
        longest_gap: frames of the longest run without one joint.
        absent_bodies: slots without a single measured joint; they are zero now and not `missing`.
    """

    missing: NDArray[np.bool_]
    filled: NDArray[np.bool_]
    longest_gap: int
    absent_bodies: tuple[int, ...] = ()

    @property
    def unfilled(self) -> NDArray[np.bool_]:
        """bool (T, V, M): joints that are still NaN."""
        return self.missing & ~self.filled

    @property
    def joints(self) -> tuple[str, ...]:
        """Names of the joints that were missing anywhere."""
        return tuple(JOINT_NAMES[joint] for joint in np.flatnonzero(self.missing.any(axis=(0, 2))))

    @property
    def frames(self) -> NDArray[np.int64]:
        """Numbers of the frames in which any joint was missing."""
        return np.flatnonzero(np.asarray(self.missing.any(axis=(1, 2))))

    def __str__(self) -> str:
        """One line: how much, where, how long."""
        if not self.missing.any():
            return "nothing is missing"
        names = ", ".join(self.joints[:4]) + (", ..." if len(self.joints) > 4 else "")
        return (
            f"{np.count_nonzero(self.missing)} joints missing in {len(self.frames)} of {len(self.missing)} "
            f"frames ({names}), longest gap {self.longest_gap} frames, {np.count_nonzero(self.filled)} filled"
        )


def fill_gaps(
    array_CTVM: NDArray[np.generic],
    *,
    confidence: NDArray[np.generic] | None = None,
    max_gap: int = MAX_GAP,
    max_hold: int = MAX_HOLD,
    min_confidence: float = MIN_CONFIDENCE,
    unfilled: Unfilled = "raise",
) -> tuple[NDArray[np.float32], GapReport]:
    """Fill joints that a tracker lost for a short time.

    A joint is missing in a frame where a coordinate is NaN or infinite, or its confidence is low. A frame in
    which a body is all zero holds no body: nothing is filled there, nor interpolated from it.

    Args:
        array_CTVM: numbers (C=3, T, V=25, M), any M from 1 on.
        confidence: numbers (T, V, M); NaN counts as 0.
        max_gap: the longest run of missing frames, between two measured ones, that is filled linearly.
        max_hold: the longest run before a joint's first or after its last measurement that holds this one.
        min_confidence: joints below it are missing.
        unfilled: what happens to a clip with longer gaps: ``"raise"``, or ``"keep"`` them as NaN.

    Returns:
        float32 (C, T, V, M), a new array, and the report.

    Raises:
        ShapeError: other axes.
        ConfigError: an impossible option.
        InvalidClipError: gaps that are too long, with ``unfilled="raise"``.

    Example:
        >>> x = np.ones((3, 4, 25, 1)) * np.arange(1, 5)[:, None, None]
        >>> x[:, 2, 7] = np.nan
        >>> filled, report = fill_gaps(x)
        >>> float(filled[0, 2, 7, 0]), report.joints, report.longest_gap
        (3.0, ('HandLeft',), 1)
    """
    _check_options(max_gap, max_hold, unfilled)
    x = np.array(as_float32(array_CTVM, "the clip", any_bodies=True))
    measured = np.isfinite(x).all(axis=0) & _confident(confidence, x.shape[1:], min_confidence)
    body = np.asarray(np.where(measured, x, 1).any(axis=(0, 2)))  # (T, M): not every joint is measured as 0
    absent = ~(measured & body[:, None]).any(axis=(0, 1))
    missing = ~measured & ~absent
    x[:, ~measured] = np.nan
    x[..., absent] = 0
    filled, longest = _fill(x, missing, measured & body[:, None], max_gap, max_hold)
    slots = tuple(int(slot) for slot in np.flatnonzero(absent))
    report = GapReport(missing=missing, filled=filled, longest_gap=longest, absent_bodies=slots)
    if unfilled == "raise" and report.unfilled.any():
        raise InvalidClipError(
            f"the clip has gaps that are too long to fill: {report}; expected at most {max_gap} frames, and "
            f"{max_hold} at an end. Raise max_gap or max_hold, or leave this clip out."
        )
    return x, report


def _fill(
    x: NDArray[np.float32],
    missing: NDArray[np.bool_],
    anchor: NDArray[np.bool_],
    max_gap: int,
    max_hold: int,
) -> tuple[NDArray[np.bool_], int]:
    """Fill `x` in place from the `anchor` joints; which joints were filled, and the longest gap."""
    time = np.arange(len(missing))[:, None, None]
    before = np.maximum.accumulate(np.where(missing, -1, time), axis=0)
    after = np.minimum.accumulate(np.where(missing, len(missing), time)[::-1], axis=0)[::-1]
    length = np.where(missing, after - before - 1, 0)
    left, right = np.maximum(before, 0), np.minimum(after, len(missing) - 1)
    from_left = (before >= 0) & np.take_along_axis(anchor, left, axis=0)
    from_right = (after < len(missing)) & np.take_along_axis(anchor, right, axis=0)
    limit = np.where(from_left & from_right, max_gap, np.where(from_left | from_right, max_hold, 0))
    filled = missing & (length <= limit)
    weight = ((time - before) / np.maximum(after - before, 1)).astype(np.float32)
    weight = np.where(from_left & from_right, weight, from_right.astype(np.float32))
    left, right = np.where(from_left, left, right), np.where(from_right, right, left)
    for axis in x:
        start, end = np.take_along_axis(axis, left, axis=0), np.take_along_axis(axis, right, axis=0)
        axis[filled] = (start + weight * (end - start))[filled]
    return filled, int(length.max(initial=0))


def _confident(
    confidence: NDArray[np.generic] | None, shape: tuple[int, ...], limit: float
) -> NDArray[np.bool_]:
    if confidence is None:
        return np.ones(shape, dtype=np.bool_)
    numbers = np.asarray(confidence)
    if numbers.shape != shape or numbers.dtype.kind not in "iuf":
        raise ShapeError(
            f"confidence is {numbers.dtype} {numbers.shape}; expected numbers {shape}: one for each frame, "
            "joint and body."
        )
    return np.asarray(numbers.astype(np.float64) >= limit)


def _check_options(max_gap: int, max_hold: int, unfilled: str) -> None:
    for name, value in (("max_gap", max_gap), ("max_hold", max_hold)):
        if value < 0:
            raise ConfigError(f"{name} is {value}; expected 0 frames or more.")
    if unfilled not in ("raise", "keep"):
        raise ConfigError(f"unfilled is {unfilled!r}; expected 'raise' or 'keep'.")
