"""`skelrep demo`: real clips, their nearest neighbours, and a picture."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import MissingDependencyError
from .console import say
from .options import Subparsers, add_model, add_output_file, check_output_file

PICTURE_TYPES = (".png", ".pdf", ".svg")


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "demo",
        parents=[common],
        allow_abbrev=False,
        help="embed the clips that come with skelrep",
        description="Embed 30 real clips that come with skelrep (10 exercises, 3 people each), print each "
        "exercise's nearest neighbours and draw some of them.",
    )
    add_output_file(parser, "PICTURE", ", ".join(PICTURE_TYPES), Path("skelrep-demo.png"))
    add_model(parser)
    parser.set_defaults(run=run, after_interrupt="")


def run(options: argparse.Namespace) -> None:
    """Print the table; draw the picture where matplotlib is installed."""
    check_output_file(options.output_file, PICTURE_TYPES)
    from ..demo import describe_demo, draw_demo, run_demo
    from ..pretrained import load_pretrained
    from ..viz import save_figure

    demo = run_demo(load_pretrained(options.model))
    say(describe_demo(demo))
    try:
        save_figure(draw_demo(demo), options.output_file)
    except MissingDependencyError:
        say('No picture: matplotlib is not installed. Get it with: pip install "skelrep[viz]"')
    else:
        say(f"picture: {options.output_file}")
