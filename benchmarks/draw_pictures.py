"""The pictures of docs/pictures.md, from the demo's clips (public domain), the default model and its log.

PYTHONPATH=. python benchmarks/draw_pictures.py
"""

from __future__ import annotations

import argparse
from pathlib import Path

import skelrep
from skelrep import viz
from skelrep.demo import demo_action_names, demo_people, load_demo_clips
from skelrep.train.log import read_log

LOG = Path(__file__).parent / "results" / "default_log.jsonl"
FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
QUERY, NEIGHBOURS = 10, 3


def draw(folder: Path) -> None:
    """Draw all of them."""
    clips, names, people = load_demo_clips(), demo_action_names(), demo_people()
    actions = [names[clip.label or 0] for clip in clips]
    index = skelrep.Index.from_clips(clips, "default")
    scores, ids = index.search_clips([clips[QUERY]], NEIGHBOURS + 1)
    captions = [
        f"{actions[row]}, {people[row]}\n" + ("query" if row == QUERY else f"{score:.3f}")
        for score, row in zip(scores[0].tolist(), ids[0].tolist(), strict=True)
    ]
    shown = [clips[row] for row in ids[0]]
    viz.save_animation(shown, folder / "neighbours.gif", captions, columns=NEIGHBOURS + 1, dpi=85)
    first = [actions.index(name) for name in names]
    figure = viz.plot_clips([clips[row] for row in first], [actions[row] for row in first], columns=5)
    viz.save_figure(figure, folder / "exercises.png", dpi=100)
    places = viz.map_vectors(index.vectors(), "tsne")
    figure = viz.plot_map(places, actions, title="30 clips of 10 exercises by 3 people each, t-SNE")
    viz.save_figure(figure, folder / "map.png", dpi=85)
    viz.save_figure(viz.plot_curves(read_log(LOG)), folder / "curves.png", dpi=85)


def main() -> None:
    """Draw into docs/pictures."""
    parser = argparse.ArgumentParser(description="The pictures of docs/pictures.md.")
    parser.add_argument("-o", "--output-dir", type=Path, default=FOLDER)
    options = parser.parse_args()
    draw(options.output_dir)
    for path in sorted(options.output_dir.iterdir()):
        print(f"{path.stat().st_size:>9,} bytes  {path}")


if __name__ == "__main__":
    main()
