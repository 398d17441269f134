"""Batch normalisation of slices in training mode: statistics gathered slice by slice, then applied to each.

Axes: T frames, C channels, N columns (joints times bodies of a slice).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..synchronised import SynchronisedNorm
from .scratch import Scratch


class SlicedNorm:
    """`torch.nn.BatchNorm2d` in training mode as a scale and a shift a channel, and its gradients.

    Args:
        norm: the layer it stands for.
        gain: multiplies the output, as dropout does with what it keeps.

    Attributes:
        scale, shift: float (C, 1), after `finish`; the output is ``x * scale + shift``.
        d_weight, d_bias: float (C,), after `finish_gradient`.
    """

    def __init__(self, norm: nn.BatchNorm2d, gain: float = 1.0) -> None:
        self.norm, self.gain = norm, gain
        # Where other processes hold parts of the batch: what is known of their rows.
        self.rows = norm.rows if isinstance(norm, SynchronisedNorm) else None
        self.weight, self.bias = norm.weight.detach(), norm.bias.detach()
        self._rows: list[tuple[int, Tensor, Tensor]] = []
        self._sums: list[Tensor] = []

    def observe(self, x_TCN: Tensor) -> None:
        """Take a slice into the statistics."""
        columns = x_TCN.shape[2]
        mean = x_TCN.sum(dim=2).double() / columns
        spread = torch.linalg.vector_norm(x_TCN, dim=2).double().square() - columns * mean.square()
        self._rows.append((columns, mean, spread))

    def finish(self) -> None:
        """Statistics of all slices.

        Each row's spread about its own mean is joined in float64, which loses nothing where a channel's mean
        is far from zero.

        Source:
            Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances",
            1979.
        """
        self.count = sum(columns * len(mean) for columns, mean, _ in self._rows)
        mean = torch.stack([columns * rows.sum(dim=0) for columns, rows, _ in self._rows]).sum(dim=0)
        mean /= self.count
        parts = [s.sum(dim=0) + n * (rows - mean).square().sum(dim=0) for n, rows, s in self._rows]
        variance = (torch.stack(parts).sum(dim=0) / self.count).clamp_(min=0)
        if self.rows is not None:
            mean, variance = self.rows.join(mean, variance)
            self.count = self.rows.total * (self.count // self.rows.here)
        self.mean, self.variance = mean, variance
        self.deviation = torch.sqrt(self.variance + self.norm.eps)
        scale = self.gain * self.weight.double() / self.deviation
        self.scale = scale.to(self.weight.dtype)[:, None]
        self.shift = (self.gain * self.bias.double() - scale * mean).to(self.weight.dtype)[:, None]
        self._rows.clear()

    def move_running(self, bias: Tensor | None = None) -> None:
        """Move the layer's running statistics; a convolution's `bias` before it was left out."""
        norm = self.norm
        if norm.running_mean is None or norm.running_var is None or norm.num_batches_tracked is None:
            return
        norm.num_batches_tracked += 1
        momentum = 1 / float(norm.num_batches_tracked) if norm.momentum is None else norm.momentum
        mean = self.mean if bias is None else self.mean + bias
        unbiased = self.variance * (self.count / max(self.count - 1, 1))
        norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), momentum)
        norm.running_var.lerp_(unbiased.to(norm.running_var.dtype), momentum)

    def apply(self, x_TCN: Tensor, out: Tensor) -> Tensor:
        """Normalise a slice into `out`."""
        return torch.mul(x_TCN, self.scale, out=out).add_(self.shift)

    def observe_gradient(self, d_out_TCN: Tensor, x_TCN: Tensor, scratch: Scratch) -> None:
        """Take a slice into the sums that every slice's gradient needs."""
        product = scratch.take("product", *x_TCN.shape)
        with_input = torch.mul(d_out_TCN, x_TCN, out=product).sum(dim=2)
        self._sums.append(torch.stack((d_out_TCN.sum(dim=2).double(), with_input.double())).sum(dim=1))

    def finish_gradient(self) -> None:
        """Gradients of the parameters, and the coefficients of `gradient`."""
        own_total, own_along = self._along(torch.stack(self._sums).sum(dim=0))
        total, along = own_total, own_along
        if self.rows is not None:  # the parameters' gradients stay this process's part
            total, along = self.rows.group.sum(torch.stack((total, along)))
        scale = self.weight.double() / self.deviation
        slope = -scale * along / (self.count * self.deviation)
        constant = -scale * total / self.count - slope * self.mean
        dtype = self.weight.dtype
        self.d_weight, self.d_bias = own_along.to(dtype), own_total.to(dtype)
        self._slope, self._constant = slope.to(dtype)[:, None], constant.to(dtype)[:, None]
        self._sums.clear()

    def _along(self, sums: Tensor) -> tuple[Tensor, Tensor]:
        """Sums over a gradient, and over its product with the normalised input."""
        total, with_input = self.gain * sums
        return total, (with_input - self.mean * total) / self.deviation

    def gradient(self, d_out_TCN: Tensor, x_TCN: Tensor, out: Tensor) -> Tensor:
        """Gradient at the input of a slice, into `out`."""
        return torch.mul(d_out_TCN, self.scale, out=out).addcmul_(x_TCN, self._slope).add_(self._constant)
