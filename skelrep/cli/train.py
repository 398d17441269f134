"""`skelrep train`: pretrain an encoder on one's own clips, without labels."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError
from .console import Subparsers, add_device, is_first_process, positive, say

if TYPE_CHECKING:
    from ..clips import Clip
    from ..config import PretrainConfig, View
    from ..train import KnnMonitor

VIEW_NAMES: tuple[View, ...] = ("joint", "motion", "bone")
FIELDS = ("batch_size", "seed", "on_bad_clip")  # of a PretrainConfig, each an option of this name


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
    parser.add_argument(
        "clips", type=Path, metavar="FOLDER", help="clips in any format that read_clips reads"
    )
    parser.add_argument(
        "-o", "--output-dir", type=Path, required=True, metavar="RUN", help="folder of the run"
    )
    _add_config(parser)
    parser.add_argument("--window", type=positive, help="train on windows of this many frames of each clip")
    parser.add_argument("--stride", type=positive, help="frames from window to window (default: no overlap)")
    parser.add_argument(
        "--init", metavar="NAME", help="begin with this model's weights; what load_pretrained takes"
    )
    _add_monitor(parser)
    add_device(parser)
    parser.add_argument(
        "--on-bad-clip",
        choices=("raise", "skip"),
        help="what happens to a clip that cannot be read or used (default: raise)",
    )
    parser.add_argument("--no-resume", action="store_true", help="refuse a RUN that already holds a run")
    parser.add_argument("--quiet", action="store_true", help="no progress bar, no summary")
    parser.set_defaults(run=run, after_interrupt="; the same command goes on from the last checkpoint")


def _add_config(parser: argparse.ArgumentParser) -> None:
    """The options that make a `PretrainConfig`."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--recipe",
        choices=("fixed", "faithful"),
        default="fixed",
        help="fixed repairs the published code, faithful repeats it (default: %(default)s)",
    )
    source.add_argument("--config", type=Path, metavar="CONFIG.json", help="fields of PretrainConfig as JSON")
    parser.add_argument("--views", nargs="+", choices=VIEW_NAMES, help="one to three of them (default: all)")
    parser.add_argument(
        "--epochs",
        type=positive,
        help="passes over the data; warm-up, decay and the start of cross-view mining move along "
        "(default: 300)",
    )
    parser.add_argument("--batch-size", type=positive, help="clips a step (default: 128)")
    parser.add_argument(
        "--seed", type=int, help="fixes weights, order, augmentation and dropout (default: 0)"
    )


def _add_monitor(parser: argparse.ArgumentParser) -> None:
    """The options that make a `KnnMonitor`."""
    parser.add_argument(
        "--monitor",
        type=Path,
        metavar="FOLDER",
        help="labelled clips: stop when their nearest neighbours stop improving, keep the best epoch",
    )
    parser.add_argument("--labels", type=Path, metavar="CSV", help="name,label of the monitor's clips")
    parser.add_argument(
        "--patience", type=positive, default=5, help="epochs without a new best (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> None:
    """Read, train, tell where the model is."""
    config = make_config(options)
    from ..train import train_crossclr
    from ..train.selection import select_clips

    clips, _ = select_clips(options.clips, config, window=options.window, stride=options.stride)
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
        device=options.device,
        progress=False if options.quiet else None,
    )
    if not quiet:
        say(f"trained a model of {model.embedding_dim} numbers a clip: {options.output_dir}")
        say(f"use it: skelrep encode FOLDER -o out.npz --model {options.output_dir}")


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


def make_config(options: argparse.Namespace) -> PretrainConfig:
    """The recipe or the file, with the options of the command line in place of its fields."""
    from ..config import PretrainConfig

    config = PretrainConfig.recipe(options.recipe) if options.config is None else read_config(options.config)
    if options.views is not None:
        views = tuple(view for view in VIEW_NAMES if view in options.views)
        config = dataclasses.replace(config, encoder=dataclasses.replace(config.encoder, views=views))
    if options.epochs is not None:
        config = with_epochs(config, options.epochs)
    given = {name: getattr(options, name) for name in FIELDS if getattr(options, name) is not None}
    return dataclasses.replace(config, **given)


def read_config(path: Path) -> PretrainConfig:
    """Read a `PretrainConfig` from JSON strictly.

    Raises:
        ConfigError: no such file, not JSON, or unknown or impossible fields.
    """
    from ..config import PretrainConfig
    from ..record import unique_fields

    try:
        data = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=unique_fields)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}. --config takes a JSON file.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{path} is not JSON ({error}). --config takes the fields of PretrainConfig."
        ) from error
    return PretrainConfig.from_dict(data, where=str(path))


def with_epochs(config: PretrainConfig, epochs: int) -> PretrainConfig:
    """Another number of epochs; all other dates of the schedule keep their place in it."""
    share = epochs / config.epochs
    return dataclasses.replace(
        config,
        epochs=epochs,
        cross_view_epoch=1 + round((config.cross_view_epoch - 1) * share),
        warmup_epochs=round(config.warmup_epochs * share),
        decay_epoch=round(config.decay_epoch * share),
    )
