"""A classifier on disk: the two files of a model, with classes in the one and a head in the other."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import torch
from torch import Tensor

from ..config_file import config_from_json, read_config
from ..device import check_device
from ..errors import ConfigError
from ..golden import golden_shapes, golden_tensors
from ..hub import ModelCard, Pushed, Target, push_files
from ..pretrained import find_pretrained
from ..publish import Card, card_text, write_card
from ..verification import verify_model
from ..weights_file import ModelFiles, check_tensors
from ..weights_io import empty_encoder, fill_encoder, plain, read_pair, write_pair
from .calibrate import Prototypes
from .classifier import SkeletonClassifier
from .head import Head
from .settings import ClassifierConfig

ENCODER, HEAD, PROTOTYPES = "encoder.", "head.", "prototypes."


def save_classifier(
    classifier: SkeletonClassifier, folder: str | os.PathLike[str], card: ModelCard | None = None
) -> None:
    """Write a classifier's two files, and a `README.md` where there is none.

    Raises:
        WeightsError: the weights hold NaN or infinity; nothing is written.
        OutputError: the folder cannot be written, or the disk is full; whatever stood there stays.
    """
    _write(classifier, folder)
    write_card(folder, card, classifier.config.model, class_names(classifier.config))


def _write(classifier: SkeletonClassifier, folder: str | os.PathLike[str]) -> None:
    tensors = {name: plain(tensor) for name, tensor in _tensors(classifier).items()}
    check_tensors(tensors, tensors, "the classifier to save", "Fine-tune again.")
    config = classifier.config
    golden = golden_tensors(classifier.encoder)
    write_pair(folder, config.to_dict(), tensors | golden, config.model.encoder.recipe_name)


def load_classifier(
    name_or_path: str | os.PathLike[str],
    *,
    revision: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
    local_files_only: bool = False,
    token: bool | str | None = None,
    device: str | torch.device | None = None,
) -> SkeletonClassifier:
    """Read what `SkeletonClassifier.save_pretrained` or `push_to_hub` wrote, strictly.

    Args:
        name_or_path: a folder with `config.json` and `model.safetensors`, or a Hub repo id ``"owner/name"``.
        revision, cache_dir, force_download, local_files_only, token: for a Hub repo, see `load_pretrained`.
        device: where its encoder goes; the CPU by default.

    Returns:
        The classifier, its encoder in eval mode.

    Raises:
        WeightsNotFoundError: no such folder or repo, or a file is missing.
        HubError: the Hub refused, failed or could not be reached.
        ConfigError: `config.json` is not a classifier's, or `device` cannot be used.
        WeightsError: the weights are damaged, do not fit the configuration, or were not saved with it.
    """
    found = find_pretrained(
        name_or_path,
        revision=revision,
        cache_dir=cache_dir,
        force_download=force_download,
        local_files_only=local_files_only,
        token=token,
    )
    if not isinstance(found, ModelFiles):
        raise ConfigError(f"{found} is a checkpoint of an encoder, not a classifier. Use skelrep.finetune.")
    return read_classifier(found, device)


def read_classifier(files: ModelFiles, device: str | torch.device | None = None) -> SkeletonClassifier:
    """Read a classifier's two files; see `load_classifier`."""
    target = check_device(device)
    data, given = read_pair(files)
    if "classes" not in data:
        raise ConfigError(
            f"{files.config} is an encoder's, not a classifier's: it names no classes. Run `skelrep "
            "finetune` (skelrep.finetune) first to make a classifier of it; as an encoder it is loaded with "
            "skelrep.load_pretrained."
        )
    config = _read(data, files)
    classifier = _empty(config, files)
    wanted = _tensors(classifier)
    golden = golden_shapes(classifier.encoder, given)
    check_tensors(given, wanted | golden, files.weights, files.remedy)
    classifier = _fill(classifier, {name: plain(given[name]) for name in wanted}, target)
    classifier.encoder.commit_hash = files.commit_hash
    return classifier


def stores_classifier(files: ModelFiles) -> bool:
    """Whether a model's `config.json` names classes.

    Raises:
        WeightsNotFoundError, ConfigError: it is missing or unreadable.
    """
    return "classes" in config_from_json(read_config(files), str(files.config))


def push_classifier(classifier: SkeletonClassifier, target: Target, card: Card | None = None) -> Pushed:
    """Save a classifier and push it; see `SkeletonClassifier.push_to_hub`."""
    with tempfile.TemporaryDirectory(prefix="skelrep-push-") as folder:
        _write(classifier, folder)
        return push_classifier_folder(folder, target, card)


def push_classifier_folder(
    folder: str | os.PathLike[str], target: Target, card: Card | None = None
) -> Pushed:
    """Push a classifier's folder byte for byte, if its encoder verifies; see `publish.push_folder`."""
    files = ModelFiles.in_folder(Path(folder))
    classifier = read_classifier(files)
    verify_model(classifier.encoder, files)
    text = card_text(card, folder, target.repo_id, classifier.config.model, class_names(classifier.config))
    return push_files(files, target, card=text, replace_card=card is not None)


def class_names(config: ClassifierConfig) -> tuple[str, ...]:
    """The classes as text, for a card."""
    return tuple(map(str, config.classes))


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
