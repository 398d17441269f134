"""`skelrep predict`: the class of each clip, by a classifier that `skelrep finetune` made."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .cells import as_csv
from .console import say
from .options import (
    Subparsers,
    add_batch_size,
    add_clips,
    add_device,
    add_table_file,
    check_output_file,
    pick_device,
)

if TYPE_CHECKING:
    from ..classifier import Predictions
    from ..clips import Clip


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "predict",
        parents=[common],
        allow_abbrev=False,
        help="classify clips with a classifier of yours",
        description="Print, as CSV, each clip's name, its label (or unknown, where the classifier was made "
        "with --unknown), the probability of the best class, and the novelty: the distance from the nearest "
        "class, in the scatter of its clips.",
    )
    add_clips(parser)
    parser.add_argument(
        "--model", required=True, metavar="FOLDER_OR_ID", help="what skelrep finetune wrote, or a Hub id"
    )
    add_table_file(parser)
    add_batch_size(parser)
    add_device(parser)
    parser.set_defaults(run=run, after_interrupt="; nothing was written")


def run(options: argparse.Namespace) -> None:
    """Read, classify, tell."""
    if options.output_file is not None:
        check_output_file(options.output_file, (".csv",))
    from ..atomic import atomic_write
    from ..classifier import load_classifier
    from ..read import as_clips

    classifier = load_classifier(options.model, device=pick_device(options.device))
    clips = as_clips(options.clips, recipe=classifier.encoder.config.preprocess.recipe_name)
    text = as_table(clips, classifier.predict_details(clips, batch_size=options.batch_size))
    if options.output_file is None:
        say(text.rstrip("\n"))
        return
    with atomic_write(options.output_file) as file:
        file.write(text.encode(errors="backslashreplace"))  # a file's name can be no text


def as_table(clips: Sequence[Clip], found: Predictions) -> str:
    """CSV with a line for each clip."""
    answers = ("unknown" if label is None else label for label in found.labels)
    rows = (
        (clip.name, answer, f"{probability:.4f}", f"{novelty:.4f}")
        for clip, answer, probability, novelty in zip(
            clips, answers, found.probabilities.max(axis=1), found.novelty, strict=True
        )
    )
    return as_csv(("name", "label", "probability", "novelty"), rows)
