"""The options that make a `PretrainConfig`, and the configuration that they make."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError
from .options import path, positive

if TYPE_CHECKING:
    from ..config import PretrainConfig, View

VIEW_NAMES: tuple[View, ...] = ("joint", "motion", "bone")
CONFIG_HELP = "fields of PretrainConfig as JSON"
FIELDS = ("batch_size", "seed", "on_bad_clip")  # of a PretrainConfig, each an option of this name


def add_config(parser: argparse.ArgumentParser) -> None:
    """The options that make a `PretrainConfig`."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--recipe",
        choices=("fixed", "faithful"),
        default="fixed",
        help="fixed repairs the published code, faithful repeats it (default: %(default)s)",
    )
    source.add_argument("--config", type=path, metavar="CONFIG.json", help=CONFIG_HELP)
    parser.add_argument("--views", nargs="+", choices=VIEW_NAMES, help="one to three of them (default: all)")
    add_schedule(parser)


def add_schedule(parser: argparse.ArgumentParser) -> None:
    """How long, how much at once, from which seed."""
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
