"""`skelrep atlas`: a page to look at all clips."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from .console import say
from .label_file import read_labels
from .options import (
    Subparsers,
    add_batch_size,
    add_clips,
    add_device,
    add_labels,
    add_model,
    add_output_file,
    add_quiet,
    check_output_file,
    pick_device,
    positive,
)


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "atlas",
        parents=[common],
        allow_abbrev=False,
        help="write a page to look at all clips: a map, their movements, neighbours",
        description="Embed the clips of a file or folder and write one HTML page: a map of all clips, "
        "coloured by label, cluster, subject or file; each moves under the cursor and shows its nearest "
        "neighbours. The page opens from the disk, with no server and no network.",
    )
    add_clips(parser)
    add_output_file(parser, "ATLAS.html", "the page", Path("atlas.html"))
    add_model(parser)
    add_labels(parser, "further columns become colours of the map, too")
    parser.add_argument("--title", help="(default: the name of the file or folder)")
    parser.add_argument(
        "--projection", choices=("auto", "tsne", "pca"), default="auto",
        help="auto is t-SNE where scikit-learn is installed (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--num-clusters", type=positive, help="(default: by the number of clips)")
    parser.add_argument(
        "--top-k", type=positive, default=12, help="neighbours of every clip (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of t-SNE and clusters (default: %(default)s)")
    add_batch_size(parser)
    add_device(parser)
    add_quiet(parser)
    parser.set_defaults(run=run, after_interrupt="; nothing was written")


def run(options: argparse.Namespace) -> None:
    """Read, embed, draw, write."""
    check_output_file(options.output_file, (".html", ".htm"))
    from ..explore import atlas

    began = time.perf_counter()
    page = atlas(
        options.clips,
        options.output_file,
        model=options.model,
        fields=None if options.labels is None else label_columns(options.labels),
        title=options.title,
        projection=options.projection,
        num_clusters=options.num_clusters,
        top_k=options.top_k,
        seed=options.seed,
        batch_size=options.batch_size,
        device=pick_device(options.device),
        progress=False if options.quiet else None,
    )
    if not options.quiet:
        size = f"{page.num_bytes / 1e6:.2f} MB, {page.motion_bytes / 1e6:.2f} of them movements"
        say(f"{page.clips} clips in {time.perf_counter() - began:.0f} s: {page.path} ({size})")
        say(f"map: {page.projection}; colours: {', '.join(page.fields)}")


def label_columns(path: Path) -> dict[str, dict[str, str]]:
    """The columns of a CSV file, each as a value by the clip's name; a name may be that of the file."""
    columns: dict[str, dict[str, str]] = {}
    for row in read_labels(path):
        for column, value in row.items():
            if column and column != "name" and value:
                columns.setdefault(column, {}).update({Path(row["name"]).stem: value, row["name"]: value})
    return columns
