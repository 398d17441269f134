"""Which stages of a run are finished: a marker a stage, valid while what it vouches for is there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..atomic import atomic_write
from ..errors import OutputError

IDENTITY_NAME = "reproduction.json"


class Stages:
    """The markers of a run, ``RUN/stages/NAME.json``.

    A marker holds the digest of the run's identity, the sizes of the stage's files, and its result. It is
    written when the files are on the disk, so that a stage is finished or is not, whenever a run stops.

    Args:
        folder: of the run.
        identity: what the run computes, as plain JSON types.
    """

    def __init__(self, folder: Path, identity: dict[str, Any]) -> None:
        self.folder = folder
        self.key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()

    def finished(self, name: str) -> dict[str, Any] | None:
        """The result of a stage; None where it is not finished, or its files are not there any more."""
        marker = read_json(self._path(name))
        if marker is None or marker.get("key") != self.key:
            return None
        whole = all(_size(self.folder / file) == size for file, size in marker["files"].items())
        return marker["result"] if whole else None

    def finish(self, name: str, files: Iterable[Path], result: dict[str, Any]) -> dict[str, Any]:
        """Mark a stage as finished, and give its result."""
        sizes = {path.relative_to(self.folder).as_posix(): _size(path) for path in files}
        write_json(self._path(name), {"key": self.key, "files": sizes, "result": result})
        return result

    def _path(self, name: str) -> Path:
        return self.folder / "stages" / f"{name}.json"


def claim_folder(folder: Path, identity: dict[str, Any]) -> None:
    """Write down what a folder's run computes, or check that it is the same.

    Raises:
        OutputError: the folder is a file, holds something else, or a run of something else.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"output_dir {folder} is a file; expected a folder, or a name not yet taken.")
    path = folder / IDENTITY_NAME
    before = read_json(path)
    if before is None:
        if folder.exists() and any(entry.name != ".lock" for entry in folder.iterdir()):
            raise OutputError(
                f"output_dir {folder} holds other files, and no {IDENTITY_NAME} of a run to go on with. Pass "
                "a new folder."
            )
        write_json(path, identity)
    elif before != identity:
        raise OutputError(
            f"output_dir {folder} holds another run: {_difference(before, identity)}. Pass another "
            "output_dir, or the same split, data and configuration to go on with it."
        )


def read_json(path: Path) -> dict[str, Any] | None:
    """A JSON object; None where there is none that can be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write a JSON object, whole or not at all."""
    with atomic_write(path) as file:
        file.write(json.dumps(data, indent=1).encode() + b"\n")


def write_text(path: Path, text: str) -> None:
    """Write text, whole or not at all."""
    with atomic_write(path) as file:
        file.write(text.encode() + b"\n")


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _difference(before: dict[str, Any], now: dict[str, Any], where: str = "") -> str:
    """The first field in which two identities differ; raw files last, since they differ with the split."""
    for name in sorted({*before, *now}, key=lambda name: (name == "data", name != "split", name)):
        one, other = before.get(name), now.get(name)
        if isinstance(one, dict) and isinstance(other, dict) and one != other:
            return _difference(one, other, f"{where}{name}.")
        if name == "data" and one != other:
            return "names or sizes of its raw files are not those that are in data now"
        if one != other:
            return f"{where}{name} was {one!r}, now {other!r}"
    return "nothing"  # pragma: no cover
