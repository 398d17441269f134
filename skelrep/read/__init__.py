"""Reading clips: files of several formats, arrays, lists, stores."""

from importlib import import_module
from typing import TYPE_CHECKING

from .anything import as_clips as as_clips
from .dataset import ClipStore as ClipStore
from .gaps import GapReport as GapReport
from .gaps import fill_gaps as fill_gaps

if TYPE_CHECKING:
    from .choose import choose_bodies as choose_bodies
    from .files import inspect_clips as inspect_clips
    from .files import read_clips as read_clips
    from .ntu import NtuName as NtuName
    from .ntu import parse_ntu_name as parse_ntu_name
    from .report import ReadReport as ReadReport

# Imported when they are first used: who has arrays does not wait for the readers of a dozen formats.
_FILES = {
    "NtuName": "ntu",
    "ReadReport": "report",
    "choose_bodies": "choose",
    "inspect_clips": "files",
    "parse_ntu_name": "ntu",
    "read_clips": "files",
}

__all__ = [
    "ClipStore",
    "GapReport",
    "NtuName",
    "ReadReport",
    "as_clips",
    "choose_bodies",
    "fill_gaps",
    "inspect_clips",
    "parse_ntu_name",
    "read_clips",
]


def __getattr__(name: str) -> object:
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_FILES[name]}", __name__), name)
    globals()[name] = value
    return value
