"""A model on disk: `config.json` and `model.safetensors`, written whole and read strictly."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ._version import __version__
from .atomic import atomic_write
from .config import ModelConfig
from .config_file import config_from_json, model_config_of, read_config
from .config_file import model_config_from_json as model_config_from_json
from .device import check_device
from .errors import ConfigError, WeightsError
from .golden import golden_shapes, golden_tensors
from .models import SkeletonEncoder
from .models.empty import EmptyWeights
from .verification import verify_model as verify_model
from .weights_file import CONFIG_NAME, check_tensors, pack, unpack
from .weights_file import ModelFiles as ModelFiles

__all__ = ["ModelFiles", "load_model", "model_config_from_json", "save_model", "verify_model"]


def save_model(encoder: SkeletonEncoder, folder: str | os.PathLike[str]) -> None:
    """Write a model's two files; a failure leaves whatever stood there.

    The weights carry the hash of their `config.json`: a crash between the two renames is noticed by
    `load_model`, never loaded as a model that was not saved.

    Args:
        encoder: its weights are written as float32, with its golden tensors (`skelrep.verify`).
        folder: made where missing.

    Raises:
        WeightsError: the weights hold NaN or infinity; nothing is written.
        OutputError: the folder cannot be written, or the disk is full.
    """
    tensors = {name: plain(tensor) for name, tensor in encoder.state_dict().items()}
    check_tensors(tensors, tensors, "the model to save", "Save an earlier checkpoint.")
    recipe = encoder.config.encoder.recipe_name
    write_pair(folder, encoder.config.to_dict(), tensors | golden_tensors(encoder), recipe)


def write_pair(
    folder: str | os.PathLike[str], data: dict[str, Any], tensors: dict[str, Tensor], recipe: str
) -> None:
    """Write a configuration and the tensors that belong to it as one pair of files.

    Args:
        folder: made where missing.
        data: plain JSON types, with a ``format_version``.
        tensors: by name, checked and `plain`.
        recipe: for the header of the weights.

    Raises:
        OutputError: the folder cannot be written, or the disk is full.
    """
    config = (json.dumps(data, indent=2, sort_keys=True) + "\n").encode()
    weights = pack(tensors, _metadata(str(data["format_version"]), recipe, config))
    files = ModelFiles.in_folder(Path(folder))
    # Both are whole on the disk before either gets its name.
    with atomic_write(files.config) as config_file, atomic_write(files.weights) as weights_file:
        config_file.write(config)
        config_file.flush()
        os.fsync(config_file.fileno())
        weights_file.write(weights)


@contextlib.contextmanager
def _collection_later() -> Iterator[None]:
    """Put off garbage collection while thousands of objects are made that all stay: it would look through
    everything that torch has imported, which takes as long as loading a model."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_collection_later()
def load_model(
    source: str | os.PathLike[str] | ModelFiles, device: str | torch.device | None = None
) -> SkeletonEncoder:
    """Read a model's two files strictly.

    Args:
        source: the folder, or the two files.
        device: where the model goes; the CPU by default.

    Returns:
        The model in eval mode.

    Raises:
        WeightsNotFoundError: a file is missing.
        ConfigError: `config.json` is no configuration of this version, or `device` cannot be used.
        WeightsError: the weights are damaged, do not fit the configuration, or were not saved with it.
    """
    target = check_device(device)
    files = source if isinstance(source, ModelFiles) else ModelFiles.in_folder(Path(source))
    data, tensors = read_pair(files)
    encoder = empty_encoder(model_config_of(data, str(files.config)), str(files.config))
    wanted = encoder.state_dict()
    check_tensors(tensors, wanted | golden_shapes(encoder, tensors), files.weights, files.remedy)
    encoder = fill_encoder(encoder, {name: tensors[name] for name in wanted})
    if target != encoder.device:
        encoder = encoder.to(target)
    encoder.commit_hash = files.commit_hash
    return encoder


def read_pair(files: ModelFiles) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The JSON object of a `config.json`, and every tensor of the weight file that was saved with it.

    Raises:
        WeightsNotFoundError: a file is missing.
        WeightsError: the weights are damaged, or the two files were not saved together.
        ConfigError: `config.json` is no JSON object of this format version.
    """
    text = read_config(files)
    tensors, metadata = unpack(files)
    stored = metadata.get("config_sha256")
    # Before the text is read: damage to it should be called damage, not bad JSON.
    if stored not in (None, hashlib.sha256(text).hexdigest()):
        raise WeightsError(
            f"{files.weights} was saved with another {CONFIG_NAME} than the one beside it: one of them is "
            f"damaged, was edited or only half replaced. {files.remedy}"
        )
    data = config_from_json(text, str(files.config))
    if stored is None:
        raise WeightsError(
            f"{files.weights} was not written by skelrep: its header lacks config_sha256. {files.remedy}"
        )
    return data, tensors


def empty_encoder(config: ModelConfig, where: str) -> SkeletonEncoder:
    """An encoder without memory for its weights, and without touching the random state.

    Raises:
        ConfigError: sizes that no tensor can have.
    """
    try:
        with EmptyWeights():
            return SkeletonEncoder(config)
    except (RuntimeError, OverflowError, TypeError) as error:
        raise ConfigError(
            f"{where} asks for layers of impossible size ({str(error).splitlines()[0]})."
        ) from error


def fill_encoder(encoder: SkeletonEncoder, tensors: dict[str, Tensor]) -> SkeletonEncoder:
    """Put checked weights into an empty encoder; returns it in eval mode."""
    own = {
        name: tensor if tensor.dtype in (torch.float32, torch.int64) else plain(tensor)
        for name, tensor in tensors.items()
    }
    # What `load_state_dict(own, strict=True, assign=True)` does with checked weights, in a tenth of the time.
    for path, module in encoder.named_modules():
        prefix = f"{path}." if path else ""
        for name in module._parameters:
            module._parameters[name] = nn.Parameter(own[prefix + name])
        for name in module._buffers:
            module._buffers[name] = own[prefix + name]
    return encoder.eval()


def plain(tensor: Tensor) -> Tensor:
    """An own, contiguous copy on the CPU, float32 where it is a floating-point tensor."""
    dtype = torch.float32 if tensor.is_floating_point() else tensor.dtype
    return tensor.detach().to("cpu", dtype, copy=True).contiguous()


def _metadata(format_version: str, recipe: str, config: bytes) -> dict[str, str]:
    return {
        "format": "pt",
        "skelrep_version": __version__,
        "format_version": format_version,
        "recipe": recipe,
        "config_sha256": hashlib.sha256(config).hexdigest(),
    }
