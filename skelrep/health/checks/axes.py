"""Up: the head is above the base of the spine, so the axis that points there should be +y."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ...layout import HEAD, SPINE_BASE
from ..look import Look
from ..report import Finding
from ..tally import Tally

AXES = ("+x", "+y", "+z", "-x", "-y", "-z")
UP = AXES.index("+y")
STEADY = 0.9  # share of frames with the head along one axis: people do not lie as constantly as axes do
UPRIGHT = 0.75  # share of frames with the head above the base


class UpAxis:
    """Where the head is."""

    def __init__(self) -> None:
        self._turned: dict[str, Tally] = {axis: Tally() for axis in AXES}
        self._lying = Tally()
        self._axes: Counter[str] = Counter()

    def look(self, look: Look) -> None:
        """See one clip."""
        if not look.bodies:
            return
        joints = look.bodies[0].joints
        rise = joints[:, HEAD] - joints[:, SPINE_BASE]
        signed = np.concatenate([rise, -rise], axis=1)
        share = np.bincount(signed.argmax(axis=1), minlength=6) / len(rise)
        main = int(share.argmax())
        self._axes[AXES[main]] += 1
        above = float(np.mean(rise[:, 1] > 0))
        if main != UP and share[main] >= STEADY:
            self._turned[AXES[main]].add(look.name, f"{share[main]:.0%} of frames")
        elif above < UPRIGHT:
            self._lying.add(look.name, f"upright in {above:.0%} of frames")

    def findings(self) -> list[Finding]:
        """What was found."""
        found: list[Finding] = []
        for axis, tally in self._turned.items():
            found += tally.finding(
                "up axis", "problem", f"the head lies along {axis} of the base of the spine; y should be up",
                f"turn these clips until +y is up ({_remedy(axis)}), unless people lie down",
            )  # fmt: skip
        return found + self._lying.finding(
            "lying", "note", "the head is often below the pelvis: people lying, rolling or bending",
            "nothing, if so: vectors of lying people are less certain",
        )  # fmt: skip

    def summary(self) -> dict[str, Any]:
        """How many clips have their head along which axis."""
        return {"head_along": dict(self._axes.most_common())}


def _remedy(axis: str) -> str:
    """A rotation, never a mirror image."""
    return {
        "+z": "x, z, -y", "-z": "x, -z, y", "-y": "-x, -y, z", "+x": "-y, x, z", "-x": "y, -x, z",
    }.get(axis, "")  # fmt: skip
