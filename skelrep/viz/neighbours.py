"""Draw clips beside their nearest neighbours. Needs the extra ``viz``."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..clips import Clip
from ..visible import visible, visible_line
from .skeleton import (
    HEAD_RADIUS,
    LEFT_COLOUR,
    RIGHT_COLOUR,
    TITLE_LETTERS,
    TRUNK_COLOUR,
    draw_clip,
    new_figure,
)
from .view import project

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Edge and face of a cell.
CELL_COLOURS = {
    "query": (TRUNK_COLOUR, "#f1f3f6"),
    "same": ("#1a8f6b", "#eff9f5"),
    "other": ("#b3341f", "#fdf2ef"),
}
CELL_WIDTH, CELL_HEIGHT, TITLE_HEIGHT, FOOT_HEIGHT, MARGIN, GAP = 1.5, 2.2, 0.85, 0.42, 0.12, 0.22  # inches
CAPTION_SHARE, TOP_SHARE = 0.22, 0.1  # of a cell's height, below and above the body
CAPTION_LETTERS = 26


@dataclass(frozen=True, kw_only=True)
class Neighbourhood:
    """One clip and the clips nearest to it.

    Attributes:
        query: row number of the clip asked for.
        neighbours: row numbers of its neighbours, nearest first.
        similarities: cosine similarity to each of them.
    """

    query: int
    neighbours: tuple[int, ...]
    similarities: tuple[float, ...]


def plot_neighbours(
    clips: Sequence[Clip],
    neighbourhoods: Sequence[Neighbourhood],
    actions: Sequence[str],
    people: Sequence[str] | None = None,
    *,
    blocks: int = 1,
    title: str = "Nearest neighbours",
) -> Figure:
    """A figure of each clip asked for, and right of it the clips whose vectors are nearest.

    Args:
        clips: all clips, NTU-25, metres, y up.
        neighbourhoods: what to draw; each with the same number of neighbours.
        actions: what each clip shows. A neighbour with the query's action is framed green, another red.
        people: who performs each clip, for the corner.
        blocks: neighbourhoods beside one another.
        title: above the picture.

    Raises:
        MissingDependencyError: matplotlib is not installed.
        InvalidClipError: a clip without a body.
    """
    columns = 1 + max(len(one.neighbours) for one in neighbourhoods)
    rows = -(-len(neighbourhoods) // blocks)
    width = 2 * MARGIN + blocks * columns * CELL_WIDTH + (blocks - 1) * GAP
    height = TITLE_HEIGHT + rows * CELL_HEIGHT + FOOT_HEIGHT
    figure, scale = new_figure(width, height), _metres_per_inch(clips, neighbourhoods)
    for place, one in enumerate(neighbourhoods):
        row, block = divmod(place, blocks)
        bottom = FOOT_HEIGHT + (rows - 1 - row) * CELL_HEIGHT
        for column, index in enumerate([one.query, *one.neighbours]):
            left = MARGIN + block * (columns * CELL_WIDTH + GAP) + column * CELL_WIDTH
            axes = figure.add_axes((left / width, bottom / height, CELL_WIDTH / width, CELL_HEIGHT / height))
            kind = "query" if column == 0 else "same" if actions[index] == actions[one.query] else "other"
            corner = "query" if column == 0 else f"{one.similarities[column - 1]:.3f}"
            _draw_cell(axes, clips[index], kind, scale)
            _write_cell(axes, kind, corner, people[index] if people else "", actions[index])
    _write_legend(figure, title, width, height)
    return figure


def _draw_cell(axes: Axes, clip: Clip, kind: str, scale: float) -> None:
    draw_clip(axes, clip, width=2.1)
    _frame_page(axes, clip, scale)
    _frame_cell(axes, kind)


def _extent(clip: Clip) -> tuple[float, float, float]:
    """Leftmost, rightmost and highest point of a clip on the page, metres."""
    page = project(clip)
    return float(np.nanmin(page[..., 0])), float(np.nanmax(page[..., 0])), float(np.nanmax(page[..., 1]))


def _metres_per_inch(clips: Sequence[Clip], neighbourhoods: Sequence[Neighbourhood]) -> float:
    """The largest scale at which every clip fits into its cell; one for all, so that bodies compare."""
    scales = []
    for index in {row for one in neighbourhoods for row in (one.query, *one.neighbours)}:
        left, right, top = _extent(clips[index])
        scales.append((right - left) / (0.86 * CELL_WIDTH))
        scales.append((top + HEAD_RADIUS) / ((1 - CAPTION_SHARE - TOP_SHARE) * CELL_HEIGHT))
    return max(scales)


def _frame_page(axes: Axes, clip: Clip, scale: float) -> None:
    left, right, _ = _extent(clip)
    middle, half = (left + right) / 2, scale * CELL_WIDTH / 2
    axes.set_aspect("auto")  # equal all the same: both limits follow one scale
    axes.set_xlim(middle - half, middle + half)
    axes.set_ylim(-CAPTION_SHARE * CELL_HEIGHT * scale, (1 - CAPTION_SHARE) * CELL_HEIGHT * scale)


def _frame_cell(axes: Axes, kind: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    edge, face = CELL_COLOURS[kind]
    axes.add_patch(
        FancyBboxPatch(
            (0.03, 0.02), 0.94, 0.96, boxstyle="round,pad=0,rounding_size=0.05", transform=axes.transAxes,
            mutation_aspect=CELL_WIDTH / CELL_HEIGHT, facecolor=face, edgecolor=edge,
            lw=1.7 if kind == "query" else 0.9, zorder=0,
        )
    )  # fmt: skip


def _write_cell(axes: Axes, kind: str, corner: str, person: str, action: str) -> None:
    colour = CELL_COLOURS[kind][0]
    place: dict[str, Any] = {"transform": axes.transAxes, "va": "top", "zorder": 6, "parse_math": False}
    axes.text(0.09, 0.955, corner, ha="left", fontsize=7.4, fontweight="bold", color=colour, **place)
    who = visible_line(person, CAPTION_LETTERS // 2)
    axes.text(0.91, 0.955, who, ha="right", fontsize=7.0, color=TRUNK_COLOUR, alpha=0.7, **place)
    caption = "\n".join(textwrap.wrap(visible(action), CAPTION_LETTERS)[:2])
    axes.text(0.5, 0.15, caption, ha="center", fontsize=6.5, color=TRUNK_COLOUR, linespacing=1.2, **place)


def _write_legend(figure: Figure, title: str, width: float, height: float) -> None:
    left = (MARGIN + 0.03 * CELL_WIDTH) / width
    figure.text(
        left, 1 - 0.2 / height, visible_line(title, TITLE_LETTERS), ha="left", va="top", fontsize=13,
        fontweight="bold", color=TRUNK_COLOUR, parse_math=False,
    )  # fmt: skip
    explained = "each clip asked for (grey), then the clips whose vectors are most similar, with their cosine"
    figure.text(left, 1 - 0.53 / height, explained, ha="left", va="top", fontsize=8.6, color=TRUNK_COLOUR)
    entries = (
        ("body's left", LEFT_COLOUR), ("body's right", RIGHT_COLOUR),
        ("same action", CELL_COLOURS["same"][0]), ("another action", CELL_COLOURS["other"][0]),
    )  # fmt: skip
    for step, (text, colour) in enumerate(entries):
        place = left + 1.25 * step / width
        figure.text(place, 0.2 / height, f"■ {text}", ha="left", va="center", fontsize=8.2, color=colour)
