"""From arrays of any skeleton to NTU-25: one plan for all clips of a source, then a weighted sum a joint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ShapeError
from ..layout import JOINT_NAMES, NUM_JOINTS
from .axes import AUTO, find_axes, looks_mirrored, parse_axes
from .body import choose_scale, fit_score, trunk
from .record import Layout

MAX_POSES = 2000  # looked at before deciding: enough for a median
MIN_FIT = 0.4  # below it, a body is hardly one (see docs/formats.md)


@dataclass(frozen=True, kw_only=True, eq=False)
class Conversion:
    """What is done to the arrays of one source, and what came of it.

    Attributes:
        layout: of the source.
        axes: that were applied, never ``"auto"``.
        scale: metres a unit of the source.
        unit: its name, or how it was guessed.
        body_size: trunk length after scaling, metres; 0 without any whole pose.
        fit: 1 for a Kinect body, near 0 for a wrong joint order (`skelrep.layouts.body.fit_score`).
        lifted: image positions were given the depth 0.
        notes: what a person should know.
    """

    layout: Layout
    axes: str
    scale: float
    unit: str
    body_size: float
    fit: float
    lifted: bool
    notes: tuple[str, ...]


def to_ntu25(
    array: NDArray[np.generic], layout: Layout, *, lift_2d: bool = False
) -> tuple[NDArray[np.float32], Conversion]:
    """Turn positions of another skeleton into an NTU-25 clip.

    Args:
        array: (T, V, C) one body, or (M, T, V, C) of any number type; V the joints of `layout` in its order,
            C = 3, x, y, z. A joint that was not seen is NaN; a body that is not there is all NaN or all 0.
        layout: its joints, axes and unit.
        lift_2d: accept C = 2 and give every joint the depth 0.

    Returns:
        float32 (C=3, T, V=25, M), metres, y up, an absent body 0, joints not seen NaN; and what was done.

    Raises:
        ShapeError: other axes, or 2D positions without `lift_2d`.

    Example:
        >>> from skelrep.layouts import find_layout
        >>> walk = np.random.default_rng(0).normal(size=(40, 33, 3))
        >>> clip, done = to_ntu25(walk, find_layout("mediapipe33"))
        >>> clip.shape, done.axes
        ((3, 40, 25, 1), '-x -y +z')
    """
    positions = as_positions(array, layout, "the array", lift_2d)
    conversion = plan_conversion([positions], layout)
    return apply_conversion(positions, conversion), conversion


def as_positions(
    array: NDArray[np.generic], layout: Layout, where: str, lift_2d: bool = False
) -> NDArray[np.float64]:
    """Check the axes of an array -> float64 (M, T, V, C), C = 2 or 3; an absent body all NaN."""
    given = np.asarray(array)
    four = given[None] if given.ndim == 3 else given
    count = len(layout.joints)
    if four.ndim != 4 or four.shape[2] != count or four.shape[3] not in (2, 3) or 0 in four.shape:
        raise ShapeError(
            f"{where} has shape {given.shape}; expected (T, {count}, 3) or (M, T, {count}, 3) with "
            f"the {count} joints of {layout.name!r}. Check the axis order, or pass another layout=..."
        )
    if four.dtype.kind not in "iuf":
        raise ShapeError(f"{where} has dtype {four.dtype}; expected integers or floats.")
    if four.shape[3] == 2 and not lift_2d:
        raise ShapeError(
            f"{where} holds 2D positions (shape {given.shape}); 3D ones are needed. Lift them with a pose "
            "lifter, or pass lift_2d=True to give every joint the depth 0, which is a guess."
        )
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is infinite, and not seen
        positions = four.astype(np.float64)
    positions[np.abs(positions) > 1e30] = np.nan  # squares must not overflow
    seen = np.isfinite(positions).all(axis=3)
    positions[~seen] = np.nan
    positions[~np.nan_to_num(positions).any(axis=(2, 3))] = np.nan
    return positions


def plan_conversion(arrays: Sequence[NDArray[np.float64]], layout: Layout) -> Conversion:
    """Decide axes and scale once, for all clips of a source.

    Args:
        arrays: float64 (M, T, V, C) each, as `as_positions` gives them.
        layout: of the source.
    """
    sample, lifted = _sample(arrays)
    poses = combine(sample, layout)
    poses = poses[np.isfinite(poses).all(axis=(1, 2))]
    axes, note = find_axes(poses) if layout.axes == AUTO else (layout.axes, None)
    poses = poses @ parse_axes(axes).T
    scale, unit = choose_scale(trunk(poses), layout.unit)
    fit = fit_score(poses)
    notes = [] if note is None else [note]
    if lifted:
        notes.append("2D positions lifted to depth 0: vectors of them are a guess")
    elif len(poses) and fit < MIN_FIT:
        notes.append(
            f"fit score {fit:.2f}: these are hardly bodies. Check the joint order (layout={layout.name!r})"
        )
    elif looks_mirrored(poses, "FootLeft" in layout.measured):
        notes.append("left and right look swapped: check the joint order, or axes=... for left-handed axes")
    return Conversion(
        layout=layout, axes=axes, scale=scale, unit=unit, body_size=trunk(poses) * scale, fit=fit,
        lifted=lifted, notes=tuple(notes),
    )  # fmt: skip


def apply_conversion(positions_MTVC: NDArray[np.float64], plan: Conversion) -> NDArray[np.float32]:
    """float64 (M, T, V, C) of the source -> float32 (C=3, T, 25, M) in metres; absent bodies 0."""
    bodies = combine(_with_depth(positions_MTVC), plan.layout) @ parse_axes(plan.axes).T * plan.scale
    absent = np.isnan(positions_MTVC).all(axis=(2, 3))
    bodies[absent] = 0
    with np.errstate(over="ignore"):  # infinite coordinates are refused with the clip's name
        return np.ascontiguousarray(bodies.transpose(3, 1, 2, 0), dtype=np.float32)


def combine(positions: NDArray[np.float64], layout: Layout) -> NDArray[np.float64]:
    """Weighted sums (..., V, 3) -> (..., 25, 3): of each joint's rows the first that is finite."""
    out = np.full((*positions.shape[:-2], NUM_JOINTS, 3), np.nan)
    for joint in range(len(JOINT_NAMES)):
        for row in reversed(layout.rows[joint]):
            value = sum(weight * positions[..., source, :] for source, weight in row.items())
            out[..., joint, :] = np.where(np.isnan(value), out[..., joint, :], value)
    return out


def _sample(arrays: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], bool]:
    """At most `MAX_POSES` poses (S, V, 3) spread over all clips, and whether they are 2D."""
    total = sum(array.shape[0] * array.shape[1] for array in arrays)
    step = max(1, -(-total // MAX_POSES))
    poses = [array.reshape(-1, *array.shape[2:])[::step] for array in arrays]
    return _with_depth(np.concatenate(poses)), arrays[0].shape[-1] == 2


def _with_depth(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    if positions.shape[-1] == 3:
        return positions
    depth = np.where(np.isnan(positions[..., :1]), np.nan, 0.0)
    return np.concatenate([positions, depth], axis=-1)
