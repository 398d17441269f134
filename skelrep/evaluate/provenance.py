"""Where a result comes from: digests of clips, splits and weights, versions, and the machine."""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import os
import platform
from collections.abc import Iterable, Sequence

import numpy as np
import torch

from .._version import __version__
from ..clips import Clip
from ..models import SkeletonEncoder
from .splits import Fold

PACKAGES = ("torch", "numpy", "scikit-learn")


def digest_clips(clips: Sequence[Clip], labels: Iterable[object]) -> str:
    """SHA-256 of clips and labels in their order; names and files do not matter.

    Example:
        >>> one = Clip(data=np.ones((3, 8, 25, 1), dtype=np.float32))
        >>> digest_clips([one], ["sit"]) == digest_clips([one], ["walk"])
        False
    """
    digest = hashlib.sha256()
    for clip, label in zip(clips, labels, strict=True):
        digest.update(f"{clip.data.shape} {label!r} ".encode())
        digest.update(np.ascontiguousarray(clip.data, dtype="<f4").tobytes())
    return digest.hexdigest()


def digest_folds(folds: Iterable[Fold]) -> str:
    """SHA-256 of the masks of a split."""
    digest = hashlib.sha256()
    for train, test in folds:
        digest.update(np.packbits(train).tobytes() + b"/" + np.packbits(test).tobytes() + b";")
    return digest.hexdigest()


def digest_model(model: SkeletonEncoder) -> str:
    """SHA-256 of a model's tensors and their names."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Of Python, skelrep, and what computes."""
    found = {"python": platform.python_version(), "skelrep": __version__}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def machine(device: object) -> dict[str, str]:
    """System, processor, cores, and the device asked for."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": torch.backends.cpu.get_cpu_capability(),
        "cores": str(os.cpu_count()),
        "threads": str(torch.get_num_threads()),
        "device": "default" if device is None else str(device),
    }


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
