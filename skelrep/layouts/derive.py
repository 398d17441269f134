"""What a skeleton does not measure, from what it does: rules that complete a mapping to all 25 joints.

A row is the weighted sum of source joints that makes one NTU joint; weights add up to 1, so a negative weight
extrapolates along a bone.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..layout import JOINT_NAMES

Row = dict[int, float]

# Lengths of the Kinect's own bones (KINECT_BONE_LENGTHS): wrist to hand 0.068 m, hand to tip 0.075 m, and so
# the hand lies at 0.48 of the way to the tip; the head lies 0.204 m above SpineShoulder, 0.41 of the trunk.
_TRUNK_RULES: tuple[tuple[str, dict[str, float]], ...] = (
    ("SpineBase", {"HipLeft": 0.5, "HipRight": 0.5}),
    ("SpineShoulder", {"ShoulderLeft": 0.5, "ShoulderRight": 0.5}),
    ("SpineMid", {"SpineBase": 0.5, "SpineShoulder": 0.5}),
    ("Head", {"Neck": 2.86, "SpineShoulder": -1.86}),
    ("Head", {"SpineShoulder": 1.41, "SpineBase": -0.41}),
    ("Neck", {"SpineShoulder": 0.65, "Head": 0.35}),
)
_SIDE_RULES: tuple[tuple[str, dict[str, float]], ...] = (
    ("Hand", {"Wrist": 0.52, "HandTip": 0.48}),
    ("Hand", {"Wrist": 1.25, "Elbow": -0.25}),
    ("HandTip", {"Hand": 2.1, "Wrist": -1.1}),
    ("Thumb", {"Hand": 1.5, "Wrist": -0.5}),
    ("Foot", {"Ankle": 1.0}),
)
RULES = _TRUNK_RULES + tuple(
    (target + side, {joint + side: weight for joint, weight in parts.items()})
    for side in ("Left", "Right")
    for target, parts in _SIDE_RULES
)


def complete(rows: Mapping[str, Row]) -> tuple[dict[str, Row], list[str]]:
    """Add the rows that follow from others.

    Args:
        rows: NTU joint name to source joint numbers and weights.

    Returns:
        all rows that can be known, and the NTU joints that must be named (others would follow from them).

    Example:
        >>> rows, missing = complete({"HipLeft": {0: 1.0}, "HipRight": {1: 1.0}})
        >>> rows["SpineBase"], "KneeLeft" in missing
        ({0: 0.5, 1: 0.5}, True)
    """
    full = {name: dict(row) for name, row in rows.items()}
    for target, parts in RULES:
        if target not in full and all(part in full for part in parts):
            full[target] = weighted_sum({name: full[name] for name in parts}, parts)
    missing = [name for name in JOINT_NAMES if name not in full]
    ruled = {target for target, _ in RULES}
    return full, [name for name in missing if name not in ruled] or missing


def weighted_sum(rows: Mapping[str, Row], weights: Mapping[str, float]) -> Row:
    """One row of several."""
    total: Row = {}
    for name, weight in weights.items():
        for joint, part in rows[name].items():
            total[joint] = total.get(joint, 0.0) + weight * part
    return {joint: weight for joint, weight in total.items() if abs(weight) > 1e-9}
