"""A first-in first-out memory of keys, the negatives of the contrastive losses."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn


class KeyQueue(nn.Module):
    """The newest `size` keys, oldest overwritten first; any batch size, wraps around.

    The rows and the position are persistent buffers, so that a checkpoint holds the whole state.

    Attributes:
        rows: float (size, dim), unit rows; random until real keys have filled it, as published.
        position: int64 (1,), the row that the next key takes.

    Source:
        He et al., "Momentum Contrast", CVPR 2020, section 3.2.

    Example:
        >>> queue = KeyQueue(size=4, dim=2)
        >>> queue.enqueue(torch.ones(3, 2)); queue.position.item()
        3
    """

    rows: Tensor
    position: Tensor

    def __init__(self, size: int, dim: int, generator: Generator | None = None) -> None:
        super().__init__()
        rows = torch.randn(size, dim, generator=generator)
        self.register_buffer("rows", nn.functional.normalize(rows, dim=1))
        self.register_buffer("position", torch.zeros(1, dtype=torch.long))

    @torch.no_grad()
    def enqueue(self, keys: Tensor) -> None:
        """Append float (N, dim) keys; of more than `size` only the newest stay."""
        size = len(self.rows)
        place = (self.position + torch.arange(len(keys), device=keys.device)) % size
        newest = slice(max(len(keys) - size, 0), None)
        self.rows.index_copy_(0, place[newest], keys[newest].to(self.rows.dtype))
        self.position.copy_((self.position + len(keys)) % size)
