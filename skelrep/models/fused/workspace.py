"""Work buffers that are kept from one slice of a batch to the next."""

from __future__ import annotations

import threading
from math import prod

import torch
from torch import Tensor

LARGEST_KEPT = 64 << 20  # bytes; a longer recording's buffers are given back after use


class Workspace(threading.local):
    """Named buffers, each thread's own, so that many threads can encode with one model at once.

    Fresh memory costs a page fault for every 4 KB, which halves the speed of a large batch.
    """

    def __init__(self, dtype: torch.dtype, device: torch.device) -> None:
        self.dtype, self.device = dtype, device
        self._kept: dict[str, Tensor] = {}

    def take(self, name: str, *shape: int) -> Tensor:
        """A contiguous tensor of this shape, of any content; the name's earlier one is overwritten."""
        size = prod(shape)
        kept = self._kept.get(name)
        if kept is None or kept.numel() < size:
            kept = torch.empty(size, dtype=self.dtype, device=self.device)
            if kept.nbytes <= LARGEST_KEPT:
                self._kept[name] = kept
        return kept[:size].view(shape)
