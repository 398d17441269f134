"""`skelrep info`: which models there are, and what one of them is."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from .console import Subparsers, say

if TYPE_CHECKING:
    from pathlib import Path

    from ..models import SkeletonEncoder
    from ..weights_file import ModelFiles

HEADINGS = ("name", "views", "dimension", "parameters", "licence", "training data")


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "info",
        parents=[common],
        allow_abbrev=False,
        help="list the embedded models, or describe one",
        description="Without NAME: the models that come with skelrep. With NAME: its configuration, "
        "dimension, parameters, licence and training data (from its card), and whether it "
        "reproduces its golden vector.",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="what load_pretrained takes")
    parser.set_defaults(run=run, after_interrupt="")


def run(options: argparse.Namespace) -> None:
    """Print the table, or one model."""
    if options.name is None:
        list_models()
    else:
        describe_model(options.name)


def list_models() -> None:
    """Print a line for each embedded model."""
    from ..pretrained import list_pretrained

    rows = [HEADINGS] + [
        (
            model.name,
            ", ".join(model.views),
            str(model.embedding_dim),
            f"{model.parameters:,}",
            model.license,
            ", ".join(model.training_data) or "unknown",
        )
        for model in list_pretrained()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def describe_model(name: str) -> None:
    """Print what a model is; its golden vector last, since a wrong one is an error.

    Raises:
        VerificationError: the weights do not reproduce their golden vector.
    """
    from ..pretrained import find_pretrained
    from ..weights_file import ModelFiles

    found = find_pretrained(name)
    model = _load(found)
    card = _card(found) if isinstance(found, ModelFiles) else {}
    say(f"name            {name}")
    if model.commit_hash is not None:
        say(f"commit          {model.commit_hash}")
    say(f"views           {', '.join(model.views)}")
    say(f"dimension       {model.embedding_dim}")
    say(f"parameters      {sum(parameter.numel() for parameter in model.parameters()):,}")
    say(f"licence         {card.get('license', 'unknown')}")
    say(f"training data   {', '.join(_as_list(card.get('datasets'))) or 'unknown'}")
    say("config          " + json.dumps(model.config.to_dict(), indent=2).replace("\n", "\n                "))
    say(f"golden vector   {_verify(model, found)}")


def _load(found: ModelFiles | Path) -> SkeletonEncoder:
    from ..convert import load_reference_checkpoint
    from ..weights_file import ModelFiles
    from ..weights_io import load_model

    return load_model(found) if isinstance(found, ModelFiles) else load_reference_checkpoint(found)


def _card(files: ModelFiles) -> dict[str, Any]:
    from ..hub import card_metadata

    return card_metadata(files.config.parent / "README.md")


def _as_list(value: object) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _verify(model: SkeletonEncoder, found: ModelFiles | Path) -> str:
    from ..weights_file import ModelFiles
    from ..weights_io import verify_model

    if not isinstance(found, ModelFiles):
        return "none in a published checkpoint"
    return f"reproduced (relative error {verify_model(model, found):.1e})"
