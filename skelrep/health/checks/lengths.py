"""Lengths: clips too short to show an action, and clips that hold several."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..look import Look
from ..report import Finding
from ..tally import Tally

MIN_FRAMES = 8
LONG_SECONDS, LONG_RATIO = 60.0, 5.0  # a clip is long in itself, and beside the others


class Lengths:
    """Frames of the clips."""

    def __init__(self) -> None:
        self._clips: list[tuple[str, int, float]] = []

    def look(self, look: Look) -> None:
        """See one clip."""
        self._clips.append((look.name, look.num_frames, look.num_frames / look.fps))

    def findings(self) -> list[Finding]:
        """What was found."""
        short, long = Tally(), Tally()
        median = float(np.median([frames for _, frames, _ in self._clips])) if self._clips else 0.0
        for name, frames, seconds in self._clips:
            if frames < MIN_FRAMES:
                short.add(name, f"{frames} frames")
            elif seconds > LONG_SECONDS and (frames > LONG_RATIO * median or len(self._clips) == 1):
                long.add(name, f"{frames:,} frames")
        return short.finding(
            "short", "warning", f"fewer than {MIN_FRAMES} frames", "leave these clips out"
        ) + long.finding(
            "long", "note", f"longer than {LONG_SECONDS:.0f} seconds: more than one action, most likely",
            "cut them into actions, since a clip becomes one vector",
        )  # fmt: skip

    def summary(self) -> dict[str, Any]:
        """Clips, frames, minutes."""
        counts = [frames for _, frames, _ in self._clips]
        return {
            "clips": len(counts),
            "frames": sum(counts),
            "minutes": round(sum(seconds for _, _, seconds in self._clips) / 60, 1),
            "frames_a_clip": {
                "shortest": min(counts, default=0),
                "median": int(np.median(counts)) if counts else 0,
                "longest": max(counts, default=0),
            },
        }
