"""Numbers from `.npy` and `.npz` files: no pickled objects, and no trust in what a header claims."""

from __future__ import annotations

import lzma
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, UnsafeFileError

MAGIC = b"\x93NUMPY"
MAX_HEADER = 4096
# An archive may unpack to so many bytes, and so many times its size: clips padded with zeros shrink by a
# factor of ten, a bomb by a thousand, or more where its members overlap.
FREE_BYTES, MAX_RATIO = 1 << 28, 200
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what numpy writes
_DESCR = re.compile(r"'descr':\s*'([<>|=]?[?a-zA-Z]\d{0,9})'")
_NUMBERS = re.compile(r"[<>|=]?([biuf]\d{1,2}|[SU][1-9]\d{0,6})")
_ORDER = re.compile(r"'fortran_order':\s*(True|False)")
_SHAPE = re.compile(r"'shape':\s*\(((?:\d{1,18}L?,\s*)*(?:\d{1,18}L?)?)\)")

# What zipfile and its decompressors raise on damaged input.
ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, ValueError,
    LookupError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Header:
    """What the head of a `.npy` file says; `offset` is where the numbers begin."""

    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    fortran_order: bool
    offset: int

    @property
    def num_bytes(self) -> int:
        """Bytes that the numbers take."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(file: BinaryIO, where: str) -> Header:
    """Parse the head of a `.npy` stream; the stream stands at the numbers afterwards.

    numpy's own parser evaluates the text and can warn; the text is matched against what numpy writes instead.

    Raises:
        FormatError: not such a head.
        UnsafeFileError: the file holds pickled Python objects.
    """
    start = file.read(8)
    if len(start) < 8 or start[:6] != MAGIC or start[6] not in (1, 2):
        raise FormatError(f"{where} does not begin as a .npy file does. Save it again with numpy.save.")
    width = 2 if start[6] == 1 else 4
    raw = file.read(width).ljust(width, b"\0")
    (length,) = struct.unpack("<H" if width == 2 else "<I", raw)
    text = file.read(length).decode("latin-1") if length <= MAX_HEADER else ""
    descr, order, shape = _DESCR.search(text), _ORDER.search(text), _SHAPE.search(text)
    if not (descr and order and shape):
        raise FormatError(
            f"{where} has an unreadable .npy header. Save a plain numeric array with numpy.save."
        )
    return Header(
        dtype=_number_type(descr[1], where),
        shape=tuple(int(size) for size in re.findall(r"\d+", shape[1])),
        fortran_order=order[1] == "True",
        offset=8 + width + length,
    )


def _number_type(descr: str, where: str) -> np.dtype[np.generic]:
    if descr.lstrip("<>|=")[:1] == "O":
        raise UnsafeFileError(
            f"{where} holds pickled Python objects, which can run code when loaded; it was not loaded. Save "
            "plain numeric arrays, for example one .npy file a clip."
        )
    if not _NUMBERS.fullmatch(descr):
        raise FormatError(f"{where} has dtype {descr!r}; expected numbers or text.")
    try:
        return np.dtype(descr)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{where} has the unknown dtype {descr!r}; expected numbers or text.") from error


def refuse_special(path: Path) -> None:
    """Raise `FormatError` for what looks like a file of clips and never ends: a pipe, a socket, a device."""
    if path.exists() and not path.is_file():
        raise FormatError(f"{path} is a pipe, a socket, a device or a folder; expected a file.")


def open_npy(path: Path) -> NDArray[np.generic]:
    """Memory-map a `.npy` file read-only.

    Raises:
        FormatError: not a `.npy` file, or shorter than its header claims.
        UnsafeFileError: it holds pickled objects.
    """
    with path.open("rb") as file:
        header = read_header(file, str(path))
    available = path.stat().st_size - header.offset
    if available < header.num_bytes:
        raise FormatError(
            f"{path} holds {available} bytes of numbers; its header claims shape {header.shape} "
            f"{header.dtype}, {header.num_bytes} bytes. The file is cut short: copy it again."
        )
    order: Literal["F", "C"] = "F" if header.fortran_order else "C"
    shape = _checked_shape(header, str(path))
    if header.num_bytes == 0:
        return np.zeros(shape, dtype=header.dtype)
    mapped: NDArray[np.generic] = np.memmap(path, header.dtype, "r", header.offset, shape, order)
    return mapped


def _checked_shape(header: Header, where: str) -> tuple[int, ...]:
    # numpy refuses an empty array whose other axes are too large, too.
    others = math.prod(size for size in header.shape if size) * header.dtype.itemsize
    if others >= 2**62 or max(header.shape, default=0) >= 2**31 or len(header.shape) > 16:
        raise FormatError(f"{where} claims the impossible shape {header.shape}.")
    return header.shape


class Npz:
    """The arrays of an open `.npz` file, read when asked for and never larger than what is in the file."""

    def __init__(self, archive: zipfile.ZipFile, where: str, size: int) -> None:
        self._archive, self._where = archive, where
        self._left = FREE_BYTES + MAX_RATIO * size
        self.keys = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]

    def header(self, key: str) -> Header:
        """Shape and dtype of an array."""
        with self._member(key) as file:
            return read_header(file, self._place(key))

    def read(self, key: str) -> NDArray[np.generic]:
        """A whole array."""
        with self._member(key) as file:
            header = read_header(file, self._place(key))
            flat = self._numbers(file, header, math.prod(header.shape), key)
        shape = _checked_shape(header, self._place(key))
        return flat.reshape(shape, order="F" if header.fortran_order else "C")

    def rows(self, key: str) -> Iterator[NDArray[np.generic]]:
        """The entries of an array along its first axis, one after another: one row in memory at a time."""
        with self._member(key) as file:
            header = read_header(file, self._place(key))
            if not header.fortran_order and len(header.shape) > 1:
                size = math.prod(header.shape[1:])
                for _ in range(header.shape[0]):
                    yield self._numbers(file, header, size, key).reshape(header.shape[1:])
                return
        yield from self.read(key)

    def _numbers(self, file: BinaryIO, header: Header, count: int, key: str) -> NDArray[np.generic]:
        wanted = count * header.dtype.itemsize
        self._left -= wanted
        if self._left < 0:
            raise FormatError(
                f"{self._place(key)} makes the archive unpack to over {MAX_RATIO} times its size, as zip "
                "bombs do; it was not read. Save it with numpy.savez, uncompressed."
            )
        content = file.read(wanted) if wanted <= self._archive.getinfo(f"{key}.npy").file_size else b""
        if len(content) < wanted:
            raise FormatError(
                f"{self._place(key)} ends before the {header.num_bytes} bytes of its shape {header.shape}. "
                "The file is cut short: copy it again."
            )
        return np.frombuffer(content, dtype=header.dtype, count=count)

    def _place(self, key: str) -> str:
        return f"{self._where}: {key:.80}"

    @contextmanager
    def _member(self, key: str) -> Iterator[BinaryIO]:
        try:
            if self._archive.getinfo(f"{key}.npy").compress_type not in METHODS:
                raise FormatError(f"{self._place(key)} is compressed in a way that numpy does not write.")
            with self._archive.open(f"{key}.npy") as file:
                yield file  # type: ignore[misc]
        except (FormatError, UnsafeFileError):
            raise
        except ZIP_ERRORS as error:
            raise FormatError(
                f"{self._place(key)} is corrupt ({str(error)[:200]}). Copy the file again."
            ) from error


@contextmanager
def open_npz(path: Path) -> Iterator[Npz]:
    """Open a `.npz` file.

    Raises:
        FormatError: not a zip archive, or a corrupt one.
    """
    with path.open("rb") as file:
        try:
            archive = zipfile.ZipFile(file)
        except ZIP_ERRORS as error:
            raise FormatError(
                f"{path} is not a .npz file, or is cut short ({str(error)[:200]}). Copy it again."
            ) from error
        with archive:
            yield Npz(archive, str(path), path.stat().st_size)
