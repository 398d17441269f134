"""Frozen configuration records, their recipes, and strict reading from JSON.

A model's record holds its architecture *and* its preprocessing, so that training and encoding cannot drift.
Two recipes exist: ``"fixed"`` (default; the published bugs repaired) and ``"faithful"`` (what the published
code computes). They are one name in the record, not a set of flags.
"""

from .augment import AugmentConfig as AugmentConfig
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
from .pretrain import OnBadClip as OnBadClip
from .pretrain import Precision as Precision
from .pretrain import PretrainConfig as PretrainConfig
from .recipe import Recipe as Recipe

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
