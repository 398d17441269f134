"""Skeletons other than NTU-25, and how each becomes NTU-25."""

from .convert import Conversion as Conversion
from .convert import plan_conversion as plan_conversion
from .convert import to_ntu25 as to_ntu25
from .known import LAYOUTS as LAYOUTS
from .known import find_layout as find_layout
from .record import Layout as Layout

__all__ = ["LAYOUTS", "Conversion", "Layout", "find_layout", "plan_conversion", "to_ntu25"]
