"""Write files so that the final name only ever holds a whole file."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from .errors import OutputError


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`; rename it onto `path` when the block ends without an error.

    Args:
        path: the final name; its folder is made where missing.

    Raises:
        OutputError: the folder cannot be written, or the disk is full. The temporary file is removed and
            whatever stood at `path` stays.

    Example:
        >>> with atomic_write("/tmp/skelrep-example.txt") as file:
        ...     _ = file.write(b"whole or not at all")
    """
    target = Path(path)
    temporary: str | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
        temporary = None
        sync_folder(target.parent)
    except OutputError:
        raise  # of a nested atomic_write, which named its own file
    except OSError as error:
        raise OutputError(
            f"cannot write {target}: {error.strerror or error}. Check the folder's permissions and space."
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk, so that a rename outlasts a power cut; some systems cannot."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_remains(folder: Path) -> None:
    """Remove the temporary files that a killed process left; call it only while no other writes there."""
    for path in folder.glob(".*.????????.tmp"):
        with contextlib.suppress(OSError):
            path.unlink()
