"""Training curves from the log of a run. Needs the extra ``viz``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..visible import visible_line
from .skeleton import TITLE_LETTERS, TRUNK_COLOUR, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..train.log import StepRecord

FloatArray = NDArray[np.float64]

# Okabe and Ito's colours, which colour-blind people tell apart.
VIEW_COLOURS = {"joint": "#0072b2", "motion": "#d55e00", "bone": "#009e73"}
GRID_COLOUR = "#e3e7ec"
WINDOW_SHARE = 1 / 40  # of the steps, that a smooth line is the mean of


def plot_curves(records: Sequence[StepRecord], *, title: str = "Training") -> Figure:
    """Loss and contrastive accuracy of each view, and the learning rate, over the steps.

    Faint lines are single steps, strong ones the mean of the steps around; a dashed line marks where
    cross-view mining begins.

    Args:
        records: of a log, see `skelrep.train.log.read_log`.
        title: above the picture.

    Returns:
        A matplotlib figure; write it with `save_figure`.

    Raises:
        FormatError: no steps.
        MissingDependencyError: matplotlib is not installed.

    Example:
        >>> from skelrep.train.log import StepRecord
        >>> step = StepRecord(step=1, epoch=1, stage=1, loss=9.0, losses={"joint": 9.0},
        ...     accuracy={"joint": 0.1}, lr=0.1, seconds=1.0)
        >>> len(plot_curves([step]).axes)
        3
    """
    if not records:
        raise FormatError("the log holds no steps yet; there is nothing to draw.")
    figure = new_figure(8.0, 6.4)
    steps = np.array([record.step for record in records], dtype=np.float64)
    views, mining = list(records[0].losses), _mining_from(records)
    parts = [slice(0, mining), slice(mining, None)] if mining else [slice(None)]
    columns = {
        "loss": {view: np.array([record.losses.get(view, np.nan) for record in records]) for view in views},
        "accuracy": {
            view: np.array([record.accuracy.get(view, np.nan) for record in records]) for view in views
        },
        "learning rate": {"": np.array([record.lr for record in records])},
    }
    grid = figure.add_gridspec(3, 1, height_ratios=(3, 3, 1.2), left=0.1, right=0.97, top=0.9, bottom=0.085)
    for place, (name, lines) in enumerate(columns.items()):
        axes = figure.add_subplot(grid[place])
        for view, values in lines.items():
            _draw_line(axes, steps, values, view, parts)
        _dress(axes, name, last=place == 2)
        if mining:
            _mark(axes, records[mining].step, words=place == 0)
    figure.axes[1].set_ylim(0, 1.02)
    figure.axes[0].legend(
        frameon=False,
        fontsize=9,
        ncols=len(views),
        loc="lower right",
        bbox_to_anchor=(1, 1),
        labelcolor=TRUNK_COLOUR,
    )
    words = visible_line(title, TITLE_LETTERS)
    figure.text(0.1, 0.955, words, fontsize=13, fontweight="bold", color=TRUNK_COLOUR, parse_math=False)
    return figure


def smooth(values: FloatArray, window: int) -> FloatArray:
    """The mean of the finite values around each one; fewer at the ends.

    Example:
        >>> smooth(np.array([0.0, 3.0, 6.0, 3.0]), 3).tolist()
        [1.5, 3.0, 4.0, 4.5]
    """
    there = np.isfinite(values)
    kernel = np.ones(min(window, len(values)))
    total = np.convolve(np.where(there, values, 0.0), kernel, mode="same")
    count = np.convolve(there.astype(np.float64), kernel, mode="same")
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0.5)


def _draw_line(axes: Axes, steps: FloatArray, values: FloatArray, view: str, parts: Sequence[slice]) -> None:
    """Single steps and their mean, which does not reach from one part of the training into another."""
    colour = VIEW_COLOURS.get(view, TRUNK_COLOUR)
    if not view or len(values) < 8:
        axes.plot(
            steps, values, color=colour, lw=1.6, label=view or None, marker="." if len(values) < 8 else ""
        )
        return
    window = max(3, 2 * round(len(values) * WINDOW_SHARE / 2) + 1)
    axes.plot(steps, values, color=colour, lw=0.6, alpha=0.22)
    for number, part in enumerate(parts):
        axes.plot(
            steps[part], smooth(values[part], window), color=colour, lw=1.8, label=None if number else view
        )


def _dress(axes: Axes, name: str, *, last: bool) -> None:
    axes.set_ylabel(name, color=TRUNK_COLOUR, fontsize=9.5)
    axes.grid(axis="y", color=GRID_COLOUR, lw=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.01)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#9aa4b1")
    axes.tick_params(colors=TRUNK_COLOUR, labelsize=8.5, length=0 if not last else 3, labelbottom=last)
    if last:
        axes.set_xlabel("step", color=TRUNK_COLOUR, fontsize=9.5)


def _mining_from(records: Sequence[StepRecord]) -> int | None:
    """The first record of stage 2, where another stage came before it."""
    first = next((place for place, record in enumerate(records) if record.stage == 2), None)
    return first or None


def _mark(axes: Axes, step: int, *, words: bool) -> None:
    """A line where stage 2 begins."""
    axes.axvline(step, color=TRUNK_COLOUR, lw=1, ls=(0, (4, 3)), alpha=0.6)
    if words:
        axes.annotate(
            "cross-view mining", (step, 1), xycoords=("data", "axes fraction"), xytext=(4, -4),
            textcoords="offset points", va="top", fontsize=8.5, color=TRUNK_COLOUR,
        )  # fmt: skip
