"""The weight file alone: tensors and text in, tensors and text out, in safetensors."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from .errors import WeightsError, WeightsNotFoundError
from .record import listed
from .regular_files import read_regular

CONFIG_NAME = "config.json"
WEIGHTS_NAME = "model.safetensors"
CONTENT_SHA256 = "content_sha256"

# What numbers may be kept as. Others (complex, 8-bit floats) have no sum, or cannot be made float32.
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


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
        metadata: text kept in the file's header, together with the SHA-256 of all the tensors' bytes.

    Example:
        >>> tensors = {"a": torch.zeros(2)}
        >>> pack(tensors, {"x": "1", "y": "2"}) == pack(tensors, {"y": "2", "x": "1"})
        True
    """
    blob = save(dict(tensors), dict(metadata))
    size = int.from_bytes(blob[:8], "little")
    # safetensors writes its metadata in a random order; equal models should be equal files.
    header = json.loads(blob[8 : 8 + size])
    content = {CONTENT_SHA256: hashlib.sha256(blob[8 + size :]).hexdigest()}
    header["__metadata__"] = dict(sorted((header["__metadata__"] | content).items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + blob[8 + size :]


def unpack(files: ModelFiles) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read every tensor (on the CPU, detached from the file) and the metadata of a weight file.

    Raises:
        WeightsNotFoundError: there is no such file.
        WeightsError: it is no safetensors file, cut short, or its bytes are not the ones that were saved.
    """
    path = files.weights
    try:
        # Read, not mapped: the file may be replaced while its tensors are in use.
        content = read_regular(path)
        tensors = load(content)
        start = 8 + int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8:start]).get("__metadata__") or {}
    except FileNotFoundError as error:
        raise WeightsNotFoundError(
            f"there is no {path}; a model is {CONFIG_NAME} and {WEIGHTS_NAME}."
        ) from error
    except (SafetensorError, OSError, ValueError, RuntimeError, MemoryError) as error:
        raise WeightsError(
            f"{path} is not a whole safetensors file ({str(error)[:200]}). {files.remedy}"
        ) from error
    stored = metadata.get(CONTENT_SHA256)
    if stored not in (None, hashlib.sha256(memoryview(content)[start:]).hexdigest()):
        raise WeightsError(
            f"{path} is damaged: its numbers are not the ones that were saved (the SHA-256 in its header "
            f"differs). {files.remedy}"
        )
    return tensors, metadata


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
            if _kind(given[name]) != _kind(wanted[name])
        ],
    }
    found = [f"{len(names)} {kind}: {listed(names, 5)}" for kind, names in problems.items() if names]
    if found:
        raise WeightsError(
            f"{where} does not hold the weights its configuration needs; {'; '.join(found)}. {remedy}"
        )
    # The sum of finite numbers may overflow; that of others is never finite.
    suspects = [name for name, tensor in given.items() if not math.isfinite(tensor.sum().item())]
    broken = [name for name in suspects if not bool(torch.isfinite(given[name]).all())]
    if broken:
        raise WeightsError(f"{where} holds NaN or infinite numbers in {listed(broken, 5)}. {remedy}")


def _kind(tensor: Tensor) -> tuple[str, torch.Size]:
    if tensor.dtype in FLOATS:
        return "float", tensor.shape
    return ("integer" if tensor.dtype in INTEGERS else str(tensor.dtype)), tensor.shape


def _describe(tensor: Tensor) -> str:
    kind, shape = _kind(tensor)
    return f"{kind} {tuple(shape)}"
