"""Clips beside one another, at one scale, standing on a floor; the ground of stills and of animations."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..clips import Clip
from ..errors import ConfigError
from ..visible import visible
from .skeleton import HEAD_RADIUS, TRUNK_COLOUR, new_figure
from .view import Camera, FloatArray, body_points, camera_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_HEIGHT = 2.6  # inches, without the caption
CAPTION_HEIGHT, CAPTION_LINES, LETTERS_AN_INCH = 0.42, 2, 13.5
MARGIN = 0.12  # metres round the bodies
FLOOR_RINGS = (0.75, 0.5, 0.25)  # metres from the middle
FLOOR_COLOUR, FLOOR_LINE = "#f4f6f9", "#dde2e9"
MAX_CLIPS = 60


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One clip, ready to be drawn.

    Attributes:
        camera: where it is looked at from.
        page: float64 (M, T, V, 2), metres on the page; NaN where a body is absent.
        fps: frames per second, where known.
    """

    camera: Camera
    page: FloatArray
    fps: float | None


def scene_of(clip: Clip) -> Scene:
    """Look at a clip.

    Raises:
        InvalidClipError: a clip without a body, or with NaN or infinity.
    """
    points = body_points(clip)
    camera = camera_for(points)
    return Scene(camera=camera, page=camera.project(points), fps=clip.fps)


def lay_out(
    scenes: Sequence[Scene],
    captions: Sequence[str] | None,
    columns: int | None,
    *,
    height: float = PANEL_HEIGHT,
) -> tuple[Figure, list[Axes]]:
    """A figure with an empty stage for each scene.

    Args:
        scenes: what will be drawn; all stages get one scale.
        captions: a line for each; None writes nothing.
        columns: stages a row; by default what makes the figure about twice as wide as high.
        height: of a stage, inches.

    Raises:
        ConfigError: no scenes, too many for one picture, or another number of captions.
        MissingDependencyError: matplotlib is not installed.
    """
    count = len(scenes)
    if not 1 <= count <= MAX_CLIPS:
        raise ConfigError(f"{count} clips were given for one picture; expected 1 to {MAX_CLIPS}.")
    if captions is not None and len(captions) != count:
        raise ConfigError(f"{len(captions)} captions were given for {count} clips; expected one a clip.")
    half, top, low = _extent(scenes)
    width = height * 2 * half / (top - low)
    columns = min(count, columns or max(1, round(np.sqrt(2 * count * (height / width)))))
    rows = -(-count // columns)
    foot = 0.0 if captions is None else CAPTION_HEIGHT
    figure = new_figure(columns * width, rows * (height + foot))
    stages = []
    for place, scene in enumerate(scenes):
        row, column = divmod(place, columns)
        bottom = ((rows - 1 - row) * (height + foot) + foot) / (rows * (height + foot))
        stage = figure.add_axes((column / columns, bottom, 1 / columns, height / (rows * (height + foot))))
        stages.append(stage)
        _set_stage(stage, scene, half, top, low)
        if captions is not None:
            _write_caption(stage, captions[place], width)
    return figure, stages


def _extent(scenes: Sequence[Scene]) -> tuple[float, float, float]:
    """Half the width, the top and the bottom of what every stage must show, metres on the page."""
    half = max(float(np.nanmax(np.ptp(_across(scene), axis=None))) for scene in scenes) / 2 + MARGIN
    top = max(float(np.nanmax(scene.page[..., 1])) for scene in scenes) + HEAD_RADIUS + MARGIN
    low = min(float(np.nanmin(scene.page[..., 1])) for scene in scenes)
    floor = max(
        FLOOR_RINGS[0] * np.sin(scene.camera.tilt) - scene.camera.on_floor(np.zeros(1), np.zeros(1))[0, 1]
        for scene in scenes
    )
    return max(half, FLOOR_RINGS[0] + MARGIN / 2), top, min(low, -floor) - MARGIN / 4


def _across(scene: Scene) -> FloatArray:
    right = scene.page[..., 0]
    return np.asarray([np.nanmin(right), np.nanmax(right)])


def _set_stage(axes: Axes, scene: Scene, half: float, top: float, low: float) -> None:
    middle = float(_across(scene).mean())
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_xlim(middle - half, middle + half)
    axes.set_ylim(low, top)
    _draw_floor(axes, scene.camera, middle)


def _draw_floor(axes: Axes, camera: Camera, middle: float) -> None:
    """A round of floor under the body, with rings to see depth by."""
    from matplotlib.patches import Ellipse

    centre = camera.on_floor(np.array([middle]), np.array([0.0]))[0]
    flatness = float(np.sin(camera.tilt))
    for ring, reach in enumerate(FLOOR_RINGS):
        face = FLOOR_COLOUR if ring == 0 else "none"
        axes.add_patch(
            Ellipse(
                tuple(centre), 2 * reach, 2 * reach * flatness, facecolor=face, edgecolor=FLOOR_LINE, lw=0.8,
                zorder=ring / 10,
            )
        )  # fmt: skip


def _write_caption(axes: Axes, caption: str, width: float) -> None:
    letters = max(8, int(width * LETTERS_AN_INCH))
    lines = [line for part in visible(caption).splitlines() for line in textwrap.wrap(part, letters)]
    if len(lines) > CAPTION_LINES:
        lines = [*lines[: CAPTION_LINES - 1], lines[CAPTION_LINES - 1][: letters - 1] + "…"]
    text = "\n".join(lines)
    axes.text(
        0.5, -0.01, text, transform=axes.transAxes, ha="center", va="top", fontsize=8, color=TRUNK_COLOUR,
        linespacing=1.15, parse_math=False, clip_on=False,
    )  # fmt: skip
