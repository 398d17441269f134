"""Glitches: joints faster than people can be, bodies that jump, people who exchange slots."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..look import Body, Look
from ..report import Finding
from ..tally import Tally

MAX_SPEED = 12.0  # metres a second, any joint
MOST = 0.8  # of the joints move together when the body jumps as a whole


class Glitches:
    """Motion that cannot be."""

    def __init__(self) -> None:
        self._fast, self._jump, self._swap = Tally(), Tally(), Tally()

    def look(self, look: Look) -> None:
        """See one clip."""
        limit = MAX_SPEED / look.fps / look.metre
        swaps = _count_swaps(look, limit)
        if swaps:
            self._swap.add(look.name, f"{swaps} times")
            return
        fast = [body.distances > limit for body in look.bodies]
        if not any(one.any() for one in fast):
            return
        peak = max(float(np.nanmax(body.distances, initial=0)) for body in look.bodies)
        detail = f"{peak * look.metre * look.fps:.0f} m/s"
        jumps = any((one.mean(axis=1) > MOST).any() for one in fast)
        (self._jump if jumps else self._fast).add(look.name, detail)

    def findings(self) -> list[Finding]:
        """What was found."""
        return (
            self._swap.finding(
                "swap", "problem", "two people exchange their slots",
                "read with skelrep.read.choose_bodies, which follows them",
            )
            + self._jump.finding(
                "jump", "warning", f"the whole body jumps, faster than {MAX_SPEED:.0f} m/s",
                "cut the clip there: two recordings, or two people, may have been joined",
            )
            + self._fast.finding(
                "glitch", "warning", f"a joint faster than {MAX_SPEED:.0f} m/s: the tracker lost it",
                "set it to NaN there and use skelrep.read.fill_gaps, or leave the clip out",
            )
        )  # fmt: skip

    def summary(self) -> dict[str, Any]:
        """Nothing."""
        return {}


def _count_swaps(look: Look, limit: float) -> int:
    """Frames at which both bodies jump, each to where the other one was."""
    if len(look.bodies) != 2:
        return 0
    a, b = look.bodies
    both, at_a, at_b = np.intersect1d(a.frames, b.frames, return_indices=True)
    if len(both) < 2:
        return 0
    stay = _apart(a, at_a, a, at_a) + _apart(b, at_b, b, at_b)
    cross = _apart(a, at_a, b, at_b) + _apart(b, at_b, a, at_a)
    near = (np.diff(both) == 1) & (cross < stay / 2) & (stay > 0.5 * limit)
    return int(np.count_nonzero(near))


def _apart(before: Body, rows: np.ndarray, after: Body, columns: np.ndarray) -> np.ndarray:
    """Mean joint distance between a body in each frame and a body in the next."""
    step = after.joints[columns[1:]] - before.joints[rows[:-1]]
    return np.asarray(np.linalg.norm(step, axis=2).mean(axis=1))
