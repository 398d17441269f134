"""The residual path where shapes differ: a strided 1x1 convolution and its normalisation, over all slices."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .norm import SlicedNorm
from .scratch import Scratch


class Shortcut:
    """`skelrep.models.stgcn.shortcut` on slices, and its gradients.

    Args:
        path: the convolution and the normalisation.
        scratch: for what lives as long as one slice.
    """

    def __init__(self, path: nn.Sequential, scratch: Scratch) -> None:
        convolution: nn.Conv2d = path[0]  # type: ignore[assignment]
        norm: nn.BatchNorm2d = path[1]  # type: ignore[assignment]
        self.weight, self.bias = convolution.weight.detach()[:, :, 0, 0], convolution.bias
        self.stride, self.norm, self.scratch = int(convolution.stride[0]), SlicedNorm(norm), scratch
        self.d_weight = torch.zeros_like(self.weight)
        self.maps: list[Tensor] = []

    def forward(self, inputs: Sequence[Tensor], *, first: bool) -> None:
        """Convolve slices (T, C, V, B); the first time also take the statistics."""
        for x in inputs:
            seen = x.flatten(2)[:: self.stride]
            self.maps.append(torch.bmm(self.weight.expand(len(seen), *self.weight.shape), seen))
            if first:
                self.norm.observe(self.maps[-1])
        if first:
            self.norm.finish()
            self.norm.move_running(self.bias)

    def output(self, n: int) -> Tensor:
        """What slice n's path adds, (T', D, N), in scratch."""
        return self.norm.apply(self.maps[n], self.scratch.take("shortcut", *self.maps[n].shape))

    def observe_gradient(self, n: int, d_out_TDN: Tensor) -> None:
        """Take a slice's gradient into the sums; all slices before `backward`."""
        self.norm.observe_gradient(d_out_TDN, self.maps[n], self.scratch)

    def backward(self, n: int, x_TCVB: Tensor, d_out_TDN: Tensor, d_x_TCVB: Tensor) -> None:
        """Add the gradient at `x` to `d_x`, and the weight's to what earlier slices gave."""
        d_map = self.norm.gradient(d_out_TDN, self.maps[n], self.scratch.take("shortcut", *d_out_TDN.shape))
        seen = x_TCVB.flatten(2)[:: self.stride]
        self.d_weight += torch.bmm(d_map, seen.transpose(1, 2)).sum(dim=0)
        weight = self.weight.T.expand(len(seen), *self.weight.T.shape)
        d_x_TCVB.flatten(2)[:: self.stride].baddbmm_(weight, d_map)

    def gradients(self) -> dict[str, Tensor]:
        """Gradients by the names of the layers' parameters, from all slices."""
        return {
            "0.weight": self.d_weight[:, :, None, None],
            "0.bias": torch.zeros_like(self.norm.bias),
            "1.weight": self.norm.d_weight,
            "1.bias": self.norm.d_bias,
        }
