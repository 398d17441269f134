"""Twins: clips that are there twice, exactly or nearly, and sets that repeat themselves."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...layout import SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_SHOULDER
from ..look import Body, Look
from ..report import Finding
from ..tally import Tally

FRAMES = 16
NEAR = 0.01  # metres, root mean square over joints and time; of 10,035 real clips 13 have so near a neighbour
REPEATING = 0.05  # metres, median distance to the nearest other clip
MIN_SET = 50
BLOCK = 1024


class Twins:
    """Keeps 16 frames of each clip, centred and turned to the viewer: 5 kB, whatever its length."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._poses: list[NDArray[np.float32]] = []
        self._first: dict[bytes, str] = {}
        self._exact = Tally()
        self._nearest: NDArray[np.float32] | None = None

    def look(self, look: Look) -> None:
        """See one clip."""
        if not look.bodies:
            return
        digest = hashlib.blake2b(look.clip.data.tobytes(), digest_size=16).digest()
        if digest in self._first:
            self._exact.add(look.name, f"as {self._first[digest]}")
            return
        self._first[digest] = look.name
        self._names.append(look.name)
        self._poses.append(signature(look.bodies[0], look.metre))

    def findings(self) -> list[Finding]:
        """What was found."""
        near = Tally()
        if len(self._poses) > 1:
            self._nearest, other = nearest_others(np.stack(self._poses))
            for row in np.flatnonzero(self._nearest < NEAR):
                near.add(
                    self._names[row], f"{100 * self._nearest[row]:.1f} cm from {self._names[other[row]]}"
                )
        found = self._exact.finding(
            "duplicate", "warning", "exactly the same coordinates as an earlier clip", "keep one of each"
        ) + near.finding(
            "near-twin", "warning", f"nearly the same motion as another clip (within {100 * NEAR:.0f} cm)",
            "keep one of each, or keep both on one side of a split into training and test",
        )  # fmt: skip
        if self._nearest is not None and len(self._nearest) >= MIN_SET and self._median() < REPEATING:
            found.append(Finding(
                check="repetitive", severity="note",
                message=f"half of the clips have another one within {100 * self._median():.1f} cm: "
                "few people repeat few movements",
                remedy="split by person, not by clip; give the set less weight in training",
            ))  # fmt: skip
        return found

    def _median(self) -> float:
        return float(np.median(self._nearest)) if self._nearest is not None else 0.0

    def summary(self) -> dict[str, Any]:
        """Median distance to the nearest other clip; known once `findings` was asked."""
        return {} if self._nearest is None else {"nearest_other_clip_cm": round(100 * self._median(), 2)}


def signature(body: Body, metre: float) -> NDArray[np.float32]:
    """float32 (FRAMES * V * 3,): poses in metres, centred on SpineShoulder, shoulders along x on average."""
    count = len(body.joints)
    at = np.clip((np.arange(FRAMES) + 0.5) * count / FRAMES - 0.5, 0, count - 1)
    before = at.astype(np.int64)
    weight = (at - before)[:, None, None].astype(np.float32)
    after = np.minimum(before + 1, count - 1)
    x = body.joints[before] * (1 - weight) + body.joints[after] * weight
    x = (x - x[:, SPINE_SHOULDER : SPINE_SHOULDER + 1]) * np.float32(metre)
    across = (x[:, SHOULDER_RIGHT] - x[:, SHOULDER_LEFT]).mean(axis=0)
    angle = np.arctan2(across[2], across[0])
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]], dtype=np.float32)
    return np.ascontiguousarray((x @ turn.T).reshape(-1))


def nearest_others(x_ND: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Root mean square joint distance (N,) to the nearest other row, and which it is; block by block."""
    square = np.einsum("nd,nd->n", x_ND, x_ND)
    distance = np.empty(len(x_ND), dtype=np.float32)
    nearest = np.empty(len(x_ND), dtype=np.int64)
    for start in range(0, len(x_ND), BLOCK):
        rows = slice(start, start + BLOCK)
        apart = square[rows, None] + square - 2 * x_ND[rows] @ x_ND.T
        np.fill_diagonal(apart[:, start:], np.inf)
        nearest[rows] = apart.argmin(axis=1)
        distance[rows] = apart.min(axis=1)
    return np.sqrt(np.maximum(distance, 0) / (x_ND.shape[1] / 3)), nearest
