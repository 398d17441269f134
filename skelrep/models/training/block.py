"""One ST-GCN block over all slices, forward and backward; see `skelrep.models.stgcn.Block`.

Batch statistics make each sweep over the slices wait for the one before it: graph convolution; ReLU and
temporal convolution; dropout, residual and ReLU. Kept are the inputs of the normalisations and the dropout
bits; all else is made again in the backward pass.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..stgcn import Block
from .dropout import draw_bits, zero_dropped
from .frequency import FrequencyConvolution
from .graph import GraphConvolution
from .norm import SlicedNorm
from .scratch import Scratch
from .shortcut import Shortcut
from .temporal import TemporalConvolution

WIDE = 64
relu_backward = torch.ops.aten.threshold_backward.grad_input


class BlockPass:
    """A block's way through one batch.

    Args:
        block: in training mode.
        adjacency_PVW: the graph's partitions.
        frames: of the input.
        scratch: shared by all blocks.
    """

    def __init__(self, block: Block, adjacency_PVW: Tensor, frames: int, scratch: Scratch) -> None:
        self.block, self.adjacency, self.scratch = block, adjacency_PVW, scratch
        spatial = block.spatial
        bias: Tensor = spatial.bias.detach()  # type: ignore[union-attr]  # it has one
        edges = adjacency_PVW * spatial.edge_importance.detach()
        self.graph = GraphConvolution(spatial.weight.detach(), bias, edges, scratch)
        self.spatial_norm = SlicedNorm(block.spatial_norm)
        self.temporal = temporal_convolution(block.temporal, frames, scratch)
        self.temporal_norm = SlicedNorm(block.temporal_norm, gain=1 / (1 - block.dropout.p))
        path = block.residual
        self.shortcut = Shortcut(path, scratch) if isinstance(path, nn.Sequential) else None
        self.inputs: list[Tensor] = []
        self.bits: list[Tensor | None] = []
        self.forget()

    def forward(self, inputs: Sequence[Tensor]) -> None:
        """Take slices (T, C, V, B) up to the last normalisation; `output` does the rest."""
        self.inputs = list(inputs)
        self._convolve(first=True)
        rate = self.block.dropout.p
        self.bits = [draw_bits(z.numel(), rate) if rate else None for z in self.temporal_maps]

    def output(self, n: int) -> Tensor:
        """The block's output for slice n: (T', D, V, B)."""
        x, z, bits = self.inputs[n], self.temporal_maps[n], self.bits[n]
        out = self.temporal_norm.apply(z, torch.empty_like(z))
        if bits is not None:
            zero_dropped(out, bits, self.scratch)
        if self.shortcut is not None:
            out += self.shortcut.output(n)
        elif self.block.residual is not None:
            out += x.flatten(2)
        return out.relu_().view(*out.shape[:2], *x.shape[2:])

    def forget(self) -> None:
        """Drop the maps that `remember` can make again."""
        self.spatial_maps: list[Tensor] = []
        self.temporal_maps: list[Tensor] = []
        if self.shortcut is not None:
            self.shortcut.maps = []

    def remember(self) -> None:
        """Make the maps again, if they were dropped; statistics and dropout stay as they were."""
        if not self.spatial_maps:
            self._convolve(first=False)

    def backward(self, outputs: Sequence[Tensor], gradients: list[Tensor]) -> list[Tensor]:
        """Gradients at the slices' inputs.

        Args:
            outputs: what `output` gave.
            gradients: at the outputs; overwritten.
        """
        for n, out in enumerate(outputs):
            d_out = gradients[n].flatten(2)
            relu_backward(d_out, out.flatten(2), 0, grad_input=d_out)
            d_z = self._kept(n, d_out, self.scratch.take("kept", *d_out.shape))
            self.temporal_norm.observe_gradient(d_z, self.temporal_maps[n], self.scratch)
            if self.shortcut is not None:
                self.shortcut.observe_gradient(n, d_out)
        self.temporal_norm.finish_gradient()
        if self.shortcut is not None:
            self.shortcut.norm.finish_gradient()
        d_spatial = [self._temporal_backward(n, d.flatten(2)) for n, d in enumerate(gradients)]
        self.spatial_norm.finish_gradient()
        return [self._spatial_backward(n, d_spatial[n], d) for n, d in enumerate(gradients)]

    def gradients(self) -> dict[str, Tensor]:
        """Gradients by the names of the block's parameters."""
        d_weight, d_bias, d_edges = self.graph.gradients()
        found = {
            "spatial.weight": d_weight, "spatial.bias": d_bias,
            "spatial.edge_importance": d_edges * self.adjacency,
            "spatial_norm.weight": self.spatial_norm.d_weight, "spatial_norm.bias": self.spatial_norm.d_bias,
            "temporal.weight": self.temporal.gradients(),
            "temporal.bias": torch.zeros_like(self.temporal_norm.bias),
            "temporal_norm.weight": self.temporal_norm.d_weight,
            "temporal_norm.bias": self.temporal_norm.d_bias,
        }  # fmt: skip
        if self.shortcut is not None:
            found |= {f"residual.{name}": gradient for name, gradient in self.shortcut.gradients().items()}
        return found

    def _convolve(self, *, first: bool) -> None:
        for x in self.inputs:
            self.spatial_maps.append(self.graph.forward(x).flatten(2))
            if first:
                self.spatial_norm.observe(self.spatial_maps[-1])
        if first:
            self.spatial_norm.finish()
            self.spatial_norm.move_running()
        for n in range(len(self.inputs)):
            self.temporal_maps.append(self.temporal.forward(self._temporal_input(n)))
            if first:
                self.temporal_norm.observe(self.temporal_maps[-1])
        if first:
            self.temporal_norm.finish()
            self.temporal_norm.move_running(self.block.temporal.bias)
        if self.shortcut is not None:
            self.shortcut.forward(self.inputs, first=first)

    def _temporal_input(self, n: int) -> Tensor:
        s = self.spatial_maps[n]
        return self.spatial_norm.apply(s, self.temporal.input(s.shape[2])).relu_()

    def _kept(self, n: int, d_out: Tensor, place: Tensor) -> Tensor:
        """A gradient behind dropout, in `place`; the norm's gain does the scaling."""
        bits, copied = self.bits[n], place.copy_(d_out)
        return copied if bits is None else zero_dropped(copied, bits, self.scratch)

    def _temporal_backward(self, n: int, d_out_TDN: Tensor) -> Tensor:
        """Gradient before the first ReLU, (T, D, N)."""
        d_z = self._kept(n, d_out_TDN, self.temporal.gradient(d_out_TDN.shape[2]))
        self.temporal_norm.gradient(d_z, self.temporal_maps[n], out=d_z)
        h = self._temporal_input(n)
        d_h = self.temporal.backward(h, d_z)
        d_s = relu_backward(d_h, h, 0, grad_input=torch.empty_like(d_h))
        self.spatial_norm.observe_gradient(d_s, self.spatial_maps[n], self.scratch)
        return d_s

    def _spatial_backward(self, n: int, d_s: Tensor, d_out_TDVB: Tensor) -> Tensor:
        """Gradient at the input, (T, C, V, B)."""
        x = self.inputs[n]
        self.spatial_norm.gradient(d_s, self.spatial_maps[n], out=d_s)
        identity = self.block.residual is not None and self.shortcut is None
        d_x = d_out_TDVB if identity else torch.zeros_like(x)
        if self.shortcut is not None:
            self.shortcut.backward(n, x, d_out_TDVB.flatten(2), d_x)
        self.graph.backward(x, d_s.view(*d_s.shape[:2], *x.shape[2:]), d_x)
        return d_x


def temporal_convolution(
    layer: nn.Conv2d, frames: int, scratch: Scratch
) -> TemporalConvolution | FrequencyConvolution:
    """The cheaper of the two ways; the frequency domain pays from `WIDE` channels on."""
    weight, stride = layer.weight.detach(), int(layer.stride[0])
    if stride == 1 and weight.shape[1] >= WIDE:
        return FrequencyConvolution(weight, frames, scratch)
    return TemporalConvolution(weight, stride, frames, scratch)
