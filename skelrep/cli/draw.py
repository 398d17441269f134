"""`skelrep draw`: pictures of clips, of a training, and of vectors."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import FormatError, OutputError
from .console import say
from .options import CLIPS, CLIPS_HELP, Subparsers, add_output_file, check_output_file, path, positive

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..clips import Clip

STILL, MOVING = (".png", ".pdf", ".svg"), (".gif", ".mp4", ".html")
UNKNOWN_LABEL = -1


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "draw",
        parents=[common],
        allow_abbrev=False,
        help="draw clips, training curves, a map of vectors",
        description="Draw the clips of a file or folder, still (.png, .pdf, .svg) or moving (.gif, .mp4; "
        ".html is a page to play and turn them); the curves of a training (--log); or vectors as points "
        "(--vectors).",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("clips", type=path, nargs="?", metavar=CLIPS, help=CLIPS_HELP)
    what.add_argument("--log", type=path, metavar="LOG.jsonl", help="log.jsonl of a training run")
    what.add_argument(
        "--vectors", type=path, metavar="VECTORS.npz", help="what skelrep encode -o X.npz wrote"
    )
    add_output_file(parser, "PICTURE", ", ".join((*STILL, *MOVING)))
    parser.add_argument(
        "--first",
        type=positive,
        default=12,
        help="draw so many clips, from the first on (default: %(default)s)",
    )
    parser.add_argument("--columns", type=positive, help="clips a row (default: what fits; not for .html)")
    parser.add_argument(
        "--map",
        choices=("pca", "tsne", "umap"),
        default="pca",
        help="how --vectors are laid out (default: %(default)s)",
    )
    parser.set_defaults(run=run, after_interrupt="; nothing was written")


def run(options: argparse.Namespace) -> None:
    """Draw what was asked for."""
    target: Path = options.output_file
    still = options.clips is None
    check_output_file(target, STILL if still else (*STILL, *MOVING))
    if options.clips is not None:
        draw_clips(options)
        return
    from ..viz import save_figure

    save_figure(draw_log(options.log) if options.log else draw_vectors(options.vectors, options.map), target)
    say(f"picture: {target}")


def draw_clips(options: argparse.Namespace) -> None:
    """One clip alone, or several beside one another."""
    from itertools import islice

    from ..read.anything import iter_clips
    from ..viz import save_animation, save_figure, save_page

    clips = list(islice(iter_clips(options.clips), options.first + 1))
    more, clips = len(clips) > options.first, clips[: options.first]
    target: Path = options.output_file
    if target.suffix == ".html":
        save_page(clips, target)
    elif target.suffix in MOVING:
        save_animation(clips, target, columns=options.columns)
    else:
        save_figure(_still(clips, options.columns), target)
    left_out = f" (the first {len(clips)}; --first shows more)" if more else ""
    say(f"{len(clips)} {'clip' if len(clips) == 1 else 'clips'}{left_out}: {target}")


def draw_log(path: Path) -> Figure:
    """The curves of a training."""
    from ..train.log import read_log
    from ..viz import plot_curves

    try:
        records = read_log(path)
    except OSError as error:
        raise FormatError(
            f"cannot read {path}: {error.strerror}. --log takes the log.jsonl of a training run."
        ) from error
    if not records:
        raise FormatError(f"{path} holds no steps; expected the log.jsonl of a training run.")
    return plot_curves(records, title=path.absolute().parent.name or "Training")


def draw_vectors(path: Path, method: str) -> Figure:
    """Vectors as points, coloured by label where there are labels."""
    import numpy as np

    from ..read.npy import open_npz
    from ..viz import map_vectors, plot_map

    try:
        with open_npz(path) as archive:
            if "embeddings" not in archive.keys:
                raise FormatError(f"{path} holds no embeddings; expected what skelrep encode -o X.npz wrote.")
            vectors = archive.read("embeddings")
            labels = archive.read("labels") if "labels" in archive.keys else None
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror}. --vectors takes an .npz.") from error
    places = map_vectors(vectors, method)  # type: ignore[arg-type]
    groups = None if labels is None else [_group(int(label)) for label in np.ravel(labels)]
    return plot_map(places, groups, title=f"{len(places)} clips, {method}")


def _group(label: int) -> str:
    return "no label" if label == UNKNOWN_LABEL else f"class {label:>3}"


def _still(clips: Sequence[Clip], columns: int | None) -> Figure:
    from ..viz import plot_clip, plot_clips

    if len(clips) == 1:
        return plot_clip(clips[0])
    if not clips:
        raise OutputError("there are no clips to draw.")
    return plot_clips(clips, columns=columns)
