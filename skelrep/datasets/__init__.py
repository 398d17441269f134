"""Data sets of the field and their published splits: which recording trains and which one tests."""

from .inventory import Inventory as Inventory
from .inventory import take_inventory as take_inventory
from .ntu import missing_skeletons as missing_skeletons
from .splits import SPLITS as SPLITS
from .splits import Split as Split
from .splits import find_split as find_split

__all__ = ["SPLITS", "Inventory", "Split", "find_split", "missing_skeletons", "take_inventory"]
