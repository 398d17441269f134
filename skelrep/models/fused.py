"""Stands in for the fused encoder until it lands: the readable one in evaluation mode."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from .encoder import SkeletonEncoder


class FusedEncoder:
    """The readable encoder."""

    def __init__(self, encoder: SkeletonEncoder) -> None:
        self._encoder = copy.deepcopy(encoder).eval() if encoder.training else encoder

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._encoder.device

    def forward(self, x_NCTVM: Tensor) -> Tensor:
        """Vectors."""
        return self._encoder(x_NCTVM)

    __call__ = forward

    def forward_bodies(self, x_NCTVM: Tensor) -> Tensor:
        """A vector a body."""
        return self._encoder.forward_bodies(x_NCTVM)

    def forward_features(self, x_NCTVM: Tensor) -> Tensor:
        """Feature maps."""
        return self._encoder.forward_features(x_NCTVM)


def fused_encoder(encoder: SkeletonEncoder, precision: str = "float32") -> FusedEncoder:
    """Not fused yet."""
    assert precision
    return FusedEncoder(encoder)
