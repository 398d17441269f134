"""`skelrep train`: pretrain an encoder on one's own clips, without labels."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import ConfigError
from .console import is_first_process, say
from .options import (
    MODEL_HELP,
    Subparsers,
    add_clips,
    add_device,
    add_labels,
    add_output_dir,
    add_quiet,
    add_window,
    path,
    positive,
)
from .train_config import add_config, make_config

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..clips import Clip
    from ..config import PretrainConfig
    from ..read import ClipStore
    from ..train import KnnMonitor


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "train",
        parents=[common],
        allow_abbrev=False,
        help="pretrain an encoder with CrosSCLR",
        description="Pretrain an encoder without labels: SkeletonCLR with one view, CrosSCLR with two or "
        "three. RUN receives checkpoints, log.jsonl and, at the end, config.json and model.safetensors, "
        "which load_pretrained reads. The same command goes on with a run that was stopped.",
    )
    add_clips(parser)
    add_output_dir(parser, "RUN", "the run's folder")
    add_config(parser)
    add_window(parser, "train on windows of this many frames of each clip")
    parser.add_argument(
        "--sample-weights", type=path, metavar="WEIGHTS.csv",
        help="a CSV file with the columns name (a file without its ending) and weight: how often a clip is "
        "trained on, relative to the others (default: all alike)",
    )  # fmt: skip
    parser.add_argument("--init", metavar="NAME", help=f"begin with the weights of a model; {MODEL_HELP}")
    _add_monitor(parser)
    add_device(parser)
    parser.add_argument(
        "--on-bad-clip",
        choices=("raise", "skip"),
        help="what happens to a clip that cannot be read or used (default: raise)",
    )
    parser.add_argument("--no-resume", action="store_true", help="refuse a RUN that already holds a run")
    add_quiet(parser)
    parser.set_defaults(run=run, after_interrupt="; the same command goes on from the last checkpoint")


def _add_monitor(parser: argparse.ArgumentParser) -> None:
    """The options that make a `KnnMonitor`."""
    parser.add_argument(
        "--monitor",
        type=path,
        metavar="FOLDER",
        help="labelled clips: stop when their nearest neighbours stop improving, keep the best epoch",
    )
    add_labels(parser, "for the clips of --monitor (default: the labels that they carry)")
    parser.add_argument(
        "--patience", type=positive, default=5, help="epochs without a new best (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> None:
    """Read, train, tell where the model is."""
    config = make_config(options)
    from ..train import train_crossclr

    clips, weights = choose_clips(options, config)
    quiet = options.quiet or not is_first_process()
    alone = os.environ.get("WORLD_SIZE", "1") == "1"  # else a few steps would tell the time of one process
    if not quiet and alone and not (options.output_dir / "checkpoints").exists():
        announce(clips, config, options.device)
    model = train_crossclr(
        clips,
        config,
        output_dir=options.output_dir,
        init=options.init,
        resume=not options.no_resume,
        monitor=make_monitor(options, config),
        sample_weights=weights,
        device=options.device,
        progress=False if options.quiet else None,
    )
    if not quiet:
        say(f"trained a model of {model.embedding_dim} numbers a clip: {options.output_dir}")
        say(f"use it: skelrep encode FOLDER -o out.npz --model {options.output_dir}")


def choose_clips(
    options: argparse.Namespace, config: PretrainConfig
) -> tuple[ClipStore, NDArray[np.float64] | None]:
    """The training set, windows where they are asked for, and the weight of each where there is a file."""
    from ..train.selection import select_clips
    from ..train.usable import readable_clips
    from .label_file import match_weights, read_weights

    clips, weights = options.clips, None
    if options.sample_weights is not None:
        rows = read_weights(options.sample_weights)
        clips = readable_clips(options.clips, config)
        weights = match_weights([clip.name for clip in clips], rows, options.sample_weights)
    return select_clips(clips, config, window=options.window, stride=options.stride, sample_weights=weights)


def make_monitor(options: argparse.Namespace, config: PretrainConfig) -> KnnMonitor | None:
    """The labelled clips to watch: labels from the CSV file, else those the clips carry.

    Raises:
        ConfigError: a clip without a label, or labels without clips.
    """
    from ..read import read_clips
    from ..train import KnnMonitor
    from .label_file import match_labels, read_labels

    if options.monitor is None:
        if options.labels is not None:
            raise ConfigError("--labels names the classes of a monitor; give its clips with --monitor.")
        return None
    clips = read_clips(options.monitor, recipe=config.recipe_name)
    if options.labels is not None:
        chosen, names, _ = match_labels(clips, read_labels(options.labels), options.labels)
        return KnnMonitor(clips=chosen, labels=names, patience=options.patience)
    without = [clip.name for clip in clips if clip.label is None]
    if without:
        raise ConfigError(
            f"{without[0]!r} and {len(without) - 1} more clips of --monitor have no label. Give --labels."
        )
    return KnnMonitor(clips=clips, labels=[clip.label for clip in clips], patience=options.patience)


def announce(clips: Sequence[Clip], config: PretrainConfig, device: str | None) -> None:
    """Say how long a new run will take, before it begins."""
    from ..train import estimate_training_time

    seconds = estimate_training_time(clips, config, device=device)
    long = f"{seconds / 3600:.1f} hours" if seconds >= 5400 else f"{seconds / 60:.1f} minutes"
    say(f"{len(clips)} clips, {config.epochs} epochs: about {long}, by a few steps that were timed")
