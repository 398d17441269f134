"""Time that stands still or skips: frozen, repeated and dropped frames."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..look import Body, Look
from ..report import Finding
from ..tally import Tally

FROZEN_SECONDS = 0.3
MIN_REPEATS = 2
# A dropped frame: a step about twice as long as those around it, in their direction, of a moving body.
RATIO, EVEN, SAME_WAY, MIN_STEP = (1.6, 3.0), 1.5, 0.8, 0.004
MIN_DROPS, MIN_DROP_SHARE = 3, 0.15


class Stills:
    """Frames that are not a measurement of their own, or are missing."""

    def __init__(self) -> None:
        self._static, self._frozen, self._repeated, self._dropped = (Tally() for _ in range(4))
        self._drops = self._steady = 0

    def look(self, look: Look) -> None:
        """See one clip."""
        if not look.bodies or look.num_frames < 3:
            return
        still = _still_frames(look)
        run = longest_run(still)
        if len(still) and still.all():
            self._static.add(look.name)
        elif run >= FROZEN_SECONDS * look.fps:
            self._frozen.add(look.name, f"{run} frames")
        elif np.count_nonzero(still) >= MIN_REPEATS:
            self._repeated.add(look.name, f"{np.count_nonzero(still)} frames")
        drops, steady = count_drops(look.bodies[0], look.metre)
        self._drops, self._steady = self._drops + drops, self._steady + steady
        if drops >= MIN_DROPS and drops >= MIN_DROP_SHARE * steady:
            self._dropped.add(look.name, f"{drops} of {steady} steps")

    def findings(self) -> list[Finding]:
        """What was found."""
        return (
            self._static.finding(
                "static", "problem", "the same pose in every frame", "leave these clips out"
            )
            + self._frozen.finding(
                "frozen", "warning", f"the same pose for {FROZEN_SECONDS} seconds or more: tracking stopped",
                "cut these frames off, or set them to NaN and use skelrep.read.fill_gaps",
            )
            + self._repeated.finding(
                "repeated", "note", "single frames repeated exactly", "drop repeated frames before encoding"
            )
            + self._dropped.finding(
                "dropped", "note", "steps twice as long as those around them: the sensor dropped frames",
                "resample by the time stamps, where you have them",
            )
        )  # fmt: skip

    def summary(self) -> dict[str, Any]:
        """Share of steady steps that skip a frame."""
        return {"dropped_frames_share": round(self._drops / self._steady, 4)} if self._steady else {}


def _still_frames(look: Look) -> NDArray[np.bool_]:
    """bool (T - 1,): no present body moved at all. A body that is merely held counts as absent."""
    moved = np.zeros(look.num_frames - 1, dtype=np.bool_)
    seen = np.zeros_like(moved)
    for body in look.bodies:
        before = body.frames[:-1]
        known = np.diff(body.frames) == 1
        seen[before[known]] = True
        moved[before[known]] |= body.distances[known].max(axis=1) > 0
    return seen & ~moved


def longest_run(flags: NDArray[np.bool_]) -> int:
    """Length of the longest run of True.

    Example:
        >>> longest_run(np.array([True, False, True, True]))
        2
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def count_drops(body: Body, metre: float) -> tuple[int, int]:
    """Steps that skip a frame, and all steps of steady motion."""
    steps = np.nan_to_num(body.steps).reshape(len(body.steps), -1)
    if len(steps) < 3:
        return 0, 0
    size = np.sqrt(np.einsum("kd,kd->k", steps, steps))
    along = np.einsum("kd,kd->k", steps[1:], steps[:-1]) / np.maximum(size[1:] * size[:-1], 1e-12)
    around = (size[:-2] + size[2:]) / 2
    joint_step = size[1:-1] / np.sqrt(body.joints.shape[1]) * metre
    even = np.maximum(size[:-2], size[2:]) < EVEN * np.minimum(size[:-2], size[2:])
    steady = even & (along[:-1] > SAME_WAY) & (along[1:] > SAME_WAY) & (joint_step > MIN_STEP)
    ratio = size[1:-1] / np.maximum(around, 1e-12)
    skipped = steady & (ratio > RATIO[0]) & (ratio < RATIO[1])
    return int(np.count_nonzero(skipped)), int(np.count_nonzero(steady))
