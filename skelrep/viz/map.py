"""The map of an embedding: a point a clip. Needs the extra ``viz``, and for t-SNE ``eval`` (scikit-learn).

Axes: N clips, D numbers a vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, VectorsError
from ..index.rows import as_rows, row_scales, unit_rows
from ..visible import visible_line
from .reduce import FloatArray, first_two, principal_components, tsne, umap
from .skeleton import TITLE_LETTERS, TRUNK_COLOUR, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Method = Literal["pca", "tsne", "umap"]

# Colours and shapes together tell groups apart without colour vision.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f4fc9", "#8a6d3b")
SHAPES = ("o", "^", "s", "D", "v", "P", "X")
MAX_GROUPS = 40
REST_COLOUR = "#b8bfc9"


def map_vectors(vectors: object, method: Method = "pca", *, seed: int = 0) -> FloatArray:
    """A place on the plane for each vector; what has a high cosine comes to lie near.

    Args:
        vectors: (N, D) numbers, N at least 3; only their direction counts.
        method: ``"pca"`` keeps the two widest directions; ``"tsne"`` (scikit-learn) and ``"umap"``
            (umap-learn, where it is installed) keep neighbourhoods, and distances between groups mean little.
        seed: fixes the map.

    Returns:
        float64 (N, 2), its middle at 0.

    Raises:
        VectorsError: fewer than 3 vectors, or not finite.
        ConfigError: an unknown method.
        MissingDependencyError: scikit-learn or umap-learn is not installed.

    Example:
        >>> map_vectors(np.eye(4)).shape
        (4, 2)
    """
    if method not in get_args(Method):
        raise ConfigError(f"method is {method!r}; expected one of {', '.join(map(repr, get_args(Method)))}.")
    rows = as_rows(vectors)
    if len(rows) < 3:
        raise VectorsError(f"{len(rows)} vectors were given; a map needs at least 3.")
    units_ND = unit_rows(rows, row_scales(rows)).astype(np.float64)
    places = {"pca": _pca, "tsne": tsne, "umap": umap}[method](units_ND, seed)
    return np.asarray(places - places.mean(axis=0), dtype=np.float64)


def plot_map(places_N2: FloatArray, groups: Sequence[str] | None = None, *, title: str = "") -> Figure:
    """Points of a map, coloured and shaped by group.

    Args:
        places_N2: as `map_vectors` gives them.
        groups: what each clip shows, or who; the 40 largest groups get a colour and shape of their own.
        title: above the picture.

    Returns:
        A matplotlib figure; write it with `save_figure`.

    Raises:
        ConfigError: another number of groups than of places.
        MissingDependencyError: matplotlib is not installed.
    """
    if groups is not None and len(groups) != len(places_N2):
        raise ConfigError(f"{len(groups)} groups were given for {len(places_N2)} places; expected one each.")
    names, members = _largest(groups)
    figure = new_figure(8.4 if names else 6.0, 6.0)
    axes = figure.add_axes((0.02, 0.02, 5.76 / figure.get_figwidth(), 0.9 if title else 0.96))
    _draw_points(axes, places_N2, members)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_axis_off()
    if names:
        legend = axes.legend(
            loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8, handletextpad=0.3,
            labelcolor=TRUNK_COLOUR, labelspacing=0.55, borderaxespad=0.2,
        )  # fmt: skip
        for text, name in zip(legend.get_texts(), [*names, "others"], strict=False):
            text.set_parse_math(False)
            text.set_text(visible_line(name, 32))
    if title:
        words = visible_line(title, TITLE_LETTERS)
        figure.text(0.03, 0.955, words, fontsize=12, fontweight="bold", color=TRUNK_COLOUR, parse_math=False)
    return figure


def _draw_points(axes: Axes, places_N2: FloatArray, members: list[NDArray[np.bool_]]) -> None:
    size = float(np.clip(9000 / len(places_N2), 4, 60))
    rest = np.ones(len(places_N2), dtype=bool)
    for number, mine in enumerate(members):
        rest &= ~mine
        axes.scatter(
            places_N2[mine, 0], places_N2[mine, 1], s=size, color=COLOURS[number % len(COLOURS)],
            marker=SHAPES[number % len(SHAPES)], alpha=0.85, linewidths=0.4, edgecolors="white",
            label=str(number), zorder=3,
        )  # fmt: skip
    if rest.any():
        x, y = places_N2[rest].T
        colour = REST_COLOUR if members else COLOURS[0]
        axes.scatter(x, y, s=size, color=colour, alpha=0.7, linewidths=0, label="others", zorder=2)


def _largest(groups: Sequence[str] | None) -> tuple[list[str], list[NDArray[np.bool_]]]:
    """Names of the groups that get a colour, in the order of the alphabet, and who is in them."""
    if groups is None:
        return [], []
    column = np.array(groups, dtype=object)
    names, counts = np.unique(column, return_counts=True)  # as fixed-width text, names would lose a NUL
    kept = sorted(names[np.argsort(-counts, kind="stable")[:MAX_GROUPS]].tolist())
    return kept, [column == name for name in kept]


def _pca(units_ND: FloatArray, seed: int) -> FloatArray:
    del seed
    return first_two(principal_components(units_ND, 2))
