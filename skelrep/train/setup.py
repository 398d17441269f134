"""What is settled and checked before the first step: folder, device, first weights, and which run this is."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import torch

from ..atomic import remove_remains
from ..config import PretrainConfig
from ..device import check_device
from ..errors import OutputError
from ..models import SkeletonEncoder
from ..models.reuse import check_fits
from ..read import ClipStore
from .checkpoint import FOLDER_NAME, find_checkpoints
from .data import fingerprint
from .launch import own_device
from .log import LOG_NAME

MODEL_FILES = ("config.json", "model.safetensors")


def check_output(folder: Path, resume: bool) -> None:
    """Raise `OutputError` where `folder` is a file, or training would overwrite what is not this run's."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"output_dir {folder} is a file; expected a folder, or a name not yet taken.")
    has_run = bool(find_checkpoints(folder / FOLDER_NAME))
    model = [name for name in MODEL_FILES if (folder / name).exists()]
    if not resume and (has_run or model or (folder / LOG_NAME).exists()):
        raise OutputError(
            f"output_dir {folder} already holds a run. Pass resume=True to go on with it, or another folder."
        )
    if model and not has_run:
        raise OutputError(
            f"output_dir {folder} holds {' and '.join(model)} but no checkpoints of a run; training would "
            "overwrite that model. Pass another output_dir (and this one as init to begin with its weights)."
        )


def prepare_folder(folder: Path) -> None:
    """Make a run's folders and try to write there, rather than fail after hours of training.

    What a killed process left half-written goes; the run's lock must be held.

    Raises:
        OutputError: a folder cannot be made or written.
    """
    for place in (folder, folder / FOLDER_NAME):
        try:
            place.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=place) as file:
                file.write(b"x")
        except OSError as error:
            raise OutputError(
                f"output_dir {folder} cannot be written ({place}: {error.strerror or error}). Check its "
                "permissions and free space, or pass another output_dir."
            ) from error
        remove_remains(place)


def resolve_device(device: str | torch.device | None) -> torch.device:
    """The device to train on, with its number; CUDA where there is one and none is named.

    Under torchrun, CUDA without a number is this process's own (LOCAL_RANK).

    Raises:
        ConfigError: no such device.
    """
    return check_device(own_device(device))


def resolve_init(init: object, config: PretrainConfig) -> SkeletonEncoder | None:
    """Load `init` where it is a name, and check that the run can begin with it.

    It may have fewer blocks than the run's encoder, whose last ones then begin afresh.

    Raises:
        ConfigError: it lacks a view, or is of another recipe or width.
    """
    if init is None:
        return None
    if not isinstance(init, SkeletonEncoder):
        from ..pretrained import load_pretrained

        init = load_pretrained(init)  # type: ignore[arg-type]
    check_fits(init.config.encoder, config.encoder, "init")
    return init


def describe_run(store: ClipStore, config: PretrainConfig, init: SkeletonEncoder | None) -> dict[str, Any]:
    """What must be the same for a checkpoint to belong to this run; plain types."""
    return {"config": config.to_dict(), "data": fingerprint(store), "init": digest_weights(init)}


def digest_weights(model: SkeletonEncoder | None) -> str | None:
    """Identify a model by its weights; None for none."""
    if model is None:
        return None
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
