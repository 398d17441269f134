"""The temporal convolution on rows of channels, plus residual, ReLU: directly, or in the frequency domain."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from ...layout import NUM_JOINTS
from . import onednn
from .fold import Temporal
from .spectral import REACH, SpectralConvolution, best_count
from .workspace import Workspace


class TemporalConvolution(Protocol):
    """Makes `onto` relu(onto + convolution of y), in place."""

    def __call__(self, y_TBVC: Tensor, onto_TBVC: Tensor, workspace: Workspace, /) -> None: ...


def temporal_convolution(temporal: Temporal, frames: int, bodies: int) -> TemporalConvolution:
    """The fastest form for clips of `frames` frames, about `bodies` at once."""
    weight = temporal.weight
    if weight.device.type != "cpu" or weight.dtype == torch.bfloat16:
        return PlainConvolution(temporal)  # tensor cores do products cheaply; bfloat16 would blur the waves
    count = best_count(len(weight), frames) if temporal.stride == 1 else None
    if count is not None:
        return SpectralConvolution(temporal, frames, count)
    if weight.dtype == torch.float32 and onednn.usable():
        return OneDNNConvolution(temporal, frames, bodies)
    return PlainConvolution(temporal)


def as_image(x_TBVC: Tensor) -> Tensor:
    """Rows as one image (1, C, T, B * V) in channels-last order; nothing is copied."""
    return x_TBVC.flatten(1, 2).permute(2, 0, 1)[None]


class PlainConvolution:
    """By torch's public operators."""

    def __init__(self, temporal: Temporal) -> None:
        self._stride = temporal.stride
        self._weight = temporal.weight.contiguous(memory_format=torch.channels_last)
        self._bias = temporal.bias

    def __call__(self, y_TBVC: Tensor, onto_TBVC: Tensor, _workspace: Workspace) -> None:
        y = torch.nn.functional.conv2d(
            as_image(y_TBVC), self._weight, self._bias, (self._stride, 1), (REACH, 0)
        )
        as_image(onto_TBVC).add_(y).relu_()


class OneDNNConvolution:
    """By oneDNN, in one pass over memory."""

    def __init__(self, temporal: Temporal, frames: int, bodies: int) -> None:
        self._stride, self._bias = temporal.stride, temporal.bias
        image = (1, len(temporal.weight), frames, bodies * NUM_JOINTS)
        self._weight = onednn.pack(temporal.weight, self._stride, REACH, image)

    def __call__(self, y_TBVC: Tensor, onto_TBVC: Tensor, _workspace: Workspace) -> None:
        onednn.convolve_onto_(
            as_image(onto_TBVC), as_image(y_TBVC), self._weight, self._bias, self._stride, REACH
        )
