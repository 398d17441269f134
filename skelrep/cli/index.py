"""`skelrep index`: a folder of clips becomes an index of their vectors."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import OutputError
from .console import say
from .options import (
    MODEL_HELP,
    Subparsers,
    add_clips,
    add_device,
    add_output_dir,
    add_quiet,
    add_truncate_dim,
    pick_device,
)


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "index",
        parents=[common],
        allow_abbrev=False,
        help="index clips, so that they can be found",
        description="Embed the clips of a file or folder and write vectors, names and the model's mark into "
        "a folder, for skelrep search.",
    )
    add_clips(parser)
    add_output_dir(parser, "INDEX", "the index's folder")
    parser.add_argument(
        "--model", help=f"{MODEL_HELP} (default: the model of the index to append to, or default)"
    )
    parser.add_argument("--append", action="store_true", help="add to the index that is there")
    add_truncate_dim(parser)
    add_device(parser)
    add_quiet(parser)
    parser.set_defaults(run=run, after_interrupt="; nothing was written")


def run(options: argparse.Namespace) -> None:
    """Embed, append or make anew, write."""
    from ..index import Index, VectorOrigin
    from ..index.embedding import embed_clips, fitting_dim
    from ..pretrained import load_pretrained

    folder: Path = options.output_dir
    old = Index.load(folder) if options.append else None
    if old is None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(
            f"cannot write {folder}: it is there already. Add to an index with --append, or give a new name."
        )
    known = old.origin.model if old is not None and old.origin is not None else ""
    name = options.model if options.model is not None else known or "default"
    model = load_pretrained(name, device=pick_device(options.device))
    origin = VectorOrigin.of(model, name)
    dim = options.truncate_dim if old is None else fitting_dim(old.dim, model)
    rows, names = embed_clips(options.clips, model, False if options.quiet else None, dim)
    if old is None:
        index = Index(rows, names, model=origin)
    else:
        index = old
        index.append(rows, names, model=origin)
    index.save(folder)
    if not options.quiet:
        say(f"{len(rows)} clips -> {len(index)} vectors of {index.dim} numbers: {folder}")
