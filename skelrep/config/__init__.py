"""Frozen configuration records, their recipes, and strict reading from JSON.

A model's record holds its architecture *and* its preprocessing, so that training and encoding cannot drift.
Two recipes exist: ``"fixed"`` (default; the published bugs repaired) and ``"faithful"`` (what the published
code computes). They are one name in the record, not a set of flags.
"""

from typing import TYPE_CHECKING

from ..lazy_names import lazy_names
from .encoder import NUM_BLOCKS as NUM_BLOCKS
from .encoder import VIEWS as VIEWS
from .encoder import EncoderConfig as EncoderConfig
from .encoder import Pooling as Pooling
from .encoder import View as View
from .model import FORMAT_VERSION as FORMAT_VERSION
from .model import ModelConfig as ModelConfig
from .preprocess import MAX_FRAMES as MAX_FRAMES
from .preprocess import BoneLengths as BoneLengths
from .preprocess import Centring as Centring
from .preprocess import PreprocessConfig as PreprocessConfig
from .recipe import Recipe as Recipe

if TYPE_CHECKING:
    from .augment import AugmentConfig as AugmentConfig
    from .pretrain import OnBadClip as OnBadClip
    from .pretrain import Precision as Precision
    from .pretrain import PretrainConfig as PretrainConfig

# Who encodes does not wait for the records of training.
__getattr__ = lazy_names(
    __name__,
    {
        "AugmentConfig": "augment",
        "OnBadClip": "pretrain",
        "Precision": "pretrain",
        "PretrainConfig": "pretrain",
    },
)

__all__ = [
    "FORMAT_VERSION",
    "MAX_FRAMES",
    "NUM_BLOCKS",
    "VIEWS",
    "AugmentConfig",
    "BoneLengths",
    "Centring",
    "EncoderConfig",
    "ModelConfig",
    "OnBadClip",
    "Pooling",
    "Precision",
    "PreprocessConfig",
    "PretrainConfig",
    "Recipe",
    "View",
]
