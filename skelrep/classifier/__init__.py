"""Classifiers for one's own classes: `skelrep.finetune` and what it returns.

The room is not called `finetune`: importing a room of that name would put it in the place of the function.
"""

from .classifier import Predictions as Predictions
from .classifier import SkeletonClassifier as SkeletonClassifier
from .files import load_classifier as load_classifier
from .finetune import finetune as finetune

__all__ = ["Predictions", "SkeletonClassifier", "finetune", "load_classifier"]
