"""Pretraining without labels."""

from .trainer import train_crossclr as train_crossclr

__all__ = ["train_crossclr"]
