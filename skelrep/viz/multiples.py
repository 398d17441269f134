"""Small multiples: many clips in one still picture. Needs the extra ``viz``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..clips import Clip
from .panels import lay_out, scene_of
from .skeleton import draw_pose, draw_trails, peak_frame

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_clips(
    clips: Sequence[Clip], captions: Sequence[str] | None = None, *, columns: int | None = None
) -> Figure:
    """Clips in a grid, at one scale: the furthest pose, the first as a ghost, the paths of hands and feet.

    Args:
        clips: 1 to 60, NTU-25, metres, y up, one body or two.
        captions: under each; by default the clips' names.
        columns: clips a row.

    Returns:
        A matplotlib figure; write it with `save_figure`.

    Raises:
        InvalidClipError: a clip without a body, or with NaN or infinity.
        ConfigError: no clips, too many, or another number of captions.
        MissingDependencyError: matplotlib is not installed.

    Example:
        >>> from skelrep.demo import load_demo_clips
        >>> figure = plot_clips(load_demo_clips()[:6], columns=3)
    """
    scenes = [scene_of(clip) for clip in clips]
    words = [clip.name for clip in clips] if captions is None else captions
    figure, stages = lay_out(scenes, words, columns)
    for scene, axes in zip(scenes, stages, strict=True):
        for body_TVC in scene.page:
            there = np.flatnonzero(~np.isnan(body_TVC[:, 0, 0]))
            if len(there):
                draw_trails(axes, body_TVC)
                draw_pose(axes, body_TVC[there[0]], alpha=0.16)
                draw_pose(axes, body_TVC[peak_frame(body_TVC)])
    return figure
