"""Embed the clips that come with skelrep and find each one's nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..clips import Clip
from ..index.neighbours import nearest_others
from ..viz import Neighbourhood, plot_neighbours
from .archive import demo_action_names, demo_people, load_demo_clips

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..models import SkeletonEncoder

NUM_NEIGHBOURS = 3
# One clip of each of six exercises that look different on paper.
PICTURED = (0, 4, 10, 19, 24, 28)
LONG_WORDS = ("standing ", "shoulder ", "active straight ", "internal-external ")


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Every demo clip with its nearest neighbours.

    Attributes:
        clips: the 30 recordings.
        actions: the exercise of each.
        people: the performer of each.
        neighbourhoods: one a clip, in order.
    """

    clips: list[Clip]
    actions: list[str]
    people: list[str]
    neighbourhoods: list[Neighbourhood]

    @property
    def share_same(self) -> float:
        """Share of clips whose nearest neighbour shows the same exercise."""
        return float(
            np.mean(
                [self.actions[one.query] == self.actions[one.neighbours[0]] for one in self.neighbourhoods]
            )
        )

    @property
    def share_same_by_chance(self) -> float:
        """The share to expect when neighbours are drawn at random."""
        same = [self.actions.count(action) - 1 for action in self.actions]
        return float(np.mean(same)) / (len(self.actions) - 1)


def run_demo(model: str | SkeletonEncoder = "default") -> Demo:
    """Embed the demo clips and find each one's three nearest neighbours by cosine similarity.

    Args:
        model: what `skelrep.encode` takes.
    """
    from ..embed import encode

    clips, names = load_demo_clips(), demo_action_names()
    vectors = np.asarray(encode(clips, model, normalize=True))
    return Demo(
        clips=clips,
        actions=[names[clip.label or 0] for clip in clips],
        people=demo_people(),
        neighbourhoods=nearest_neighbours(vectors, NUM_NEIGHBOURS),
    )


def nearest_neighbours(vectors: NDArray[np.float32], count: int) -> list[Neighbourhood]:
    """The most similar other rows of each row.

    Args:
        vectors: float (N, D), N > count.
        count: neighbours a row.

    Returns:
        N neighbourhoods, nearest first, with cosine similarities.

    Example:
        >>> a = np.eye(3, dtype=np.float32)[[0, 0, 1]]
        >>> nearest_neighbours(a, 1)[0].neighbours
        (1,)
    """
    scores, ids = nearest_others(vectors, count)
    return [
        Neighbourhood(query=row, neighbours=tuple(near), similarities=tuple(cosines))
        for row, (near, cosines) in enumerate(zip(ids.tolist(), scores.tolist(), strict=True))
    ]


def describe_demo(demo: Demo) -> str:
    """A table: one clip of each exercise, its three nearest neighbours, and how many are of its exercise."""
    first = {action: row for row, action in reversed(list(enumerate(demo.actions)))}
    lines = [_row("clip", [f"nearest {n + 1}" for n in range(NUM_NEIGHBOURS)])]
    lines.append("-" * len(lines[0]))
    for query in sorted(first.values()):
        one = demo.neighbourhoods[query]
        cells = [
            f"{_short(demo, index)} {similarity:.3f}"
            for index, similarity in zip(one.neighbours, one.similarities, strict=True)
        ]
        lines.append(_row(_short(demo, query), cells))
    lines.append("")
    lines.append(
        f"{demo.share_same:.0%} of the {len(demo.clips)} clips have the same exercise, by another person, as"
    )
    lines.append(f"their nearest neighbour (by chance: {demo.share_same_by_chance:.0%}).")
    return "\n".join(lines)


def draw_demo(demo: Demo) -> Figure:
    """Six clips and their neighbours as stick figures.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    return plot_neighbours(
        demo.clips,
        [demo.neighbourhoods[query] for query in PICTURED],
        demo.actions,
        demo.people,
        blocks=2,
        title="Real movements and their nearest neighbours in skelrep's embedding",
    )


def _row(head: str, cells: Sequence[str]) -> str:
    return "  ".join([f"{head:<17}", *(f"{cell:<23}" for cell in cells)]).rstrip()


def _short(demo: Demo, index: int) -> str:
    name = demo.actions[index]
    for words in LONG_WORDS:
        name = name.removeprefix(words)
    return f"{name} {demo.people[index]}"
