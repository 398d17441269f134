"""`skelrep convert`: a published checkpoint becomes a model folder."""

from __future__ import annotations

import argparse

from .console import say
from .options import Subparsers, add_output_dir, path


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "convert",
        parents=[common],
        allow_abbrev=False,
        help="turn a published checkpoint into a model folder",
        description="Turn a published checkpoint (CrosSCLR, AimCLR, HiCLR, ActCLR) into a folder with "
        "config.json and model.safetensors, which load_pretrained reads. No code in the checkpoint is run.",
    )
    parser.add_argument("source", type=path, metavar="SOURCE.pt", help="the published checkpoint")
    add_output_dir(parser, "FOLDER", "the model's folder")
    parser.add_argument(
        "--view",
        choices=("joint", "motion", "bone"),
        help="what a file with one encoder was trained on, which it does not say (default: joint)",
    )
    parser.set_defaults(run=run, after_interrupt="; nothing was written")


def run(options: argparse.Namespace) -> None:
    """Convert, and tell what was found."""
    from ..convert import convert

    model = convert(options.source, options.output_dir, view=options.view)
    say(f"{', '.join(model.views)}; {model.embedding_dim} numbers a clip: {options.output_dir}")
