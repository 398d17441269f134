"""The weight file alone: tensors and text in, tensors and text out, in safetensors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from .errors import ConfigError, WeightsError, WeightsNotFoundError
from .record import listed

CONFIG_NAME = "config.json"
WEIGHTS_NAME = "model.safetensors"


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """Where the two files of one model lie.

    Attributes:
        config: path of `config.json`.
        weights: path of `model.safetensors`.
        commit_hash: the Hub commit that both come from, where they do.
    """

    config: Path
    weights: Path
    commit_hash: str | None = None

    @classmethod
    def in_folder(cls, folder: str | Path) -> ModelFiles:
        """The files of a local model folder; they need not exist yet."""
        return cls(config=Path(folder) / CONFIG_NAME, weights=Path(folder) / WEIGHTS_NAME)

    @property
    def remedy(self) -> str:
        """What helps when one of the files is damaged."""
        if self.commit_hash is None:
            return "Copy or save the model again."
        return "force_download=True heals a damaged cached file."


def pack(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """Serialise tensors; the same input always gives the same bytes.

    Args:
        tensors: by name, contiguous and on the CPU.
        metadata: text kept in the file's header.

    Example:
        >>> tensors = {"a": torch.zeros(2)}
        >>> pack(tensors, {"x": "1", "y": "2"}) == pack(tensors, {"y": "2", "x": "1"})
        True
    """
    blob = safetensors.torch.save(dict(tensors), dict(metadata))
    size = int.from_bytes(blob[:8], "little")
    # safetensors writes its metadata in a random order; equal models should be equal files.
    header = json.loads(blob[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + blob[8 + size :]


def unpack(files: ModelFiles) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read every tensor (on the CPU, detached from the file) and the metadata of a weight file.

    Raises:
        WeightsNotFoundError: there is no such file.
        WeightsError: it is no safetensors file, or cut short.
    """
    path = files.weights
    try:
        # The clones leave nothing mapped to the file, which may then be replaced.
        with safetensors.safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name).clone() for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except FileNotFoundError as error:
        raise WeightsNotFoundError(
            f"there is no {path}; a model is {CONFIG_NAME} and {WEIGHTS_NAME}."
        ) from error
    except (safetensors.SafetensorError, OSError, ValueError, RuntimeError, MemoryError) as error:
        raise WeightsError(
            f"{path} is not a whole safetensors file ({str(error)[:200]}). {files.remedy}"
        ) from error


def check_tensors(
    given: Mapping[str, Tensor], wanted: Mapping[str, Tensor], where: object, remedy: str
) -> None:
    """Raise unless both hold the same names, shapes and kinds (integer or not), and only finite numbers.

    Raises:
        WeightsError: missing, unexpected or misshapen tensors, up to five of each; or NaN, infinity.
    """
    problems = {
        "missing": sorted(wanted.keys() - given.keys()),
        "unexpected": sorted(given.keys() - wanted.keys()),
        "misshapen": [
            f"{name} is {_describe(given[name])}, expected {_describe(wanted[name])}"
            for name in sorted(wanted.keys() & given.keys())
            if _describe(given[name]) != _describe(wanted[name])
        ],
    }
    found = [f"{len(names)} {kind}: {listed(names, 5)}" for kind, names in problems.items() if names]
    if found:
        raise WeightsError(
            f"{where} does not hold the weights its configuration needs; {'; '.join(found)}. {remedy}"
        )
    broken = [name for name, tensor in given.items() if not bool(torch.isfinite(tensor).all())]
    if broken:
        raise WeightsError(f"{where} holds NaN or infinite numbers in {listed(broken, 5)}. {remedy}")


def check_device(device: str | torch.device | None) -> torch.device:
    """The device to load on; the CPU by default.

    Raises:
        ConfigError: no device of this name, or it cannot be used here.
    """
    try:
        return torch.empty(0, device=device or "cpu").device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"device {str(device)!r} cannot be used: {reason} Pass 'cpu', or one that exists."
        ) from error


def _describe(tensor: Tensor) -> str:
    return f"{'float' if tensor.is_floating_point() else 'integer'} {tuple(tensor.shape)}"
