"""Reading clips: files of several formats, arrays, lists, stores."""

from .anything import as_clips as as_clips
from .choose import choose_bodies as choose_bodies
from .dataset import ClipStore as ClipStore
from .files import inspect_clips as inspect_clips
from .files import read_clips as read_clips
from .gaps import GapReport as GapReport
from .gaps import fill_gaps as fill_gaps
from .ntu import NtuName as NtuName
from .ntu import parse_ntu_name as parse_ntu_name
from .report import ReadReport as ReadReport

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
