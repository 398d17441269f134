"""One process a run: a lock on the folder that the system itself releases when its holder dies."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from ..errors import OutputError, SkelrepWarning

LOCK_NAME = ".lock"
TAKEN = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)

if sys.platform == "win32":
    import msvcrt

    FAR = 1 << 20  # past the text, which other processes want to read

    def lock_file(file: FileIO) -> None:
        """Lock an open file or raise `OSError`."""
        file.seek(FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def lock_file(file: FileIO) -> None:
        """Lock an open file or raise `OSError`."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Keep other processes (and threads) from training into `folder` within the block.

    The lock belongs to an open file, not to a name: it ends with its process, however that ends, and the file
    that a killed process leaves behind means nothing.

    Raises:
        OutputError: another process trains into it, or it cannot be written.

    Warns:
        SkelrepWarning: the file system knows no locks.
    """
    path = folder / LOCK_NAME
    with _taken(path) as file:
        with contextlib.suppress(OSError):  # a full disk: the lock holds without its text
            file.truncate(0)
            file.write(f"process {os.getpid()} on {platform.node()}".encode())
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                path.unlink()


def _taken(path: Path) -> FileIO:
    """The lock's file, open and locked."""
    while True:
        file = _open(path)
        try:
            lock_file(file)
        except OSError as error:
            if error.errno in TAKEN:
                holder = _holder(path)
                file.close()
                raise OutputError(
                    f"output_dir {path.parent} is in use: {holder} is training into it. Wait for it to end, "
                    "or pass another output_dir."
                ) from error
            warnings.warn(
                f"the file system of {path.parent} knows no locks ({error.strerror}); see to it that no two "
                "processes train into this folder at once.",
                SkelrepWarning,
                stacklevel=5,
            )
            return file
        if _is_file_at(file, path):
            return file
        file.close()  # its holder removed it between our opening and our locking: another file counts now


def _open(path: Path) -> FileIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+b", buffering=0)
    except OSError as error:
        raise OutputError(
            f"output_dir {path.parent} cannot be written ({error.strerror or error}). Check its permissions "
            "and free space, or pass another output_dir."
        ) from error


def _holder(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace")[:100] or "another process"
    return "another process"


def _is_file_at(file: FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
