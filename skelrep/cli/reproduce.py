"""`skelrep reproduce`: raw files of a data set to the published linear evaluation, in one command."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..errors import ConfigError
from .console import say
from .options import Subparsers, add_device, add_output_dir, add_quiet, path
from .train_config import CONFIG_HELP, add_schedule, make_config

if TYPE_CHECKING:
    from ..config import PretrainConfig

# As `skelrep.datasets.SPLITS`, which `--help` does not wait for.
SPLIT_NAMES = (
    "ntu60-xsub", "ntu60-xview", "ntu120-xsub", "ntu120-xset",
    "pkummd1-xsub", "pkummd1-xview", "pkummd2-xsub", "pkummd2-xview",
)  # fmt: skip
VIEWS = {"joint": ["joint"], "all": ["joint", "motion", "bone"]}


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "reproduce",
        parents=[common],
        allow_abbrev=False,
        help="reproduce a published result from the raw files of NTU RGB+D or PKU-MMD",
        description="Read the raw files of a published split, pretrain on its training clips without labels, "
        "and evaluate the last epoch's model linearly on its test clips, beside the published number. RUN "
        "receives every stage; the same command goes on with a run that was stopped.",
    )
    parser.add_argument("split", metavar="SPLIT", help=f"one of {', '.join(SPLIT_NAMES)}")
    parser.add_argument(
        "--data", type=path, required=True, metavar="DIR", help="folder of the raw files, also in subfolders"
    )
    add_output_dir(parser, "RUN", "the run's folder")
    _add_config(parser)
    add_device(parser)
    add_quiet(parser, "no progress bars, only the table")
    parser.set_defaults(run=run, after_interrupt="; the same command goes on where it stopped")


def _add_config(parser: argparse.ArgumentParser) -> None:
    """The options that make a `PretrainConfig`."""
    parser.add_argument(
        "--recipe",
        choices=("faithful", "fixed"),
        help="faithful repeats the published code, fixed repairs it (default: faithful)",
    )
    parser.add_argument(
        "--views", choices=tuple(VIEWS), help="all is 3s-CrosSCLR, joint is SkeletonCLR (default: all)"
    )
    parser.add_argument("--config", type=path, metavar="CONFIG.json", help=CONFIG_HELP)
    add_schedule(parser)


def run(options: argparse.Namespace) -> None:
    """Reproduce, and show the table."""
    config = reproduction_config(options)
    from ..reproduction import reproduce

    done = reproduce(
        options.split,
        options.data,
        output_dir=options.output_dir,
        config=config,
        device=options.device,
        progress=False if options.quiet else None,
        report=None if options.quiet else say,
    )
    say(done.table)
    if not options.quiet:
        say()
        say(f"records: {done.folder / 'records.json'}; model: {done.folder / 'pretraining'}")


def reproduction_config(options: argparse.Namespace) -> PretrainConfig:
    """The published schedule or the file, with the options of the command line in place of its fields.

    Raises:
        ConfigError: a file, and a recipe or views as well.
    """
    if options.config is not None and (options.recipe or options.views):
        raise ConfigError("--config holds recipe and views. Leave out --recipe and --views, or --config.")
    views = None if options.config is not None else VIEWS[options.views or "all"]
    wanted = {"recipe": options.recipe or "faithful", "views": views, "on_bad_clip": None}
    return make_config(argparse.Namespace(**{**vars(options), **wanted}))
