"""Bones: a person's do not grow within a clip, and have about human proportions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...layout import KINECT_BONE_LENGTHS, SHOULDER_LEFT, SHOULDER_RIGHT
from ..look import Body, Look, median_distances, sorted_distances
from ..report import Finding
from ..tally import Tally

LONG_BONES = ((4, 5), (5, 6), (8, 9), (9, 10), (12, 13), (13, 14), (16, 17), (17, 18))
MAX_SPREAD = 0.5  # 10th to 90th percentile of a bone's length over its median
KINECT_TRUNK = KINECT_BONE_LENGTHS[1] + KINECT_BONE_LENGTHS[20]
# Distance of two joints over the trunk, of a median Kinect body.
PROPORTIONS = {
    "shoulders": ((SHOULDER_LEFT, SHOULDER_RIGHT), 2 * KINECT_BONE_LENGTHS[4] / KINECT_TRUNK),
    "hips": ((12, 16), 2 * KINECT_BONE_LENGTHS[12] / KINECT_TRUNK),
    "upper arms": ((4, 5), KINECT_BONE_LENGTHS[5] / KINECT_TRUNK),
    "thighs": ((12, 13), KINECT_BONE_LENGTHS[13] / KINECT_TRUNK),
}
MAX_RATIO = 1.3


class BoneLengths:
    """Bones that change, and bodies of unusual build."""

    def __init__(self) -> None:
        self._elastic = Tally()
        self._builds: list[list[float]] = []

    def look(self, look: Look) -> None:
        """See one clip."""
        if not look.bodies:
            return
        body = look.bodies[0]
        spread = bone_spread(body)
        if spread > MAX_SPREAD:
            self._elastic.add(look.name, f"by {spread:.0%}")
        build = median_distances(body.joints, *_columns(pair for pair, _ in PROPORTIONS.values()))
        self._builds.append((build / max(body.trunk, 1e-9)).tolist())

    def findings(self) -> list[Finding]:
        """What was found."""
        found = self._elastic.finding(
            "bones", "warning", "arms or legs change their length a lot",
            "check the mapping of joints; of a sensor's clip, look at the picture (skelrep.viz)",
        )  # fmt: skip
        odd = [
            f"{name} x{ratio:.2f}"
            for name, ratio in self._ratios().items()
            if not 1 / MAX_RATIO <= ratio <= MAX_RATIO
        ]
        if odd:
            found.append(Finding(
                check="build", severity="note",
                message="against the trunk, bodies are built unlike a Kinect's: " + ", ".join(odd),
                remedy='nothing with bone_lengths="kinect", the default; else check the mapping of joints',
            ))  # fmt: skip
        return found

    def _ratios(self) -> dict[str, float]:
        if not self._builds:
            return {}
        medians = np.median(np.asarray(self._builds), axis=0)
        return {
            name: float(m / usual) for m, (name, (_, usual)) in zip(medians, PROPORTIONS.items(), strict=True)
        }

    def summary(self) -> dict[str, Any]:
        """Median proportions against a Kinect body's."""
        return {"build_against_kinect": {name: round(ratio, 2) for name, ratio in self._ratios().items()}}


def bone_spread(body: Body) -> float:
    """The largest relative spread of a long bone over time."""
    lengths = sorted_distances(body.joints, *_columns(LONG_BONES))
    last = len(lengths) - 1
    low, middle, high = (lengths[round(share * last)] for share in (0.1, 0.5, 0.9))
    return float(((high - low) / np.maximum(middle, 1e-9)).max())


def _columns(pairs: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    first, second = zip(*pairs, strict=True)
    return list(first), list(second)
