"""`skelrep verify`: does a model compute what it computed where it was saved?"""

from __future__ import annotations

import argparse

from .console import say
from .options import Subparsers, add_revision


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "verify",
        parents=[common],
        allow_abbrev=False,
        help="check that a model computes what it computed where it was saved",
        description="Compute a model's golden clip again, and compare its vector and every layer's output "
        "with those stored in the weight file. An error names the first layer that differs.",
    )
    parser.add_argument("model", metavar="MODEL", help="a name, folder or Hub id of a model or classifier")
    add_revision(parser)
    parser.set_defaults(run=run, after_interrupt="")


def run(options: argparse.Namespace) -> None:
    """Verify, and tell how close it is."""
    from ..selfcheck import verify

    found = verify(options.model, revision=options.revision)
    say(f"{options.model} reproduces its golden vector (relative error {found.vector_error:.1e})")
    if found.layer_errors:
        worst = max(found.layer_errors.values())
        say(f"and the outputs of {len(found.layer_errors)} layers (largest relative error {worst:.1e})")
