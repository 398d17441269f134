"""Pretraining without labels."""

from .early_stopping import KnnMonitor as KnnMonitor
from .estimate import estimate_training_time as estimate_training_time
from .trainer import train_crossclr as train_crossclr

__all__ = ["KnnMonitor", "estimate_training_time", "train_crossclr"]
