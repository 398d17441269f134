"""Open files that somebody else may have put there: what never ends is refused."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file for reading, without waiting for anybody to write it; links are followed.

    Raises:
        OSError: as `open` does; also for a pipe, a socket or a device, with a `strerror` that says so.

    Example:
        >>> open_regular("/dev/zero")
        Traceback (most recent call last):
        OSError: [Errno 22] a pipe, a socket or a device, not a file: '/dev/zero'
    """
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - the caller closes it
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OSError(errno.EINVAL, "a pipe, a socket or a device, not a file", os.fspath(path))


def read_regular(path: str | os.PathLike[str], limit: int | None = None) -> bytes:
    """All of a file that `open_regular` opens.

    Args:
        path: of the file.
        limit: bytes; None where the reader needs all of it anyway.

    Raises:
        OSError: as `open_regular`; also for a file of more bytes than `limit`.
    """
    with open_regular(path) as file:
        content = file.read() if limit is None else file.read(limit + 1)
    if limit is not None and len(content) > limit:
        raise OSError(errno.EFBIG, f"larger than {limit} bytes", str(Path(path)))
    return content


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
