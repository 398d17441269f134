"""`skelrep info`: which models there are, and what one of them is."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .console import say
from .options import MODEL_HELP, Subparsers, add_revision

if TYPE_CHECKING:
    from pathlib import Path

    from ..classifier import SkeletonClassifier
    from ..models import SkeletonEncoder
    from ..weights_file import ModelFiles

HEADINGS = ("name", "views", "dimension", "parameters", "licence", "training data")
Row = tuple[str, str]


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "info",
        parents=[common],
        allow_abbrev=False,
        help="list the embedded models, or describe one",
        description="Without NAME: the models that come with skelrep. With NAME (also of a folder, or a Hub "
        "id): its configuration, size, licence, training data and results (from its card), and whether it "
        "verifies.",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help=MODEL_HELP)
    add_revision(parser)
    parser.set_defaults(run=run, after_interrupt="")


def run(options: argparse.Namespace) -> None:
    """Print the table, or one model."""
    if options.name is None:
        list_models()
    else:
        describe_model(options.name, options.revision)


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


def describe_model(name: str, revision: str | None = None) -> None:
    """Print what a model is; whether it verifies last, since a wrong one is an error.

    Raises:
        VerificationError: the weights do not reproduce their golden vector.
    """
    from ..pretrained import find_pretrained
    from ..selfcheck import encoder_of, open_model

    found = find_pretrained(name, revision=revision)
    model = open_model(found)
    encoder = encoder_of(model)
    rows: list[Row] = [("name", name), *_what_it_is(model, encoder, found), *_what_its_card_says(name, found)]
    config = json.dumps(encoder.config.to_dict(), indent=2).replace("\n", "\n" + " " * 16)
    for heading, cell in [*rows, ("config", config)]:
        say(f"{heading:16}{cell}")
    say(f"{'golden vector':16}{_verify(encoder, found)}")


def _what_it_is(
    model: SkeletonEncoder | SkeletonClassifier, encoder: SkeletonEncoder, found: ModelFiles | Path
) -> Iterator[Row]:
    from ..classifier import SkeletonClassifier
    from ..weights_file import ModelFiles

    file = found.weights if isinstance(found, ModelFiles) else found
    if encoder.commit_hash is not None:
        yield "commit", encoder.commit_hash
    if isinstance(model, SkeletonClassifier):
        yield "classes", ", ".join(map(str, model.config.classes))
    yield "views", ", ".join(encoder.views)
    yield "dimension", str(encoder.embedding_dim)
    yield "parameters", f"{sum(parameter.numel() for parameter in encoder.parameters()):,}"
    yield "size", f"{file.stat().st_size / 1e6:.1f} MB"


def _what_its_card_says(name: str, found: ModelFiles | Path) -> Iterator[Row]:
    from ..hub import card_results, training_data

    card = _card(name, found)
    yield "licence", str(card.get("license", "unknown"))
    yield "training data", ", ".join(training_data(card)) or "unknown"
    results = card_results(card)
    for result in results:
        yield "result", f"{result.data}, {result.task}: {result.metric} {result.value}"
    if not results:
        yield "result", "none in its card"


def _card(name: str, found: ModelFiles | Path) -> dict[str, Any]:
    from ..hub import card_metadata, download_card
    from ..weights_file import ModelFiles

    if not isinstance(found, ModelFiles):
        return {}
    if found.commit_hash is not None:
        return card_metadata(download_card(name, found))
    return card_metadata(found.config.parent / "README.md")


def _verify(encoder: SkeletonEncoder, found: ModelFiles | Path) -> str:
    from ..weights_file import ModelFiles
    from ..weights_io import verify_model

    if not isinstance(found, ModelFiles):
        return "none in a published checkpoint"
    return f"reproduced (relative error {verify_model(encoder, found):.1e})"
