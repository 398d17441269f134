"""Read what `torch.save` wrote: nothing in it is run, and it never becomes larger than the file is."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from typing import BinaryIO

import torch
from torch import Tensor

MAX_SHARING = 2  # how often the tensors of a file may use the same numbers, on average


def load_plain(file: BinaryIO) -> object:
    """The tensors and plain types in a file, on the CPU.

    Args:
        file: an archive, or what torch wrote before 1.6.

    Raises:
        ValueError: an archive that unpacks to more than its size, as bombs do and those of torch do not; a
            file that is neither an archive nor a pickle (torch would unpack tar files to the disk).
        Exception: of any class, for damage; `pickle.UnpicklingError` for what would have to be run.
    """
    first = file.read(2)
    file.seek(0)
    if first == b"PK":
        _refuse_bombs(file)
    elif first[:1] != b"\x80":
        raise ValueError("neither an archive nor a pickle, which torch writes")
    return torch.load(file, map_location="cpu", weights_only=True)


def holds_all_numbers(tensors: Iterable[Tensor], size: int) -> bool:
    """Whether a file of this size (bytes) can hold the numbers of its tensors.

    A few bytes can claim a tensor of any shape, every number of which is the same one (stride 0).

    Example:
        >>> [holds_all_numbers([torch.zeros(1).expand(n)], 500) for n in (100, 10**12)]
        [True, False]
    """
    total = 0
    for tensor in tensors:
        if tensor.layout is not torch.strided or tensor.is_meta:
            return False
        total += tensor.numel() * tensor.element_size()
    return total <= MAX_SHARING * size


def _refuse_bombs(file: BinaryIO) -> None:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    claimed = sum(member.file_size for member in members)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if claimed > size or any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise ValueError(f"an archive of {size} bytes that unpacks to {claimed}, which torch does not write")
