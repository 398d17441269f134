"""A classifier on disk: the two files of a model, with classes in the one and a head in the other."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import Tensor

from ..errors import ConfigError
from ..golden import golden_shapes, golden_tensors
from ..weights_file import ModelFiles, check_device, check_tensors
from ..weights_io import (
    empty_encoder,
    fill_encoder,
    plain,
    read_pair,
    write_pair,
)
from .calibrate import Prototypes
from .classifier import SkeletonClassifier
from .head import Head
from .settings import ClassifierConfig

ENCODER, HEAD, PROTOTYPES = "encoder.", "head.", "prototypes."


def save_classifier(classifier: SkeletonClassifier, folder: str | os.PathLike[str]) -> None:
    """Write a classifier's two files; a failure leaves whatever stood there.

    Raises:
        WeightsError: the weights hold NaN or infinity; nothing is written.
        OutputError: the folder cannot be written, or the disk is full.
    """
    tensors = {name: plain(tensor) for name, tensor in _tensors(classifier).items()}
    check_tensors(tensors, tensors, "the classifier to save", "Fine-tune again.")
    recipe = classifier.config.model.encoder.recipe_name
    write_pair(folder, classifier.config.to_dict(), tensors | golden_tensors(classifier.encoder), recipe)


def load_classifier(
    folder: str | os.PathLike[str], *, device: str | torch.device | None = None
) -> SkeletonClassifier:
    """Read what `SkeletonClassifier.save_pretrained` wrote, strictly.

    Args:
        folder: with `config.json` and `model.safetensors`.
        device: where its encoder goes; the CPU by default.

    Raises:
        WeightsNotFoundError: a file is missing.
        ConfigError: `config.json` is not a classifier's, or `device` cannot be used.
        WeightsError: the weights are damaged, do not fit the configuration, or were not saved with it.
    """
    target = check_device(device)
    files = ModelFiles.in_folder(Path(folder))
    data, given = read_pair(files)
    if "classes" not in data:
        raise ConfigError(
            f"{files.config} is an encoder's, not a classifier's: it names no classes. Load it with "
            "skelrep.load_pretrained, or make a classifier of it with skelrep.finetune."
        )
    config = _read(data, files)
    classifier = _empty(config, files)
    wanted = _tensors(classifier)
    golden = golden_shapes(classifier.encoder, given)
    check_tensors(given, wanted | golden, files.weights, files.remedy)
    return _fill(classifier, {name: plain(given[name]) for name in wanted}, target)


def _read(data: dict[str, object], files: ModelFiles) -> ClassifierConfig:
    try:
        return ClassifierConfig.from_dict(data)
    except ConfigError as error:
        raise ConfigError(f"{files.config}: {error}") from error


def _empty(config: ClassifierConfig, files: ModelFiles) -> SkeletonClassifier:
    """A classifier without memory for its weights."""
    encoder = empty_encoder(config.model, str(files.config))
    with torch.device("meta"):
        head = Head(encoder.embedding_dim, len(config.classes))
        prototypes = Prototypes(encoder.embedding_dim, len(config.classes))
    return SkeletonClassifier(encoder, head, prototypes, config)


def _fill(
    classifier: SkeletonClassifier, tensors: dict[str, Tensor], device: torch.device
) -> SkeletonClassifier:
    encoder = fill_encoder(classifier.encoder, _below(tensors, ENCODER)).to(device)
    classifier.head.load_state_dict(_below(tensors, HEAD), assign=True)
    classifier.prototypes.load_state_dict(_below(tensors, PROTOTYPES), assign=True)
    return SkeletonClassifier(encoder, classifier.head, classifier.prototypes, classifier.config)


def _tensors(classifier: SkeletonClassifier) -> dict[str, Tensor]:
    rooms = {ENCODER: classifier.encoder, HEAD: classifier.head, PROTOTYPES: classifier.prototypes}
    return {prefix + name: t for prefix, module in rooms.items() for name, t in module.state_dict().items()}


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
