"""Pretraining without labels."""

from .early_stopping import KnnMonitor as KnnMonitor
from .trainer import train_crossclr as train_crossclr

__all__ = ["KnnMonitor", "train_crossclr"]
