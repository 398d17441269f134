"""The bytes of a safetensors file, and its tensors where they lie: read once, checked, never copied.

`safetensors.torch.load` copies every tensor out of the bytes, and fresh memory takes as long as reading did.

Source:
    https://github.com/huggingface/safetensors, "Format".
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .record import short, unique_fields
from .regular_files import open_regular

MAX_HEADER_BYTES = 100_000_000  # the format's own limit
DTYPES = {
    "BOOL": torch.bool, "U8": torch.uint8, "I8": torch.int8, "I16": torch.int16, "I32": torch.int32,
    "I64": torch.int64, "F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32,
    "F64": torch.float64, "C64": torch.complex64, "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}  # fmt: skip


class Place(NamedTuple):
    """Where a tensor lies: bytes [start, stop) after the header."""

    start: int
    stop: int
    name: str
    dtype: torch.dtype
    shape: list[int]


class Header(NamedTuple):
    """What a file says before its numbers.

    Attributes:
        metadata: text by name.
        places: in the order of the bytes.
        end: where the header ends and the numbers begin.
    """

    metadata: dict[str, str]
    places: list[Place]
    end: int


def read_bytes(path: Path) -> NDArray[np.uint8]:
    """All bytes of a file.

    Raises:
        OSError: as `open_regular`.
    """
    with open_regular(path) as file:
        # Memory of torch: numpy's would come in large pages, which take longer to get.
        content = torch.empty(os.fstat(file.fileno()).st_size, dtype=torch.uint8).numpy()
        return content[: file.readinto(content)]  # type: ignore[attr-defined]


def read_header(content: NDArray[np.uint8]) -> Header:
    """The header of a file, as strictly as the safetensors library has it.

    Raises:
        ValueError: no safetensors file, or not a whole one.
    """
    end = 8 + int.from_bytes(content[:8].tobytes(), "little")
    if len(content) < 8 or end > min(len(content), 8 + MAX_HEADER_BYTES):
        raise ValueError("its header is longer than the file")
    text = content[8:end].tobytes()
    if not text.startswith(b"{"):
        raise ValueError("its header does not begin with '{'")
    try:
        entries = json.loads(text.decode(), object_pairs_hook=unique_fields)
    except RecursionError as error:
        raise ValueError("its header is nested too deeply") from error
    metadata = entries.pop("__metadata__", {})
    if not _is_text(metadata):
        raise ValueError("its metadata is not text by name")
    places = sorted(_place(name, entry) for name, entry in entries.items())
    _check_cover(places, len(content) - end)
    return Header(metadata, places, end)


def tensors_in(content: NDArray[np.uint8], header: Header) -> dict[str, Tensor]:
    """The tensors, by name; they share the memory of `content`."""
    return {place.name: _tensor(content, header.end + place.start, place) for place in header.places}


def _tensor(content: NDArray[np.uint8], start: int, place: Place) -> Tensor:
    count = math.prod(place.shape)
    if not count:
        return torch.empty(place.shape, dtype=place.dtype)
    if (content.ctypes.data + start) % place.dtype.itemsize:  # another writer need not align them
        content, start = content[start : start + place.stop - place.start].copy(), 0
    flat = torch.frombuffer(content, dtype=place.dtype, count=count, offset=start)
    return flat.view(place.shape)


def _place(name: str, entry: object) -> Place:
    match entry:
        case {"dtype": str(kind), "shape": list(shape), "data_offsets": [start, stop], **more}:
            if not more and kind in DTYPES and all(map(_is_size, (*shape, start, stop))):
                return Place(start, stop, name, DTYPES[kind], shape)
    raise ValueError(f"{short(name)} is {short(entry)}")


def _check_cover(places: list[Place], size: int) -> None:
    """Every byte belongs to one tensor, and every tensor has the bytes that its shape needs."""
    reached = 0
    for place in places:
        length = math.prod(place.shape) * place.dtype.itemsize
        if place.start != reached or place.stop - place.start != length:
            raise ValueError(f"the bytes of {short(place.name)} do not fit its shape and its place")
        reached = place.stop
    if reached != size:
        raise ValueError(f"it has {size} bytes of numbers, and needs {reached}")


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def _is_text(metadata: Mapping[Any, object]) -> bool:
    return isinstance(metadata, dict) and all(isinstance(text, str) for text in metadata.values())
