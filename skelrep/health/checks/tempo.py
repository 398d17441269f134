"""Frame rate: how fast people move in metres and how long they keep a speed say how long a frame takes."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import numpy as np

from ...layout import SPINE_SHOULDER
from ..look import Body, Look
from ..report import Finding

LIMBS = (5, 6, 9, 10, 13, 14, 17, 18)  # elbows, wrists, knees, ankles
SMOOTHING = 5  # frames; sensors tremble
# Medians over 11 real sets at 30 frames a second: 95th percentile of limb speed, and root mean square speed
# over acceleration. Their sets are slower by 0.56 to faster by 2.1 than this.
USUAL_SPEED, USUAL_TIME = 1.5, 0.13  # metres a second, seconds
MAX_FACTOR = 3.0
MIN_CLIPS = 3


class Tempo:
    """Frames a second, given or guessed."""

    def __init__(self) -> None:
        self._tempo: dict[float | None, list[float]] = defaultdict(list)
        self._names: dict[float | None, list[str]] = defaultdict(list)

    def look(self, look: Look) -> None:
        """See one clip."""
        self._names[look.clip.fps].append(look.name)
        if look.bodies:
            tempo = tempo_of(look.bodies[0], look.metre)
            if tempo is not None:
                self._tempo[look.clip.fps].append(tempo)

    def findings(self) -> list[Finding]:
        """What was found."""
        found = []
        usual = self._usual()
        for fps, tempos in self._tempo.items():
            if fps is None or len(tempos) < MIN_CLIPS:
                continue
            rate = float(np.median(tempos))
            factor = fps / rate
            against = "people usually do"
            if not _odd(factor) and usual is not None and fps != usual[0]:
                factor, against = (fps / usual[0]) * (usual[1] / rate), f"the clips at {usual[0]:g} do"
            if _odd(factor):
                found.append(self._finding(fps, factor, against))
        return found

    def _usual(self) -> tuple[float, float] | None:
        """The frame rate of most clips, and the one guessed for them."""
        known = {fps: tempos for fps, tempos in self._tempo.items() if fps is not None}
        if not known:
            return None
        fps = max(known, key=lambda one: len(known[one]))
        return fps, float(np.median(known[fps]))

    def _finding(self, fps: float, factor: float, against: str) -> Finding:
        how = "faster" if factor > 1 else "slower"
        size = factor if factor > 1 else 1 / factor
        return Finding(
            check="frame rate", severity="warning",
            message=f"at {fps:g} frames a second these people move {size:.1f} times {how} than {against}",
            remedy=f"check the frame rate; by their motion it is about {fps / factor:.0f} (a rough guess)",
            clips=tuple(self._names[fps]),
        )  # fmt: skip

    def summary(self) -> dict[str, Any]:
        """Rates that are given, with clips of each, and the guess for those without."""
        given = {("unknown" if fps is None else f"{fps:g}"): len(n) for fps, n in self._names.items()}
        guess = {
            ("unknown" if fps is None else f"{fps:g}"): round(float(np.median(tempos)))
            for fps, tempos in self._tempo.items()
        }
        return {"clips_at_fps": given, "fps_by_motion_roughly": guess}


def _odd(factor: float) -> bool:
    return factor > MAX_FACTOR or factor < 1 / MAX_FACTOR


def tempo_of(body: Body, metre: float) -> float | None:
    """The frame rate at which this body would move as people usually do; None for a short or still one.

    With `speed` in metres a frame and `time` in frames, the rates are USUAL_SPEED / speed and
    time / USUAL_TIME; noise raises the first's error and lowers the other's, so the geometric mean
    is taken.
    """
    limbs = (body.joints[:, list(LIMBS)] - body.joints[:, SPINE_SHOULDER : SPINE_SHOULDER + 1]) * metre
    if len(limbs) < SMOOTHING + 4:
        return None
    # A step of the moving average over SMOOTHING frames is a difference over so many frames.
    step = (limbs[SMOOTHING:] - limbs[:-SMOOTHING]) / SMOOTHING
    raw = limbs[1:] - limbs[:-1]
    speeds = np.sqrt(np.einsum("kvc,kvc->kv", raw, raw)).reshape(-1)
    speed = float(np.partition(speeds, int(0.95 * len(speeds)))[int(0.95 * len(speeds))])
    change = float(np.square(step[1:] - step[:-1]).sum())
    if speed <= 0 or change <= 0:
        return None
    time = math.sqrt(float(np.square(step).sum()) / change)
    return math.sqrt(USUAL_SPEED / speed * time / USUAL_TIME)
