"""Values: NaN, clips and frames without a body, joints left at the origin, files that are centred already."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...clips import is_preprocessed
from ...read.gaps import MAX_GAP, fill_gaps
from ..look import Look
from ..report import Finding
from ..tally import Tally


class Values:
    """Coordinates that are not there."""

    def __init__(self) -> None:
        self._nan, self._long_nan, self._empty, self._zero, self._origin = (Tally() for _ in range(5))
        self._prepared: list[bool] = []

    def look(self, look: Look) -> None:
        """See one clip."""
        if not look.finite:
            self._look_at_gaps(look)
        if not look.present.any():
            self._empty.add(look.name)
            return
        self._prepared.append(bool(look.bodies) and is_preprocessed(look.clip.data))
        nobody = look.num_frames - int(np.count_nonzero(look.present.any(axis=0)))
        if nobody:
            self._zero.add(look.name, f"{nobody} of {look.num_frames} frames")
        # A joint that is zero now and then was lost; one that always is is the centre.
        for body in look.bodies:
            if body.joints.all():
                continue
            lost = ~body.joints.any(axis=2)
            share = lost.mean(axis=0)
            if ((share > 0) & (share < 1)).any() or np.count_nonzero(share == 1) > 1:
                self._origin.add(look.name, f"{np.count_nonzero(lost)} joints")

    def _look_at_gaps(self, look: Look) -> None:
        report = fill_gaps(look.clip.data, max_hold=MAX_GAP, unfilled="keep")[1]
        (self._long_nan if report.unfilled.any() or not report.missing.any() else self._nan).add(
            look.name, f"longest gap {report.longest_gap} frames"
        )

    def findings(self) -> list[Finding]:
        """What was found."""
        found = self._nan.finding(
            "nan", "problem", f"NaN or infinite coordinates, for at most {MAX_GAP} frames at a time",
            f"read with max_gap={MAX_GAP}, which fills them",
        ) + self._long_nan.finding(
            "nan", "problem", "NaN or infinite coordinates over long gaps",
            "leave these clips out, or cut them; max_gap fills short gaps only",
        ) + self._empty.finding(
            "no body", "problem", "every coordinate is 0", "leave these clips out"
        ) + self._zero.finding(
            "zero frames", "warning", "frames without a body inside a clip", "cut them off"
        ) + self._origin.finding(
            "origin", "warning", "joints at exactly (0, 0, 0): the tracker lost them",
            "set them to NaN, and fill them with skelrep.read.fill_gaps",
        )  # fmt: skip
        if any(self._prepared):
            count = sum(self._prepared)
            found.append(Finding(
                check="format", severity="note",
                message=f"{count} of {len(self._prepared)} clips are centred on SpineShoulder in every frame",
                remedy="frame50 files are recognised on reading; encode such arrays with preprocess=False",
            ))  # fmt: skip
        return found

    def summary(self) -> dict[str, Any]:
        """Nothing."""
        return {}
