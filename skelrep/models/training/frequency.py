"""Temporal convolution of wide maps in the frequency domain, where every frequency is one matrix product.

With F frames and K taps a convolution costs F * K products of channels; in the frequency domain, where it is
a product of (F + K // 2 + 1) / 2 complex matrices, about 2 * F. Axes as in `temporal`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .scratch import Scratch


class FrequencyConvolution:
    """`TemporalConvolution` of stride 1 by a real discrete Fourier transform over frames.

    The transform is long enough, and odd, for the zeros at the ends to keep the cyclic convolution from
    reaching round.

    Args:
        weight: (D, C, K, 1), K odd.
        frames: T.
        scratch: for what lives as long as one slice.
    """

    def __init__(self, weight: Tensor, frames: int, scratch: Scratch) -> None:
        self.out_channels, self.channels, self.taps = weight.shape[:3]
        self.frames, self.scratch = frames, scratch
        self.length = (frames + self.taps // 2) | 1
        self.pairs = self.length // 2  # of real and imaginary parts; frequency 0 has only a real one
        self.there, self.back = transforms(self.length, frames, weight.dtype)
        self.real, self.imaginary = tap_waves(self.length, self.taps, weight.dtype)
        flat = weight[..., 0].permute(2, 0, 1).reshape(self.taps, -1)
        real, imaginary = (self._matrices(waves @ flat) for waves in (self.real, self.imaginary))
        self.mean_weight = real[0]
        upper, lower = torch.cat((real, -imaginary), dim=2), torch.cat((imaginary, real), dim=2)
        self.pair_weights = torch.cat((upper, lower), dim=1)[1:].contiguous()
        self.d_mean, self.d_pairs = torch.zeros_like(self.mean_weight), torch.zeros_like(self.pair_weights)

    def input(self, columns: int) -> Tensor:
        """Where a slice's input (T, C, N) goes before `forward` and `backward`."""
        return self.scratch.take("input", self.frames, self.channels, columns)

    def gradient(self, columns: int) -> Tensor:
        """Where the gradient (T, D, N) at a slice's output goes before `backward`."""
        return self.scratch.take("gradient", self.frames, self.out_channels, columns)

    def forward(self, x_TCN: Tensor) -> Tensor:
        """Output (T, D, N)."""
        columns = x_TCN.shape[2]
        waves = self._transform("input waves", x_TCN)
        product = self.scratch.take("output waves", self.length, self.out_channels, columns)
        torch.mm(self.mean_weight, waves[0], out=product[0])
        torch.bmm(self.pair_weights, self._pairs(waves), out=self._pairs(product))
        out = x_TCN.new_empty(self.frames, self.out_channels, columns)
        torch.mm(self.back, product.view(self.length, -1), out=out.view(self.frames, -1))
        return out

    def backward(self, x_TCN: Tensor, d_out_TDN: Tensor) -> Tensor:
        """Gradient (T, C, N) at the input, in scratch; the weight's is added to what earlier slices gave."""
        columns = x_TCN.shape[2]
        waves = self._transform("input waves", x_TCN)
        d_product = self.scratch.take("output waves", self.length, self.out_channels, columns)
        torch.mm(self.back.T, d_out_TDN.view(self.frames, -1), out=d_product.view(self.length, -1))
        self.d_mean.addmm_(d_product[0], waves[0].T)
        self.d_pairs.baddbmm_(self._pairs(d_product), self._pairs(waves).transpose(1, 2))
        # From here on the input waves' place serves for their gradient.
        torch.mm(self.mean_weight.T, d_product[0], out=waves[0])
        torch.bmm(self.pair_weights.transpose(1, 2), self._pairs(d_product), out=self._pairs(waves))
        d_x = self.scratch.take("d_input", self.frames, self.channels, columns)
        torch.mm(self.there.T, waves.view(self.length, -1), out=d_x.view(self.frames, -1))
        return d_x

    def gradients(self) -> Tensor:
        """Gradient of the weight, from all slices."""
        d, c = self.out_channels, self.channels
        real = self.d_pairs[:, :d, :c] + self.d_pairs[:, d:, c:]
        imaginary = self.d_pairs[:, d:, :c] - self.d_pairs[:, :d, c:]
        flat = self.real[1:].T @ real.reshape(self.pairs, -1)
        flat += self.imaginary[1:].T @ imaginary.reshape(self.pairs, -1)
        flat += self.d_mean.flatten()  # frequency 0 sees every tap with weight 1
        return flat.view(self.taps, d, c).permute(1, 2, 0)[..., None]

    def _transform(self, name: str, x_TCN: Tensor) -> Tensor:
        waves = self.scratch.take(name, self.length, *x_TCN.shape[1:])
        torch.mm(self.there, x_TCN.view(self.frames, -1), out=waves.view(self.length, -1))
        return waves

    def _pairs(self, waves_LCN: Tensor) -> Tensor:
        """Real above imaginary parts: (L // 2, 2 * C, N)."""
        return waves_LCN[1:].view(self.pairs, -1, waves_LCN.shape[2])

    def _matrices(self, flat: Tensor) -> Tensor:
        return flat.view(self.pairs + 1, self.out_channels, self.channels)


def transforms(length: int, frames: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Real Fourier transform (length, frames) and its inverse (frames, length), zeros filled in beyond `frames`.

    Rows: frequency 0, then real and imaginary part of each frequency.

    Example:
        >>> there, back = transforms(17, 13, torch.float64)
        >>> bool(torch.allclose(back @ there, torch.eye(13, dtype=torch.float64)))
        True
    """
    angles = torch.outer(torch.arange(1, length // 2 + 1), torch.arange(frames)).double()
    angles *= 2 * math.pi / length
    pairs = torch.stack((torch.cos(angles), -torch.sin(angles)), dim=1).flatten(0, 1)
    there = torch.cat((torch.ones(1, frames, dtype=torch.float64), pairs))
    back = there.T * 2 / length
    back[:, 0] /= 2
    return there.to(dtype), back.contiguous().to(dtype)


def tap_waves(length: int, taps: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Real and imaginary part, (length // 2 + 1, taps), of a shift by each tap, the middle one being no shift."""
    shifts = torch.arange(taps) - taps // 2
    angles = torch.outer(torch.arange(length // 2 + 1), shifts).double() * (2 * math.pi / length)
    return torch.cos(angles).to(dtype), torch.sin(angles).to(dtype)
