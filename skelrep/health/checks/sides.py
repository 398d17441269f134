"""Left and right: feet point forwards, and forwards follows from up and the line from right to left hip."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...layout import SPINE_BASE, SPINE_SHOULDER
from ..look import Look, median_distances
from ..report import Finding
from ..tally import Tally

LEFT_HIP, RIGHT_HIP = 12, 16
LEGS = ((12, 13, 14, 15), (16, 17, 18, 19))  # hip, knee, ankle, foot
MAX_BACKWARD = 0.6  # share of frames; of 10,035 real clips one has more than half
SHORT_FOOT = 0.1  # of the trunk: shorter feet were made up from the ankle, the knees must tell


class Sides:
    """Skeletons that are their own mirror image."""

    def __init__(self) -> None:
        self._mirrored = Tally()
        self._seen = 0

    def look(self, look: Look) -> None:
        """See one clip."""
        for body in look.bodies:
            self._seen += 1
            share = backward_share(body.joints, body.trunk)
            if share > MAX_BACKWARD:
                self._mirrored.add(look.name, f"body {body.slot}, {share:.0%} of frames")

    def findings(self) -> list[Finding]:
        """What was found."""
        most = len(self._mirrored.names) > self._seen / 2
        return self._mirrored.finding(
            "left-right", "problem",
            "feet or knees point backwards: left and right joints are exchanged, or one axis is mirrored"
            + (", in most clips" if most else ", unlike in most clips"),
            "exchange the joints of skelrep.layout.MIRROR_PAIRS, or negate the axis that was flipped",
        )  # fmt: skip

    def summary(self) -> dict[str, Any]:
        """Nothing."""
        return {}


def backward_share(joints_KVC: NDArray[np.float32], trunk: float) -> float:
    """Share of the frames in which feet (or knees, where feet are not real) point backwards.

    Left x up is forwards in right-handed axes, whichever way is up.
    """
    x = joints_KVC
    across = x[:, LEFT_HIP] - x[:, RIGHT_HIP]
    up = x[:, SPINE_SHOULDER] - x[:, SPINE_BASE]
    feet = [x[:, foot] - x[:, ankle] for _, _, ankle, foot in LEGS]
    ankles, toes = [leg[2] for leg in LEGS], [leg[3] for leg in LEGS]
    if median_distances(x, ankles, toes).mean() < SHORT_FOOT * trunk:
        bent = [x[:, knee] - (x[:, hip] + x[:, ankle]) / 2 for hip, knee, ankle, _ in LEGS]
        pointing = bent[0] + bent[1]
    else:
        pointing = feet[0] + feet[1]
    (ax, ay, az), (ux, uy, uz), (px, py, pz) = across.T, up.T, pointing.T
    volume = (ay * uz - az * uy) * px + (az * ux - ax * uz) * py + (ax * uy - ay * ux) * pz
    return float(np.mean(volume < 0))
