"""`doctor`: one pass over the clips, every check, one report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from tqdm.auto import tqdm

from ..config import Recipe
from .checks import Check, default_checks
from .look import Look
from .report import HealthReport, worst_first
from .source import Source

if TYPE_CHECKING:
    from ..models import SkeletonEncoder


def doctor(
    clips: object,
    *,
    model: str | SkeletonEncoder | None = None,
    recipe: Recipe = "fixed",
    progress: bool | None = None,
) -> HealthReport:
    """Look at recordings without labels, and say what may be wrong with them.

    Faults are found, not repaired, and a fault of one file does not hide another: files that `read_clips`
    refuses, and clips with NaN, are part of the report. Memory does not grow with the length of the clips.

    Args:
        clips: a file, a folder, or whatever `as_clips` takes: float (3, T, 25, M) arrays, clips, a
            `ClipStore`.
        model: also tell clips that are unlike the others, or unlike what this model was trained on; a
            `SkeletonEncoder` or a name for `load_pretrained`. It needs a forward pass a clip.
        recipe: how bodies are read, see `read_clips`.
        progress: show a bar; by default when standard error is a terminal.

    Returns:
        the report: ``str(report)`` is a table, worst first; ``report.to_dict()`` and ``report.save(path)``
        are JSON; ``report.healthy`` is True without problems and warnings.

    Raises:
        ClipsNotFoundError, FormatError: no such path, or a folder without clips.
        ShapeError: arrays (not files) that are no clips.

    Example:
        >>> from skelrep.demo import load_demo_clips
        >>> report = doctor(load_demo_clips())
        >>> report.healthy, report.clips_with("glitch")
        (False, ('kinect_m03_s06_e10',))
    """
    source = Source(clips, recipe)
    checks = list(default_checks())
    if model is not None:
        from .checks.strangers import Strangers

        checks.append(Strangers(model))
    # Clips of absurd or infinite size must not warn on the way to being reported.
    with np.errstate(all="ignore"), tqdm(desc="doctor", unit="clip", disable=_hidden(progress)) as bar:
        for number, clip in enumerate(source):
            _show(checks, Look(clip=clip, name=clip.name or f"clips[{number}]"))
            bar.update()
        findings = [*source.findings(), *(found for check in checks for found in check.findings())]
        summary = source.summary()
        for check in checks:
            summary |= check.summary()
    return HealthReport(findings=worst_first(findings), summary=summary)


def _show(checks: list[Check], look: Look) -> None:
    for check in checks:
        check.look(look)


def _hidden(progress: bool | None) -> bool | None:
    """tqdm's word for it: None hides the bar unless standard error is a terminal."""
    return None if progress is None else not progress
