"""What a reproduction trains, and what identifies it."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal, get_args

from ..config import VIEWS, PretrainConfig, Recipe
from ..datasets import Inventory
from ..errors import ConfigError
from ..train.checkpoint import MAY_DIFFER

Views = Literal["joint", "all"]
FORMAT_VERSION = 1


def reproduction_config(recipe: Recipe = "faithful", views: Views = "all") -> PretrainConfig:
    """The published schedule: 300 epochs, cross-view mining from epoch 151, batches of 128.

    Args:
        recipe: ``"faithful"`` computes what the published code computes, ``"fixed"`` with its bugs repaired.
        views: ``"all"`` is 3s-CrosSCLR, ``"joint"`` SkeletonCLR on joints.

    Raises:
        ConfigError: another recipe or views.

    Example:
        >>> config = reproduction_config("faithful", "joint")
        >>> config.encoder.views, config.epochs, config.learning_rate
        (('joint',), 300, 0.1)
    """
    for name, value, known in (("recipe", recipe, get_args(Recipe)), ("views", views, get_args(Views))):
        if value not in known:
            raise ConfigError(f"{name} is {value!r}; expected one of {', '.join(map(repr, known))}.")
    config = PretrainConfig.recipe(recipe)
    encoder = dataclasses.replace(config.encoder, views=VIEWS if views == "all" else ("joint",))
    return dataclasses.replace(config, encoder=encoder)


def choose_config(
    recipe: Recipe | None, views: Views | None, config: PretrainConfig | None
) -> PretrainConfig:
    """The configuration given, or the published one of a recipe and views.

    Raises:
        ConfigError: both are given.
    """
    if config is None:
        return reproduction_config(recipe or "faithful", views or "all")
    if recipe is not None or views is not None:
        raise ConfigError(
            "config is given, and recipe or views as well. Pass the config alone: it holds both."
        )
    return config


def identity_of(inventory: Inventory, config: PretrainConfig) -> dict[str, Any]:
    """What must be the same when a run is gone on with, as plain JSON types."""
    plain = {name: value for name, value in config.to_dict().items() if f"config.{name}" not in MAY_DIFFER}
    return {
        "format_version": FORMAT_VERSION,
        "split": inventory.split.name,
        "data": inventory.digest,
        "config": plain,
    }
