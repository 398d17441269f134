"""The temporal convolution in the frequency domain: few multiplications where channels are many.

Over T frames, a convolution of 9 taps is part of a cyclic one of length L >= T + 4, of which the Fourier
transform makes one product with a (C, D) matrix a frequency. Everything is kept real, at three products a
complex one (Gauss): (a + ib)(c + id) = (k1 - k3) + i(k1 + k2), k1 = c(a + b), k2 = a(d - c), k3 = b(c + d).
Both transforms are matrices, which hold those sums too. Long clips are cut in pieces whose inputs overlap.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from ..stgcn import TEMPORAL_KERNEL
from .fold import Temporal
from .workspace import Workspace

REACH = TEMPORAL_KERNEL // 2
# Time of a multiplication against the direct convolution's, measured: products of (C, D) matrices run almost
# as fast, the transforms are too thin to.
PRODUCT_COST, TRANSFORM_COST = 1.15, 1.6


class Piece(NamedTuple):
    """Output frames [start, stop), and the input frames [first, last) that they see."""

    start: int
    stop: int
    first: int
    last: int


def cut(frames: int, count: int) -> list[Piece]:
    """`count` pieces of about the same length."""
    edges = [round(i * frames / count) for i in range(count + 1)]
    return [Piece(a, b, max(0, a - REACH), min(frames, b + REACH)) for a, b in pairwise(edges)]


def cyclic_length(pieces: list[Piece]) -> int:
    """The shortest length at which no tap reaches around the circle to a frame of the same piece."""
    return REACH + 1 + max(max(p.last - 1 - p.start, p.stop - 1 - p.first) for p in pieces)


def products(length: int) -> int:
    """Real products of a cyclic convolution: 1 for each of the real frequencies, 3 for each complex one."""
    complex_frequencies = (length - 1) // 2
    return length - 2 * complex_frequencies + 3 * complex_frequencies


def spectral_cost(channels: int, frames: int, count: int) -> float:
    """Time of the convolution of one joint, in multiplications of the direct convolution."""
    pieces = cut(frames, count)
    rows = products(cyclic_length(pieces))
    transforms = sum(p.last - p.first + p.stop - p.start for p in pieces) * rows * channels
    return PRODUCT_COST * count * rows * channels**2 + TRANSFORM_COST * transforms


def direct_cost(channels: int, frames: int) -> float:
    """The same for the direct convolution, which multiplies no padding."""
    taps = sum(min(frames, t + REACH + 1) - max(0, t - REACH) for t in range(frames))
    return float(taps * channels**2)


@lru_cache  # blocks and views of the same width ask again
def best_count(channels: int, frames: int) -> int | None:
    """In how many pieces the frequency domain is fastest; None where the direct convolution is."""
    counts = range(1, max(2, frames // REACH))
    best = min(counts, key=lambda count: spectral_cost(channels, frames, count))
    return best if spectral_cost(channels, frames, best) < direct_cost(channels, frames) else None


def forward_transform(piece: Piece, length: int) -> Tensor:
    """float64 (products, last - first): frames to rows [real frequencies; a + b; a; b]."""
    angle = _angles(length, torch.arange(piece.last - piece.first))
    real = _real_frequencies(length)
    cos, sin = angle.cos(), angle.sin()
    a, b = cos[~real], -sin[~real]
    return torch.cat((cos[real], a + b, a, b))


def inverse_transform(piece: Piece, length: int) -> Tensor:
    """float64 (stop - start, products): products [real frequencies; k1; k2; k3] to frames."""
    angle = _angles(length, torch.arange(piece.start, piece.stop) - piece.first)
    real = _real_frequencies(length)
    cos, sin = angle.cos(), angle.sin()
    c, s = 2 * cos[~real], 2 * sin[~real]
    return torch.cat((cos[real], c - s, -s, -c)).T / length


def spectrum(weight_DC91: Tensor, length: int) -> Tensor:
    """float64 (products, C, D): the matrices that rows of `forward_transform` are multiplied with."""
    taps = weight_DC91.double().flatten(2).permute(2, 1, 0)
    angle = _angles(length, torch.arange(-REACH, REACH + 1)).to(taps.device)
    real = _real_frequencies(length).to(taps.device)
    c, d = (torch.tensordot(wave, taps, dims=1) for wave in (angle.cos(), angle.sin()))
    return torch.cat((c[real], c[~real], (d - c)[~real], (c + d)[~real]))


def _angles(length: int, frames: Tensor) -> Tensor:
    """float64 (frequencies, frames)."""
    frequencies = torch.arange(length // 2 + 1)
    # Whole turns go first: sines of large angles would lose digits.
    return torch.outer(frequencies, frames).remainder(length).double() * (2 * math.pi / length)


def _real_frequencies(length: int) -> Tensor:
    return (2 * torch.arange(length // 2 + 1)) % length == 0


class SpectralConvolution:
    """A convolution of stride 1 over clips of one length, plus residual, ReLU.

    Args:
        temporal: the folded convolution.
        frames: T.
        count: in how many pieces to cut the frames.
    """

    def __init__(self, temporal: Temporal, frames: int, count: int) -> None:
        weight = temporal.weight
        self._pieces = cut(frames, count)
        length = cyclic_length(self._pieces)
        self._transforms = [
            (forward_transform(piece, length).to(weight), inverse_transform(piece, length).to(weight))
            for piece in self._pieces
        ]
        self._spectrum = spectrum(weight, length).to(weight.dtype)
        self._bias = temporal.bias * length  # for frequency 0, of which the inverse takes 1 / length

    def __call__(self, y_TBVC: Tensor, onto_TBVC: Tensor, workspace: Workspace) -> None:
        """Make `onto` relu(onto + convolution of y)."""
        rows, channels, _ = self._spectrum.shape
        y_TX, onto_TX = y_TBVC.flatten(1), onto_TBVC.flatten(1)
        joints = y_TX.shape[1] // channels
        for piece, (forward, inverse) in zip(self._pieces, self._transforms, strict=True):
            waves = workspace.take("waves", rows, joints * channels)
            torch.mm(forward, y_TX[piece.first : piece.last], out=waves)
            mixed = workspace.take("mixed", rows, joints, channels)
            torch.bmm(waves.view(rows, joints, channels), self._spectrum, out=mixed)
            mixed[0].add_(self._bias)
            onto_TX[piece.start : piece.stop].addmm_(inverse, mixed.view(rows, -1)).relu_()
