"""A `.npy` file that grows row by row beside its final name, and outlives interruptions.

Three files: ``X.npy.part``, the rows; ``X.npy.part.json``, what they are made of; ``X.npy.part.done``, four
bytes a batch: 0, or the checksum of the clips whose rows are on the disk. Rows are written through a file,
not a memory map, since a full disk kills whoever writes to a map.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..atomic import atomic_write
from ..errors import OutputError, ShapeError
from ..models import SkeletonEncoder

HEADER_BYTES = 128
FLUSH_SECONDS = 1.0  # at most so much work is lost to a kill
MAGIC = b"\x93NUMPY"
MARK = np.dtype("<u4")


class PartFile:
    """The unfinished result of `encode_to_file`.

    Args:
        path: the final name.
        batch_size: rows of a batch.
    """

    def __init__(self, path: Path, batch_size: int) -> None:
        self.path, self.batch_size = path, batch_size
        self.rows = path.with_name(f"{path.name}.part")
        self.note = path.with_name(f"{path.name}.part.json")
        self.done = path.with_name(f"{path.name}.part.done")
        self._files: tuple[BinaryIO, BinaryIO] | None = None
        self._unmarked: dict[int, int] = {}
        self._flushed = 0.0
        self._row_shape: tuple[int, ...] | None = None

    def prepare(self, work: dict[str, Any], *, resume: bool) -> None:
        """Begin anew, unless there is a part of the same work to go on with.

        Args:
            work: what the rows are made of, as plain JSON types.
            resume: False throws a part away.

        Raises:
            OutputError: the part is of other work, or nothing can be written here.
        """
        if resume and self.note.exists():
            self._check(work)
            return
        with self._told():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.remove()
            self.rows.touch()
            self.done.touch()
        # Last, since it says that the others are there.
        with atomic_write(self.note) as file:
            file.write(json.dumps(work, indent=1).encode())

    def open(self) -> NDArray[np.uint32]:
        """Open for writing; returns the checksums of the finished batches, 0 for one that is not.

        Raises:
            OutputError: a file is missing or cannot be written.
        """
        with self._told():
            self._files = (self.rows.open("r+b"), self.done.open("r+b"))
        self._flushed = time.monotonic()
        return self.marks()

    def marks(self) -> NDArray[np.uint32]:
        """The checksums on the disk."""
        content = self.done.read_bytes()
        return np.frombuffer(content[: len(content) // 4 * 4], MARK)

    def empty(self) -> bool:
        """Whether no batch is on the disk."""
        return not self.done.is_file() or not self.marks().any()

    def write(self, number: int, checksum: int, rows: NDArray[np.float32]) -> None:
        """Put the rows of one batch into their place.

        Raises:
            OutputError: the disk is full; the batches before are kept.
        """
        row_shape = rows.shape[1:]
        row_bytes = 4 * math.prod(row_shape)
        with self._told():
            file, _ = self._open_files()
            self._check_rows(row_shape)
            file.seek(HEADER_BYTES + number * self.batch_size * row_bytes)
            file.write(np.ascontiguousarray(rows, dtype="<f4").data)
            self._unmarked[number] = checksum
            if time.monotonic() - self._flushed > FLUSH_SECONDS:
                self.flush()

    def flush(self) -> None:
        """Bring rows to the disk, and only then say that they are there."""
        file, done = self._open_files()
        file.flush()
        os.fsync(file.fileno())
        for number, checksum in self._unmarked.items():
            done.seek(number * MARK.itemsize)
            done.write(np.array(checksum, MARK).tobytes())
        done.flush()
        self._unmarked.clear()
        self._flushed = time.monotonic()

    def close(self) -> None:
        """Keep what is done, and close the files."""
        if self._files is None:
            return
        try:
            with self._told():
                self.flush()
        finally:
            for file in self._files:
                with contextlib.suppress(OSError):  # a full disk again, which was told before
                    file.close()
            self._files = None

    def finish(self, count: int, no_rows: NDArray[np.float32]) -> None:
        """Give the whole file its final name.

        Args:
            count: rows.
            no_rows: (0, ...), the shape of the rows where there are none.

        Raises:
            OutputError: a batch is missing.
        """
        batches = -(-count // self.batch_size)
        if np.count_nonzero(self.marks()[:batches]) < batches:
            raise OutputError(f"{self.rows} lacks rows of some batches. Call again to go on.")
        with self._told():
            with self.rows.open("r+b") as file:
                row_shape = _row_shape(file) or no_rows.shape[1:]
                file.seek(0)
                file.write(npy_header((count, *row_shape)))
                file.truncate(HEADER_BYTES + 4 * count * math.prod(row_shape))
                file.flush()
                os.fsync(file.fileno())
            self.rows.replace(self.path)
            self.remove()

    def remove(self) -> None:
        """Delete the part; the note first, since the others are nothing without it."""
        for file in (self.note, self.rows, self.done):
            file.unlink(missing_ok=True)

    def _check_rows(self, row_shape: tuple[int, ...]) -> None:
        """Write the head, if nobody did; else the rows must be like those before."""
        if self._row_shape is None:
            file, _ = self._open_files()
            self._row_shape = _row_shape(file)
        if self._row_shape is None:
            file.seek(0)
            file.write(npy_header((0, *row_shape)))
            self._row_shape = row_shape
        if self._row_shape != row_shape:
            raise ShapeError(
                f"rows have shape {row_shape}, those in {self.rows} {self._row_shape}; prepared clips must "
                "all have one length."
            )

    def _open_files(self) -> tuple[BinaryIO, BinaryIO]:
        if self._files is None:
            raise OutputError(f"{self.rows} is not open; expected open() before write().")
        return self._files

    def _check(self, work: dict[str, Any]) -> None:
        try:
            begun = json.loads(self.note.read_bytes())
        except (OSError, ValueError) as error:
            raise OutputError(
                f"{self.note} cannot be read ({error}). Pass resume=False to begin anew."
            ) from error
        other = [key for key in work if not isinstance(begun, dict) or begun.get(key) != work[key]]
        if other:
            raise OutputError(
                f"{self.rows} holds unfinished rows of other work: {', '.join(other)} differ. Repeat the "
                "call that began it, pass resume=False to begin anew, or choose another name."
            )

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OutputError:
            raise
        except OSError as error:
            raise OutputError(
                f"cannot write {self.path}: {error.strerror or error}. Finished rows are kept in "
                f"{self.rows.name}; check permissions and space, and call again to go on."
            ) from error


def npy_header(shape: tuple[int, ...]) -> bytes:
    """The head of a `.npy` file of float32, always `HEADER_BYTES` long, so that the shape can be set last."""
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    size = HEADER_BYTES - 10
    return MAGIC + b"\x01\x00" + size.to_bytes(2, "little") + text.ljust(size - 1) + b"\n"


def _row_shape(file: BinaryIO) -> tuple[int, ...] | None:
    """The shape of a row by the head of a `.npy` file, if there is a head."""
    file.seek(0)
    if file.read(len(MAGIC)) != MAGIC:
        return None
    file.seek(0)
    np.lib.format.read_magic(file)
    return tuple(np.lib.format.read_array_header_1_0(file)[0][1:])


def model_digest(encoder: SkeletonEncoder) -> str:
    """What identifies a model: its configuration and every number in it."""
    digest = hashlib.sha256(json.dumps(encoder.config.to_dict(), sort_keys=True).encode())
    for name, tensor in encoder.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy())
    return digest.hexdigest()
