"""Reproduce a published result: raw files, pretraining and linear evaluation in one resumable run."""

from .prepare import Preparation as Preparation
from .published import PUBLISHED as PUBLISHED
from .run import Reproduction as Reproduction
from .run import reproduce as reproduce
from .settings import reproduction_config as reproduction_config

__all__ = ["PUBLISHED", "Preparation", "Reproduction", "reproduce", "reproduction_config"]
