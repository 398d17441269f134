"""The contrastive core: losses, queue, momentum encoders, and the model that joins them."""

from .contrast import StepOutput as StepOutput
from .losses import cross_view_losses as cross_view_losses
from .losses import info_nce as info_nce
from .model import CrosSCLR as CrosSCLR
from .momentum import momentum_update as momentum_update
from .queue import KeyQueue as KeyQueue

__all__ = ["CrosSCLR", "KeyQueue", "StepOutput", "cross_view_losses", "info_nce", "momentum_update"]
