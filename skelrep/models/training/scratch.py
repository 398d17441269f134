"""Buffers that every slice uses again: they stay in cache and cost no page faults."""

from __future__ import annotations

import math

import torch
from torch import Tensor


class Scratch:
    """Uninitialised tensors by name; the same name gives the same memory, whatever the shape.

    Example:
        >>> scratch = Scratch(torch.zeros(1))
        >>> scratch.take("a", 2, 3).data_ptr() == scratch.take("a", 3).data_ptr()
        True
    """

    def __init__(self, like: Tensor) -> None:
        self._like = like
        self._held: dict[str, Tensor] = {}

    def take(self, name: str, *shape: int, dtype: torch.dtype | None = None) -> Tensor:
        """A contiguous tensor of this shape; valid until the name is taken again.

        Args:
            name: whose memory; always taken with the same dtype.
            dtype: by default that of `like`.
        """
        size = math.prod(shape)
        held = self._held.get(name)
        if held is None or len(held) < size:
            held = self._held[name] = torch.empty(size, dtype=dtype or self._like.dtype)
        return held[:size].view(shape)
