"""Bodies: how many there are, and which of several are ghosts."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ...read.bodies import Track, faults
from ..look import Look
from ..report import Finding
from ..tally import Tally

WORDS = {"short": "a flicker", "wide": "wider than tall", "still": "does not move", "wild": "too wild"}


class People:
    """Ghosts beside people, by the rules under which skelrep.read drops them."""

    def __init__(self) -> None:
        self._bodies: Counter[int] = Counter()
        self._ghosts = Tally()

    def look(self, look: Look) -> None:
        """See one clip."""
        self._bodies[len(look.bodies)] += 1
        if len(look.bodies) < 2:
            return
        total = int(look.present.any(axis=0).sum())
        tracks = [Track(frames=body.frames, joints=body.joints * look.metre) for body in look.bodies]
        broken = [faults(track, total) for track in tracks]
        if all(broken):
            return  # perhaps two people lying down; nothing says which of them is no person
        for body, reasons in zip(look.bodies, broken, strict=True):
            if reasons:
                words = ", ".join(WORDS[reason] for reason in reasons)
                self._ghosts.add(look.name, f"body {body.slot}: {words}")

    def findings(self) -> list[Finding]:
        """What was found."""
        return self._ghosts.finding(
            "ghost", "warning", "a second body that is probably none: furniture, or a flicker",
            "read with skelrep.read.choose_bodies, which drops it",
        )  # fmt: skip

    def summary(self) -> dict[str, Any]:
        """How many clips have how many bodies."""
        return {"clips_by_bodies": {str(count): clips for count, clips in sorted(self._bodies.items())}}
