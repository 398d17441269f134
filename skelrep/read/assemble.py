"""From what a reader found to finished clips and their report."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from ..clips import MAX_BODIES, Clip, as_float32, check_clip
from ..config import Recipe
from ..errors import DataWarning, InvalidClipError
from ..layouts import plan_conversion
from ..layouts.convert import apply_conversion
from .bodies import select_bodies, tracks_of
from .choose import choose_bodies
from .detect import recognise
from .landmarks import distortion
from .prepare import fill_clip
from .raw import Found, RawClip, ReadOptions
from .report import ReadReport, report_of_clips, report_of_conversion


def assemble(found: Found, options: ReadOptions) -> tuple[list[Clip], ReadReport]:
    """Convert what was found.

    Raises:
        FormatError, ShapeError: its skeleton is not known or ambiguous, or it is 2D.
        InvalidClipError: joints that were not seen, or no body.
    """
    if not found.raws:
        return list(found.clips), report_of_clips(found.where, found.format, found.clips, found.notes)
    layout, arrays = recognise(found, options)
    plan = plan_conversion(arrays, layout)
    clips: list[Clip] = []
    empty: list[str] = []
    for number, (raw, positions) in enumerate(zip(found.raws, arrays, strict=True)):
        place = f"{found.where}, clip {number} ({raw.name})" if len(arrays) > 1 else found.where
        seen = _cut_empty_ends(apply_conversion(positions, plan))
        data = _choose_bodies(fill_clip(seen, place, options.max_gap), options.recipe)
        if len(arrays) > 1 and not data.shape[1]:
            empty.append(raw.name)
        else:
            clips.append(_clip(data, raw, place, options.check_values))
    if not clips:
        raise InvalidClipError(f"{found.where} holds no body in any of its {len(arrays)} recordings.")
    image = distortion(arrays[0]) if layout.name == "mediapipe33" else None
    notes = (
        found.notes
        + ((image,) if image else ())
        + ((f"{len(empty)} recordings without a body left out",) if empty else ())
    )
    return clips, report_of_conversion(found.where, found.format, len(clips), plan, notes)


def warn_of(report: ReadReport) -> None:
    """One `DataWarning` with everything that a person should know of a source."""
    if report.notes:
        warnings.warn(f"{report.source}: {'; '.join(report.notes)}.", DataWarning, stacklevel=3)


def _clip(data: NDArray[np.float32], raw: RawClip, place: str, check_values: bool) -> Clip:
    if not data.shape[1]:
        raise InvalidClipError(f"{place} holds no body: no joint was seen in any frame. Leave this clip out.")
    checked = check_clip(data, place) if check_values else as_float32(data, place)
    return Clip(data=checked, name=raw.name, label=raw.label, fps=raw.fps)


def _cut_empty_ends(data_CTVM: NDArray[np.float32]) -> NDArray[np.float32]:
    there = np.flatnonzero(data_CTVM.any(axis=(0, 2, 3)))
    return data_CTVM[:, there[0] : there[-1] + 1] if len(there) else data_CTVM[:, :0]


def _choose_bodies(data_CTVM: NDArray[np.float32], recipe: Recipe) -> NDArray[np.float32]:
    """At most two bodies; under ``"fixed"`` the most active, no ghosts, lost frames filled."""
    bodies = data_CTVM[..., data_CTVM.any(axis=(0, 1, 2))]
    if recipe == "fixed" and bodies.size and np.isfinite(bodies).all():
        if bodies.shape[3] > MAX_BODIES:
            return choose_bodies(bodies)
        if not bodies.any(axis=(0, 2)).all():
            # One slot is one person, who may come back from far away.
            return select_bodies(tracks_of(bodies))
    return np.ascontiguousarray(bodies[..., :MAX_BODIES])
