"""Reading clips: files of several formats, arrays, lists, stores."""

from typing import TYPE_CHECKING

from ..lazy_names import lazy_names
from .anything import as_clips as as_clips
from .dataset import ClipStore as ClipStore

if TYPE_CHECKING:
    from .choose import choose_bodies as choose_bodies
    from .files import inspect_clips as inspect_clips
    from .files import read_clips as read_clips
    from .gaps import GapReport as GapReport
    from .gaps import fill_gaps as fill_gaps
    from .ntu import NtuName as NtuName
    from .ntu import parse_ntu_name as parse_ntu_name
    from .report import ReadReport as ReadReport

# Who has arrays does not wait for the readers of a dozen formats.
__getattr__ = lazy_names(
    __name__,
    {
        "GapReport": "gaps",
        "NtuName": "ntu",
        "ReadReport": "report",
        "choose_bodies": "choose",
        "fill_gaps": "gaps",
        "inspect_clips": "files",
        "parse_ntu_name": "ntu",
        "read_clips": "files",
    },
)

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
