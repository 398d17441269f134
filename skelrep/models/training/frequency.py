"""Temporal convolution of wide maps in the frequency domain: fewer products of channel matrices.

With F frames and K taps a convolution costs F * K products of channels. Between two transforms over frames it
costs (3 * L - 1) / 2 with L = F + K // 2 (odd): one for the mean, three for each complex frequency. For 13
frames and 9 taps that is 25 instead of 117. Axes as in `temporal`; P products, L the transform's length.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .scratch import Scratch


class FrequencyConvolution:
    """`TemporalConvolution` of stride 1 between two linear maps over frames.

    Args:
        weight: (D, C, K, 1), K odd.
        frames: T.
        scratch: for what lives as long as one slice.
    """

    def __init__(self, weight: Tensor, frames: int, scratch: Scratch) -> None:
        self.out_channels, self.channels, self.taps = weight.shape[:3]
        self.frames, self.scratch = frames, scratch
        maps = bilinear_maps(frames, self.taps)
        self.there_PT, self.of_taps_PK, self.back_TP = (matrix.to(weight.dtype) for matrix in maps)
        self.products = len(self.there_PT)
        flat = self.of_taps_PK @ weight[..., 0].permute(2, 0, 1).reshape(self.taps, -1)
        self.weight_PDC = flat.view(self.products, self.out_channels, self.channels)
        self.d_weight = torch.zeros_like(self.weight_PDC)

    def input(self, columns: int) -> Tensor:
        """Where a slice's input (T, C, N) goes before `forward` and `backward`."""
        return self.scratch.take("input", self.frames, self.channels, columns)

    def gradient(self, columns: int) -> Tensor:
        """Where the gradient (T, D, N) at a slice's output goes before `backward`."""
        return self.scratch.take("gradient", self.frames, self.out_channels, columns)

    def forward(self, x_TCN: Tensor) -> Tensor:
        """Output (T, D, N)."""
        x_PCN = self._map(self.there_PT, x_TCN, "input waves")
        y_PDN = self.scratch.take("output waves", self.products, self.out_channels, x_TCN.shape[2])
        torch.bmm(self.weight_PDC, x_PCN, out=y_PDN)
        out = x_TCN.new_empty(self.frames, self.out_channels, x_TCN.shape[2])
        torch.mm(self.back_TP, y_PDN.flatten(1), out=out.view(self.frames, -1))
        return out

    def backward(self, x_TCN: Tensor, d_out_TDN: Tensor) -> Tensor:
        """Gradient (T, C, N) at the input, in scratch; the weight's is added to what earlier slices gave."""
        x_PCN = self._map(self.there_PT, x_TCN, "input waves")
        d_y_PDN = self._map(self.back_TP.T, d_out_TDN, "output waves")
        self.d_weight.baddbmm_(d_y_PDN, x_PCN.transpose(1, 2))
        # From here on the input's place serves for its gradient.
        d_x_PCN = torch.bmm(self.weight_PDC.transpose(1, 2), d_y_PDN, out=x_PCN)
        return self._map(self.there_PT.T, d_x_PCN, "d_input")

    def gradients(self) -> Tensor:
        """Gradient of the weight, from all slices."""
        flat = self.of_taps_PK.T @ self.d_weight.flatten(1)
        return flat.view(self.taps, self.out_channels, self.channels).permute(1, 2, 0)[..., None]

    def _map(self, matrix: Tensor, maps: Tensor, name: str) -> Tensor:
        """A linear map over the first axis, into scratch."""
        out = self.scratch.take(name, len(matrix), *maps.shape[1:])
        torch.mm(matrix, maps.flatten(1), out=out.flatten(1))
        return out


def bilinear_maps(frames: int, taps: int) -> tuple[Tensor, Tensor, Tensor]:
    """Matrices with ``back @ ((of_taps @ w) * (there @ x))`` the convolution of x with w, zeros at both ends.

    A real Fourier transform of odd length, long enough that the cyclic convolution does not reach round; each
    complex product is Gauss's three real ones:
    ``k1 = wr * (xr + xi), k2 = (wi - wr) * xr, k3 = (wr + wi) * xi; yr = k1 - k3, yi = k1 + k2``.

    Args:
        frames: T of x and of the result.
        taps: K of w, odd; the middle one falls on the frame itself.

    Returns:
        there (P, T), of_taps (P, K), back (T, P), float64; P = 1 + 3 * (L // 2).

    Example:
        >>> there, of_taps, back = bilinear_maps(4, 3)
        >>> x, w = torch.tensor([1.0, 2, 3, 4]).double(), torch.tensor([1.0, 10, 100]).double()
        >>> (back @ ((of_taps @ w) * (there @ x))).round().int().tolist()
        [210, 321, 432, 43]
    """
    length = (frames + taps // 2) | 1
    step = 2 * math.pi / length
    frequencies = torch.arange(1, length // 2 + 1, dtype=torch.float64)
    cos, sin = _waves(step * torch.outer(frequencies, torch.arange(frames, dtype=torch.float64)))
    shifts = torch.arange(taps, dtype=torch.float64) - taps // 2
    tap_cos, tap_sin = _waves(step * torch.outer(frequencies, shifts))
    there = torch.cat((torch.ones_like(cos[:1]), cos - sin, cos, -sin))
    of_taps = torch.cat((torch.ones_like(tap_cos[:1]), tap_cos, tap_sin - tap_cos, tap_cos + tap_sin))
    back = torch.cat((torch.full_like(cos[:1], 0.5), cos - sin, -sin, -cos)) * (2 / length)
    return there, of_taps, back.T.contiguous()


def _waves(angles: Tensor) -> tuple[Tensor, Tensor]:
    return torch.cos(angles), torch.sin(angles)
