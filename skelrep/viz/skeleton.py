"""Draw a clip as stick figures. Needs the extra ``viz``; matplotlib is imported when something is drawn."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..atomic import atomic_write
from ..clips import Clip
from ..errors import MissingDependencyError, OutputError
from ..layout import ANATOMY, HEAD
from ..visible import visible_line
from .view import FloatArray, project

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT_COLOUR, RIGHT_COLOUR, TRUNK_COLOUR = "#2166c4", "#e4652b", "#39424e"
LEFT_JOINTS = frozenset({4, 5, 6, 7, 12, 13, 14, 15, 21, 22})
RIGHT_JOINTS = frozenset({8, 9, 10, 11, 16, 17, 18, 19, 23, 24})
HAND_JOINTS = frozenset({7, 11, 21, 22, 23, 24})
TRAILED_JOINTS = (6, 10, 14, 18)  # wrists and ankles
HEAD_RADIUS = 0.095  # metres
TITLE_LETTERS = 80


def new_figure(width: float, height: float) -> Figure:
    """A figure with an Agg canvas; the user's matplotlib backend and pyplot state stay as they are.

    Args:
        width, height: inches.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependencyError(
            'pictures need matplotlib, which is not installed. Run: pip install "skelrep[viz]"'
        ) from error
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: str | os.PathLike[str], *, dpi: int = 150) -> None:
    """Write a figure; the format follows the suffix of `path`, and nothing half-written is left behind.

    Raises:
        OutputError: an unknown suffix, or a path that cannot be written.
    """
    known = figure.canvas.get_supported_filetypes()
    suffix = Path(path).suffix.lstrip(".").lower()
    if suffix not in known:
        names = ", ".join(f".{one}" for one in sorted(known))
        raise OutputError(f"cannot write {path}: a picture's name ends in one of {names}.")
    with atomic_write(path) as file:
        figure.savefig(file, format=suffix, dpi=dpi, facecolor="white")


def peak_frame(page_TVC: FloatArray) -> int:
    """The frame whose pose differs most from the first."""
    first = page_TVC[int(np.flatnonzero(~np.isnan(page_TVC[:, 0, 0]))[0])]
    return int(np.nanargmax(np.linalg.norm(page_TVC - first, axis=-1).mean(axis=-1)))


def draw_pose(
    axes: Axes, pose_VC: FloatArray, *, width: float = 2.6, alpha: float = 1.0, shift: float = 0.0
) -> None:
    """Draw one projected pose: left limbs blue, right limbs orange, trunk and head grey.

    Args:
        axes: where to draw.
        pose_VC: (V, 2) metres on the page, from `project`.
        width: of a limb, points.
        alpha: 1 is solid.
        shift: metres to the right.
    """
    from matplotlib.patches import Circle

    pose_VC = pose_VC + np.array([shift, 0.0])
    for colour, thick, children in _limbs(width):
        # One line with gaps for all bones of a colour: where bones meet, a faint line does not turn darker.
        gap = np.full((len(children), 2), np.nan)
        line = np.stack([pose_VC[children], pose_VC[[ANATOMY[j] for j in children]], gap], axis=1).reshape(
            -1, 2
        )
        axes.plot(*line.T, color=colour, lw=thick, alpha=alpha, solid_capstyle="round", zorder=3)
    head = Circle(
        (float(pose_VC[HEAD, 0]), float(pose_VC[HEAD, 1])), HEAD_RADIUS, facecolor="white",
        edgecolor=TRUNK_COLOUR, lw=width * 0.8, alpha=alpha, zorder=4,
    )  # fmt: skip
    axes.add_patch(head)


def draw_trails(axes: Axes, page_TVC: FloatArray) -> None:
    """Draw the faint paths of wrists and ankles over the whole clip."""
    for joint in TRAILED_JOINTS:
        axes.plot(*page_TVC[:, joint].T, color=side_colour(joint), lw=1.1, alpha=0.35, zorder=2)


def draw_clip(axes: Axes, clip: Clip, *, width: float = 2.6) -> None:
    """Draw a clip in one place: its furthest pose, its first as a ghost, and the paths of hands and feet.

    Args:
        axes: where to draw; gets equal axes without a frame.
        clip: NTU-25, metres, y up, one body or two.
        width: of a limb, points.

    Raises:
        InvalidClipError: a clip without a body.
    """
    for page_TVC in _bodies(project(clip)):
        first = int(np.flatnonzero(~np.isnan(page_TVC[:, 0, 0]))[0])
        draw_trails(axes, page_TVC)
        draw_pose(axes, page_TVC[first], width=width, alpha=0.16)
        draw_pose(axes, page_TVC[peak_frame(page_TVC)], width=width)
    bare_axes(axes)


def plot_clip(clip: Clip, *, poses: int = 6) -> Figure:
    """Draw a clip as a strip: poses at equal times, from left to right.

    Args:
        clip: NTU-25, metres, y up, one body or two.
        poses: how many.

    Returns:
        A matplotlib figure; write it with `save_figure`.

    Raises:
        MissingDependencyError: matplotlib is not installed.
        InvalidClipError: a clip without a body.

    Example:
        >>> from skelrep.demo import load_demo_clips
        >>> figure = plot_clip(load_demo_clips()[0], poses=4)
    """
    page_MTVC = project(clip)[:, np.linspace(0, clip.data.shape[1] - 1, poses).round().astype(int)]
    spacing = float(np.nanmax(page_MTVC[..., 0]) - np.nanmin(page_MTVC[..., 0])) + 0.1
    figure = new_figure(1.45 * (poses * spacing + 0.2), 3.4)
    axes = figure.add_axes((0.0, 0.02, 1.0, 0.88))
    for body_TVC in page_MTVC:
        for step, pose_VC in enumerate(body_TVC):
            if not np.isnan(pose_VC).any():
                draw_pose(axes, pose_VC, shift=step * spacing)
    bare_axes(axes)
    figure.suptitle(visible_line(clip.name, TITLE_LETTERS), fontsize=10, color=TRUNK_COLOUR, parse_math=False)
    return figure


def bare_axes(axes: Axes) -> None:
    """Equal scales, no frame, no ticks."""
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_axis_off()


def side_colour(joint: int) -> str:
    """Blue for the body's left, orange for its right, grey between."""
    if joint in LEFT_JOINTS:
        return LEFT_COLOUR
    return RIGHT_COLOUR if joint in RIGHT_JOINTS else TRUNK_COLOUR


def _limbs(width: float) -> list[tuple[str, float, list[int]]]:
    """Colour, line width and child joints of bones that are drawn alike; the head is drawn as a circle."""
    groups: dict[tuple[str, float], list[int]] = {}
    for joint, parent in enumerate(ANATOMY):
        if parent >= 0 and joint != HEAD:
            thick = width * (0.6 if joint in HAND_JOINTS else 1.0)
            groups.setdefault((side_colour(joint), thick), []).append(joint)
    return [(colour, thick, joints) for (colour, thick), joints in groups.items()]


def _bodies(page_MTVC: FloatArray) -> list[FloatArray]:
    return [body for body in page_MTVC if not np.isnan(body).all()]
