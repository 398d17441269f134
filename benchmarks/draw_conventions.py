"""The pictures of docs/conventions.md, from `skelrep.layout` and a clip of the demo (UI-PRMD, public domain).

PYTHONPATH=. python benchmarks/draw_conventions.py
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from skelrep.demo import load_demo_clips
from skelrep.layout import ANATOMY, HEAD, JOINT_NAMES, PARENT, SPINE_SHOULDER
from skelrep.viz.skeleton import LEFT_COLOUR, RIGHT_COLOUR, TRUNK_COLOUR, new_figure, save_figure, side_colour
from skelrep.viz.view import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
# A body that faces the camera: x and y of a clip's axes, tenths of a metre, hands spread to keep names apart.
TRUNK = {0: (0, 0), 1: (0, 2.86), 20: (0, 4.95), 2: (0, 5.75), 3: (0, 7.2)}
LEFT = {
    4: (-1.75, 4.7), 5: (-3.6, 3.1), 6: (-5.0, 1.3), 7: (-5.6, 0.35), 21: (-6.0, -0.75), 22: (-4.6, -0.45),
    12: (-0.95, -0.25), 13: (-1.4, -3.85), 14: (-1.75, -7.4), 15: (-2.6, -8.05),
}  # fmt: skip
HAND_TIPS, THUMBS = (21, 23), (22, 24)
NUDGED = {20: 0.3, 0: 0.4, 12: 0.3, 16: 0.3}  # up, out of the way of other joints and names
MIRRORED = {4: 8, 5: 9, 6: 10, 7: 11, 21: 23, 22: 24, 12: 16, 13: 17, 14: 18, 15: 19}


def pose() -> FloatArray:
    """All 25 joints of the drawn body, (25, 2)."""
    places = {**TRUNK, **LEFT, **{MIRRORED[j]: (-x, y) for j, (x, y) in LEFT.items()}}
    return np.array([places[joint] for joint in range(len(JOINT_NAMES))], dtype=np.float64)


def draw_tree(axes: Axes, parents: tuple[int, ...], root: int, title: str) -> None:
    """The 25 joints with their numbers and names, and the bones of a tree of parents."""
    page = pose() * [-1, 1]  # seen from the camera, +x points to the page's left
    for joint, parent in enumerate(parents):
        if joint != root:
            axes.plot(*page[[joint, parent]].T, color=side_colour(joint), lw=2.4, zorder=1)
    for joint, (x, y) in enumerate(page):
        axes.plot(x, y, "o", ms=15, color=side_colour(joint), zorder=2)
        axes.text(x, y, str(joint), color="white", ha="center", va="center", fontsize=8, zorder=3)
        write_name(axes, joint, x, y)
    axes.set_title(title, fontsize=11, color=TRUNK_COLOUR)
    axes.set_aspect("equal")
    axes.set_xlim(-7.8, 7.8)
    axes.set_axis_off()


def write_name(axes: Axes, joint: int, x: float, y: float) -> None:
    """A joint's name beside it, away from the body's middle, where no bone crosses it."""
    name, colour = JOINT_NAMES[joint], side_colour(joint)
    if joint in HAND_TIPS:
        axes.text(x, y - 0.45, name, ha="center", va="top", fontsize=8, color=colour)
        return
    outward = (x >= 0) != (joint in THUMBS)
    axes.text(
        x + (0.42 if outward else -0.42), y + NUDGED.get(joint, 0.0), name,
        ha="left" if outward else "right", va="center", fontsize=8, color=colour,
    )  # fmt: skip


def draw_joints(folder: Path) -> None:
    """Anatomical bones, and the published tree of the bone view."""
    figure = new_figure(13.0, 8.2)
    anatomy, published = figure.subplots(1, 2)
    draw_tree(anatomy, ANATOMY, 0, "ANATOMY: drawing, bone lengths, converting")
    draw_tree(published, PARENT, SPINE_SHOULDER, "PARENT: the bone view and the graph, as published")
    sides = ((RIGHT_COLOUR, "the body's right"), (TRUNK_COLOUR, "middle"), (LEFT_COLOUR, "the body's left"))
    for x, (colour, words) in zip((0.38, 0.5, 0.62), sides, strict=True):
        figure.text(x, 0.02, words, color=colour, ha="center", fontsize=11)
    figure.subplots_adjust(left=0.02, right=0.98, top=0.94, bottom=0.05, wspace=0.0)
    save_figure(figure, folder / "joints.png", dpi=90)


def draw_axes(folder: Path) -> None:
    """A recorded pose from the front and from the side, with ticks in metres."""
    clip = load_demo_clips()[0]
    pose_VC = clip.data[:, 0, :, 0].T.astype(np.float64)
    figure = new_figure(9.6, 5.6)
    front, side = figure.subplots(1, 2, sharey=True)
    draw_recorded(front, pose_VC[:, [0, 1]], "from the camera: +x points to the left")
    front.invert_xaxis()
    front.set_xlabel("x, metres (to the sensor's left)")
    front.set_ylabel("y, metres (up)")
    draw_recorded(side, pose_VC[:, [2, 1]], "from the side: the sensor is at the left")
    side.set_xlabel("z, metres (away from the sensor)")
    figure.tight_layout()
    save_figure(figure, folder / "axes.png", dpi=90)


def draw_recorded(axes: Axes, page_V2: FloatArray, title: str) -> None:
    """A pose in two of the clip's own coordinates."""
    for joint, parent in enumerate(ANATOMY):
        if parent >= 0:
            axes.plot(*page_V2[[joint, parent]].T, color=side_colour(joint), lw=2.6, solid_capstyle="round")
    axes.plot(*page_V2[HEAD], "o", ms=13, mfc="white", mec=TRUNK_COLOUR, mew=2)
    axes.set_title(title, fontsize=10, color=TRUNK_COLOUR)
    axes.set_aspect("equal", adjustable="datalim")
    axes.grid(color="#dde2e9", lw=0.8)


def main() -> None:
    """Draw into docs/pictures."""
    parser = argparse.ArgumentParser(description="The pictures of docs/conventions.md.")
    parser.add_argument("-o", "--output-dir", type=Path, default=FOLDER)
    options = parser.parse_args()
    draw_joints(options.output_dir)
    draw_axes(options.output_dir)


if __name__ == "__main__":
    main()
