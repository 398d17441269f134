"""`skelrep finetune`: a classifier for one's own classes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OutputError
from .console import say
from .label_file import match_labels, read_labels
from .options import (
    Subparsers,
    add_clips,
    add_device,
    add_labels,
    add_model,
    add_output_dir,
    add_quiet,
    positive,
)

if TYPE_CHECKING:
    from ..classifier import SkeletonClassifier
    from ..clips import Clip
    from ..models import SkeletonEncoder


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "finetune",
        parents=[common],
        allow_abbrev=False,
        help="make a classifier for your own classes",
        description="Fit a classifier to labelled clips. OUT receives config.json and model.safetensors, "
        "which skelrep predict and skelrep.load_classifier read.",
    )
    add_clips(parser)
    add_labels(
        parser,
        "if wanted, group (who performs the clip: no group is both learned from and checked); other clips "
        "are left out",
        required=True,
    )
    add_output_dir(parser, "OUT", "the classifier's folder")
    add_model(parser)
    _add_options(parser)
    parser.set_defaults(run=run, after_interrupt="; nothing was written")


def _add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `skelrep.finetune`, under its words and with its defaults."""
    parser.add_argument(
        "--mode", choices=("linear", "full", "gradual"), default="linear",
        help="linear fits a head on frozen vectors, full trains the encoder too, gradual does so from the "
        "top blocks down (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--class-weight", choices=("balanced", "none"), default="balanced",
        help="whether every class counts the same, or every clip (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--validation", type=float, default=0.2, help="share of clips held out (default: %(default)s)"
    )
    parser.add_argument(
        "--unknown", action="store_true", help='also answer "unknown" for clips unlike all classes'
    )
    parser.add_argument(
        "--false-reject-rate", type=float, default=0.05,
        help="share of clips of known classes that may be called unknown (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--epochs", type=positive, default=40, help="of full and gradual (default: 40)")
    parser.add_argument(
        "--learning-rate", type=float, default=3e-4, help="of full and gradual (default: %(default)s)"
    )
    parser.add_argument(
        "--patience", type=positive, default=10,
        help="epochs without a better held-out loss before training stops (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="fixes everything random (default: 0)")
    add_device(parser)
    add_quiet(parser)


def run(options: argparse.Namespace) -> None:
    """Read clips and labels, fit, write."""
    if options.output_dir.exists() and not options.output_dir.is_dir():
        raise OutputError(f"cannot write {options.output_dir}: it is a file. Give the name of a folder.")
    rows = read_labels(options.labels)
    from ..pretrained import load_pretrained
    from ..read import as_clips

    model = load_pretrained(options.model)
    every = as_clips(options.clips, recipe=model.config.preprocess.recipe_name)
    clips, labels, groups = match_labels(every, rows, options.labels)
    classifier = fit(options, model, clips, labels, groups)
    classifier.save_pretrained(options.output_dir)
    if not options.quiet:
        summarise(classifier, len(every), options.output_dir)


def fit(
    options: argparse.Namespace,
    model: SkeletonEncoder,
    clips: Sequence[Clip],
    labels: Sequence[str],
    groups: Sequence[str] | None,
) -> SkeletonClassifier:
    """`skelrep.finetune` with the options."""
    from ..classifier import finetune

    return finetune(
        model,
        clips,
        labels,
        mode=options.mode,
        groups=groups,
        class_weight=None if options.class_weight == "none" else "balanced",
        validation=options.validation,
        unknown=options.unknown,
        false_reject_rate=options.false_reject_rate,
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        patience=options.patience,
        seed=options.seed,
        device=options.device,
        progress=False if options.quiet else None,
    )


def summarise(classifier: SkeletonClassifier, clips: int, folder: Path) -> None:
    """Say what was learned from what, how well, and what to do next."""
    report, accuracy = classifier.config.report, classifier.validation_accuracy
    say(f"{report.clips} of {clips} clips, {len(classifier.classes_)} classes: {folder}")
    if accuracy is None:
        say("no clip was held out: how good the classifier is was not measured")
    else:
        say(f"{accuracy:.1%} of {report.held_out} held-out clips right")
    say(f"use it: skelrep predict FOLDER --model {folder}")
