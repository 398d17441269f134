"""`skelrep.verify`, and opening whatever kind of model a name means."""

from __future__ import annotations

import os
from pathlib import Path

from .classifier import SkeletonClassifier
from .classifier.files import read_classifier, stores_classifier
from .convert import load_reference_checkpoint
from .errors import ConfigError, VerificationError
from .models import SkeletonEncoder
from .pretrained import find_pretrained
from .verification import Verification, compare_model, require
from .weights_file import ModelFiles
from .weights_io import load_model


def verify(
    model: str | os.PathLike[str] | SkeletonEncoder = "default",
    *,
    against: str | os.PathLike[str] | None = None,
    revision: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    local_files_only: bool = False,
    token: bool | str | None = None,
) -> Verification:
    """Check that a model computes what it computed where it was saved.

    The weight file holds a clip, its vector, and a sketch of every layer's output on it. All are computed
    again (on the CPU in float32) and compared. Loading has by then checked every byte of the weights.

    Args:
        model: what `load_pretrained` or `load_classifier` takes, or an encoder in memory.
        against: for an encoder in memory: the name of the model that it should still be.
        revision, cache_dir, local_files_only, token: for a Hub repo, see `load_pretrained`.

    Returns:
        The relative error of the vector and of each layer.

    Raises:
        VerificationError: an error exceeds 1e-4 (the message names the first layer that differs), or the file
            has no golden vector of this model.
        ConfigError: an encoder in memory without `against`, or a name with it.
        WeightsError, WeightsNotFoundError, HubError: see `load_pretrained`.

    Example:
        >>> verify("default").first_difference is None
        True
    """
    in_memory = model if isinstance(model, SkeletonEncoder) else None
    name = against if isinstance(model, SkeletonEncoder) else model
    if name is None or (in_memory is None and against is not None):
        raise ConfigError(
            "verify takes a name (or folder, or Hub id), or an encoder in memory together with against=NAME, "
            "the model that it should still be."
        )
    found = find_pretrained(
        name, revision=revision, cache_dir=cache_dir, local_files_only=local_files_only, token=token
    )
    if not isinstance(found, ModelFiles):
        raise VerificationError(
            f"{found} is a checkpoint of published code, which holds no golden vector. Convert it first: "
            f"skelrep convert {found} -o FOLDER."
        )
    comparison = compare_model(in_memory or encoder_of(open_model(found)), found)
    require(comparison, found)
    return comparison


def open_model(found: ModelFiles | Path) -> SkeletonEncoder | SkeletonClassifier:
    """Load what `find_pretrained` found, of whatever kind it is.

    Raises:
        WeightsError, WeightsNotFoundError, ConfigError, UnsafeFileError: it cannot be used.
    """
    if not isinstance(found, ModelFiles):
        return load_reference_checkpoint(found)
    return read_classifier(found) if stores_classifier(found) else load_model(found)


def encoder_of(model: SkeletonEncoder | SkeletonClassifier) -> SkeletonEncoder:
    """The model, or a classifier's encoder."""
    return model.encoder if isinstance(model, SkeletonClassifier) else model
