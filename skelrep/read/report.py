"""`ReadReport`: what was recognised in a source, and what was done to it, as a record and as a table."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..clips import Clip, trunk_length
from ..layout import JOINT_NAMES
from ..layouts import Conversion, Layout
from ..layouts.axes import IDENTITY
from ..layouts.body import fit_score

SAMPLE = 200  # clips measured for a report


@dataclass(frozen=True, kw_only=True)
class ReadReport:
    """What a source was taken for.

    Attributes:
        source: the file, the folder, or the kind of object.
        format: in words, such as ``"OpenPose JSON"``.
        layout: name of the skeleton.
        clips: how many were read.
        mapping: each NTU-25 joint and the source joints it is made of.
        measured: NTU-25 joints that are one joint of the source.
        derived: NTU-25 joints that were computed from others.
        axes: source axes that became x, y, z.
        scale: metres a unit of the source.
        unit: its name, or how it was guessed.
        body_size: median distance of SpineBase and SpineShoulder, metres; None where nothing is in metres.
        fit: how plausible the bodies are: 1 is a Kinect body, below 0.4 something is wrong.
        prepared: the clips are already resized, centred and turned.
        lifted: they were 2D, and got the depth 0.
        notes: warnings.
        parts: reports of the files, where they differ from each other.
    """

    source: str
    format: str
    layout: str
    clips: int
    mapping: tuple[tuple[str, str], ...]
    measured: tuple[str, ...]
    derived: tuple[str, ...]
    axes: str
    scale: float
    unit: str
    body_size: float | None
    fit: float | None
    prepared: bool = False
    lifted: bool = False
    notes: tuple[str, ...] = ()
    parts: tuple[ReadReport, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The report as plain JSON types."""
        plain = dataclasses.asdict(self)
        return plain | {"mapping": dict(self.mapping), "parts": [part.to_dict() for part in self.parts]}

    def table(self) -> str:
        """The report as text: a line a fact, then a line an NTU-25 joint.

        Example:
            >>> print(report_of_clips("x.npy", "array", []).table().splitlines()[1])
            format     array
        """
        facts = [
            ("source", self.source), ("format", self.format), ("layout", self.layout),
            ("clips", str(self.clips)), ("axes", self.axes),
            ("unit", f"{self.unit} (x {self.scale:.4g})"),
            ("body size", "-" if self.body_size is None else f"{self.body_size:.3f} m, hips to shoulders"),
            ("fit score", "-" if self.fit is None else f"{self.fit:.2f}"),
            ("prepared", "yes: not processed again" if self.prepared else "no"),
        ]  # fmt: skip
        lines = [f"{name:<10} {value}" for name, value in facts]
        lines += [f"{'warning':<10} {note}" for note in self.notes]
        kinds = dict.fromkeys(self.measured, "measured") | dict.fromkeys(self.derived, "derived")
        lines += [f"  {joint:<14} {kinds[joint]:<9} {made_of}" for joint, made_of in self.mapping]
        return "\n".join(lines + [part.table() for part in self.parts])


def report_of_clips(source: str, kind: str, clips: Sequence[Clip], notes: tuple[str, ...] = ()) -> ReadReport:
    """The report of clips that already are NTU-25."""
    prepared = any(clip.prepared for clip in clips)
    looked = clips[:: max(1, len(clips) // SAMPLE)]
    sizes = [size for size in (trunk_length(clip.data) for clip in looked) if size]
    poses = [clip.data[..., 0].transpose(1, 2, 0) for clip in looked]
    there = np.concatenate(poses).astype(np.float64) if poses else np.zeros((0, len(JOINT_NAMES), 3))
    there = there[there.any(axis=(1, 2))]
    return ReadReport(
        source=source, format=kind, layout="ntu25", clips=len(clips),
        mapping=tuple((name, name) for name in JOINT_NAMES), measured=JOINT_NAMES, derived=(),
        axes=IDENTITY, scale=1.0, unit="m", body_size=float(np.median(sizes)) if sizes else None,
        fit=fit_score(there) if len(there) else None, prepared=prepared, notes=notes,
    )  # fmt: skip


def report_of_conversion(
    source: str, kind: str, clips: int, done: Conversion, notes: tuple[str, ...]
) -> ReadReport:
    """The report of clips that were converted."""
    layout: Layout = done.layout
    return ReadReport(
        source=source, format=kind, layout=layout.name, clips=clips,
        mapping=tuple((name, layout.sources(name)) for name in JOINT_NAMES),
        measured=layout.measured, derived=layout.derived, axes=done.axes, scale=done.scale, unit=done.unit,
        body_size=done.body_size or None, fit=done.fit, lifted=done.lifted, notes=(*notes, *done.notes),
    )  # fmt: skip


def merge_reports(source: str, reports: Sequence[ReadReport]) -> ReadReport:
    """One report of several sources; where they differ, it holds each as a part."""
    first = reports[0]
    if len(reports) == 1:
        return dataclasses.replace(first, source=source)
    same = len({(r.format, r.layout, r.axes, r.unit, r.mapping, r.prepared) for r in reports}) == 1
    return dataclasses.replace(
        first, source=source, clips=sum(r.clips for r in reports), parts=() if same else tuple(reports),
        format=_common(r.format for r in reports), layout=_common(r.layout for r in reports),
        axes=_common(r.axes for r in reports), unit=_common(r.unit for r in reports),
        scale=float(np.median([r.scale for r in reports])),
        body_size=_median(r.body_size for r in reports), fit=_median(r.fit for r in reports),
        lifted=any(r.lifted for r in reports), prepared=any(r.prepared for r in reports),
        notes=tuple(dict.fromkeys(note for r in reports for note in r.notes)),
    )  # fmt: skip


def _common(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values))


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
