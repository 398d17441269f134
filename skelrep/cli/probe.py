"""`skelrep probe`: how good a model's vectors are on labelled clips, and what they have to beat."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .console import say
from .label_file import match_rows, read_labels
from .options import (
    Subparsers,
    add_clips,
    add_device,
    add_labels,
    add_model,
    add_quiet,
    check_output_file,
    path,
)
from .split_words import FORMS, find_folds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..evaluate import EvaluationRecord

BASELINES = {"random": "random encoder", "raw": "raw joints", "scratch": "from scratch"}


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "probe",
        parents=[common],
        allow_abbrev=False,
        help="evaluate a model on labelled clips, beside random encoders and raw joints",
        description="Fit the field's protocols to training clips, test them on test clips, and print top-1 "
        "accuracy, mean and deviation over seeds; the baselines stand in the same table.",
    )
    add_clips(parser)
    add_labels(
        parser,
        "those that the split needs, such as subject; other clips are left out",
        required=True,
    )
    parser.add_argument(
        "--split", action="append", required=True, metavar="SPLIT",
        help=f"who learns and who is tested: {FORMS}; given twice, both hold",
    )  # fmt: skip
    parser.add_argument(
        "--protocol", type=_words, default="linear,ridge,knn", metavar="NAMES", dest="protocols",
        help="comma-separated, of linear, logistic, ridge, knn, 1-nn, few-shot (or 1-shot, 5-shot, "
        "10-shot), semi-supervised, finetune, semi-finetune, scratch (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--baselines", type=_baselines, default="random,raw,scratch", metavar="NAMES",
        help="comma-separated, of random, raw, scratch (beside finetune), or none (default: %(default)s)",
    )  # fmt: skip
    add_model(parser)
    parser.add_argument(
        "--seeds", type=_numbers, default="0,1,2", metavar="SEEDS",
        help="comma-separated; of all that is random (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--name", help="what to call the data (default: the name of the folder or file)")
    parser.add_argument("--json", type=path, metavar="OUT.json", help="write the records here")
    add_device(parser)
    add_quiet(parser, "no progress bar")
    parser.set_defaults(run=run, after_interrupt="; nothing was written")


def run(options: argparse.Namespace) -> None:
    """Read clips and labels, evaluate, print, write."""
    if options.json is not None:
        check_output_file(options.json, (".json",))
    rows = read_labels(options.labels)
    from ..evaluate import probe, results_table, write_records
    from ..pretrained import load_pretrained
    from ..read import as_clips

    model = load_pretrained(options.model, device=options.device)
    every = as_clips(options.clips, recipe=model.config.preprocess.recipe_name)
    clips, mine = match_rows(every, rows, options.labels)
    records = probe(
        model,
        clips,
        [row["label"] for row in mine],
        find_folds(options.split, mine, options.seeds[0]),
        protocols=options.protocols,
        baselines=options.baselines,
        seeds=options.seeds,
        model_name=options.model,
        data_name=options.name or options.clips.resolve().name,
        split_name=" and ".join(options.split),
        device=options.device,
        progress=False if options.quiet else None,
    )
    say(results_table(records))
    say()
    say(f"{len(clips)} of {len(every)} clips have a label; {_spread(records, options.seeds)}")
    if options.json is not None:
        write_records(options.json, records)
        say(f"records: {options.json}")


def _spread(records: Sequence[EvaluationRecord], seeds: Sequence[int]) -> str:
    """What the deviations in the table are over."""
    if all(record.deviation is None for record in records):
        return "nothing in the table is random"
    return f"± is the sample deviation over seeds {', '.join(map(str, seeds))}, or over few-shot episodes"


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def _baselines(text: str) -> list[str]:
    """An `argparse` type: baselines by their short names."""
    words = [] if text == "none" else _words(text)
    for word in words:
        if word not in BASELINES:
            raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(BASELINES)}, or none")
    return [BASELINES[word] for word in words]


def _numbers(text: str) -> list[int]:
    try:
        numbers = [int(word) for word in _words(text)]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is not a list of whole numbers") from error
    if not numbers or min(numbers) < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not one or more numbers, 0 or above")
    return numbers
