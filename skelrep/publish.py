"""Write a model with its card, and push one that verifies."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .atomic import atomic_write
from .config import ModelConfig
from .errors import ConfigError
from .hub import ModelCard, Pushed, Target, push_files
from .hub.card import CARD_NAME
from .weights_file import ModelFiles
from .weights_io import load_model, save_model, verify_model

if TYPE_CHECKING:
    from .models import SkeletonEncoder

Card = ModelCard | str | os.PathLike[str]


def save_with_card(
    encoder: SkeletonEncoder, folder: str | os.PathLike[str], card: ModelCard | None = None
) -> None:
    """`save_model`, and a `README.md` where the folder has none; see `SkeletonEncoder.save_pretrained`."""
    save_model(encoder, folder)
    write_card(folder, card, encoder.config)


def write_card(
    folder: str | os.PathLike[str],
    card: ModelCard | None,
    config: ModelConfig,
    classes: tuple[str, ...] = (),
) -> None:
    """Write a model's `README.md`, unless there is one.

    Raises:
        OutputError: the folder cannot be written.
    """
    path = Path(folder) / CARD_NAME
    if path.exists():
        return
    name = path.resolve().parent.name
    text = (card or ModelCard(name=name)).text(config, where=name, classes=classes)
    with atomic_write(path) as file:
        file.write(text.encode())


def push_encoder(encoder: SkeletonEncoder, target: Target, card: Card | None = None) -> Pushed:
    """Save a model and push it; see `SkeletonEncoder.push_to_hub`."""
    with tempfile.TemporaryDirectory(prefix="skelrep-push-") as folder:
        save_model(encoder, folder)
        return push_folder(folder, target, card)


def push_folder(folder: str | os.PathLike[str], target: Target, card: Card | None = None) -> Pushed:
    """Push an encoder's folder byte for byte, if it verifies.

    Args:
        folder: with `config.json`, `model.safetensors` and perhaps a `README.md`.
        target: where it goes.
        card: replaces the repo's `README.md`; None keeps it, or takes the folder's.

    Raises:
        VerificationError: the model does not reproduce its golden tensors; nothing is sent.
        WeightsError, WeightsNotFoundError, ConfigError, HubError: see `load_model` and `push_files`.
    """
    files = ModelFiles.in_folder(Path(folder))
    encoder = load_model(files)
    verify_model(encoder, files)
    text = card_text(card, folder, target.repo_id, encoder.config)
    return push_files(files, target, card=text, replace_card=card is not None)


def card_text(
    card: Card | None,
    folder: str | os.PathLike[str],
    repo_id: str,
    config: ModelConfig,
    classes: tuple[str, ...] = (),
) -> str:
    """The card given, else the folder's own, else one that says how little is known.

    Raises:
        ConfigError: a card's file that cannot be read as text.
    """
    if isinstance(card, ModelCard):
        return card.text(config, where=repo_id, classes=classes)
    path = Path(folder) / CARD_NAME if card is None else Path(card)
    if card is None and not path.is_file():
        return ModelCard(name=repo_id.rsplit("/", 1)[-1]).text(config, where=repo_id, classes=classes)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the card {path} cannot be read ({error}). Give a Markdown file, or a skelrep.hub.ModelCard."
        ) from error
