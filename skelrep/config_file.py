"""The configuration file alone: the text of a `config.json`, and strictly what it says."""

from __future__ import annotations

import json
from typing import Any

from ._version import __version__
from .config import FORMAT_VERSION, ModelConfig
from .errors import ConfigError, WeightsNotFoundError
from .record import unique_fields
from .regular_files import open_regular
from .weights_file import CONFIG_NAME, WEIGHTS_NAME, ModelFiles

MAX_CONFIG_BYTES = 1 << 20


def read_config(files: ModelFiles) -> bytes:
    """The text of a `config.json`.

    Raises:
        WeightsNotFoundError, ConfigError: there is none, or it cannot be read.
    """
    try:
        with open_regular(files.config) as file:
            text = file.read(MAX_CONFIG_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise WeightsNotFoundError(
            f"there is no {files.config}; a model is {CONFIG_NAME} and {WEIGHTS_NAME}."
        ) from error
    except OSError as error:
        raise ConfigError(
            f"{files.config} cannot be read ({error.strerror}). {CONFIG_NAME} is a file that you may read."
        ) from error
    if len(text) > MAX_CONFIG_BYTES:
        raise ConfigError(f"{files.config} is larger than {MAX_CONFIG_BYTES} bytes; that is no model's.")
    return text


def config_from_json(text: str | bytes, where: str) -> dict[str, Any]:
    """The JSON object of a `config.json` of this format version.

    Raises:
        ConfigError: no JSON object, or another format version.
    """
    try:
        data = json.loads(text, object_pairs_hook=unique_fields)
    except (ValueError, RecursionError) as error:  # no JSON or UTF-8, an endless number; deep nesting
        raise ConfigError(f"{where} is not JSON that a configuration could be ({error}).") from error
    version = data.get("format_version") if isinstance(data, dict) else None
    if version != FORMAT_VERSION:
        raise ConfigError(
            f"{where} has format_version {str(version)[:20]}; this skelrep {__version__} reads "
            f"{FORMAT_VERSION}. Upgrade skelrep, load an older revision of the model, or check that it is a "
            "skelrep model at all."
        )
    return data


def model_config_from_json(text: str | bytes, where: str) -> ModelConfig:
    """Read the text of a `config.json` strictly.

    Args:
        text: JSON; bytes must be UTF-8.
        where: how to call it in an error.

    Raises:
        ConfigError: no JSON object, another format version, or a field that is unknown or impossible.

    Example:
        >>> text = '{"format_version": 1, "encoder": {"base_channels": 8}}'
        >>> model_config_from_json(text, "here").encoder.base_channels
        8
    """
    return model_config_of(config_from_json(text, where), where)


def model_config_of(data: dict[str, Any], where: str) -> ModelConfig:
    """The configuration that a JSON object holds.

    Raises:
        ConfigError: a field that is unknown or impossible.
    """
    try:
        return ModelConfig.from_dict(data)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error
