"""The size of a body and how much it looks like one: unit of length, fit score."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..layout import HEAD, SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_BASE, SPINE_SHOULDER

TRUNK = 0.495  # metres between SpineBase and SpineShoulder, the sum of the Kinect's two spine bones
UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254}
MIN_ADULT, MAX_ADULT = 0.35, 0.75  # a trunk, metres; decides between units, which are far apart
MIN_KNOWN, MAX_KNOWN = 0.15, 1.2  # a trunk in a unit that is said to be known: children and avatars too

# Joint pairs and their length as a share of the trunk, from KINECT_BONE_LENGTHS (widths are two bones).
_SHARES: tuple[tuple[int, int, float], ...] = (
    (SPINE_SHOULDER, HEAD, 0.412), (SHOULDER_LEFT, SHOULDER_RIGHT, 0.707), (12, 16, 0.347),
    (4, 5, 0.491), (8, 9, 0.491), (5, 6, 0.459), (9, 10, 0.459),
    (12, 13, 0.735), (16, 17, 0.735), (13, 14, 0.715), (17, 18, 0.715),
)  # fmt: skip
_WORST = 3.0


def trunk(poses_TVC: NDArray[np.float64]) -> float:
    """Median distance between SpineBase and SpineShoulder; 0 without any pose."""
    if not len(poses_TVC):
        return 0.0
    return float(np.median(np.linalg.norm(poses_TVC[:, SPINE_BASE] - poses_TVC[:, SPINE_SHOULDER], axis=1)))


def choose_scale(length: float, unit: float | None) -> tuple[float, str]:
    """Metres a unit of the source, and how that unit is called.

    Args:
        length: of the trunk, in units of the source.
        unit: what the format says; None when it says nothing. It is believed as long as the body it gives is
            a possible one.

    Example:
        >>> choose_scale(512.0, 1.0), choose_scale(0.5, None), choose_scale(7.0, None)[1]
        ((0.001, 'mm'), (1.0, 'm'), 'unknown, body scaled to 0.495 m')
    """
    if length <= 0:
        return unit or 1.0, "unknown, no body to measure"
    if unit is not None and MIN_KNOWN <= length * unit <= MAX_KNOWN:
        return unit, next((name for name, size in UNITS.items() if size == unit), f"{unit:.4g} m")
    for name, size in UNITS.items():
        if MIN_ADULT <= length * size <= MAX_ADULT:
            return size, name
    return TRUNK / length, f"unknown, body scaled to {TRUNK} m"


def fit_score(poses_TVC: NDArray[np.float64]) -> float:
    """How plausible bodies are as those of NTU: 1 is a Kinect body, a wrong joint order is near 0.

    exp(-(d + s)), with d the mean absolute logarithm of eleven lengths, as shares of the trunk, against those
    of a median Kinect body, and s the mean spread of these lengths over time (half the distance of the 16th
    and 84th percentile, over the median). It does not depend on axes or unit.

    Args:
        poses_TVC: (T, 25, 3).
    """
    size = trunk(poses_TVC)
    if size <= 0:
        return 0.0
    pairs = np.array([share[:2] for share in _SHARES])
    lengths = np.linalg.norm(poses_TVC[:, pairs[:, 0]] - poses_TVC[:, pairs[:, 1]], axis=2)
    low, middle, high = np.percentile(lengths, [16, 50, 84], axis=0)
    expected = size * np.array([share[2] for share in _SHARES])
    safe = np.maximum(middle, 1e-9 * size)
    distance = np.minimum(np.abs(np.log(safe / expected)), _WORST)
    spread = np.minimum((high - low) / 2 / safe, _WORST)
    return float(np.exp(-(distance.mean() + spread.mean())))
