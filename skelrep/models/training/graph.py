"""Graph convolution of a slice: neighbours are summed first, where channels are fewer, then mixed.

Axes: T frames, C channels, V joints, B bodies of a slice, P partitions, D output channels.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .scratch import Scratch


class GraphConvolution:
    """`skelrep.models.stgcn.GraphConv` on a slice, and its gradients.

    The convolution and the sum over neighbours are linear in different axes, so they commute.

    Args:
        weight, bias: of the 1x1 convolution, (P * D, C, 1, 1) and (P * D,).
        adjacency_PVW: with edge importance.
        scratch: for what lives as long as one slice.
    """

    def __init__(self, weight: Tensor, bias: Tensor, adjacency_PVW: Tensor, scratch: Scratch) -> None:
        self.partitions, self.joints = adjacency_PVW.shape[:2]
        self.channels, self.out_channels = weight.shape[1], len(weight) // self.partitions
        self.bias_PD, self.adjacency, self.scratch = bias.view(self.partitions, -1), adjacency_PVW, scratch
        split = weight.view(self.partitions, self.out_channels, self.channels)
        self.mix = split.permute(1, 2, 0).reshape(self.out_channels, -1)
        self.spread = adjacency_PVW.transpose(1, 2).reshape(-1, self.joints)
        # A bias reaches joint w as often as w has neighbours.
        self.offset_DW = self.bias_PD.T @ adjacency_PVW.sum(dim=1)
        self.d_mix, self.d_spread = torch.zeros_like(self.mix), torch.zeros_like(self.spread)
        self.d_offset = torch.zeros_like(self.offset_DW)

    def forward(self, x_TCVB: Tensor) -> Tensor:
        """float (T, D, V, B)."""
        frames, _, joints, bodies = x_TCVB.shape
        out = x_TCVB.new_empty(frames, self.out_channels, joints, bodies)
        out.copy_(self.offset_DW[:, :, None].expand_as(out))
        mix = self.mix.expand(frames, *self.mix.shape)
        out.view(frames, self.out_channels, -1).baddbmm_(mix, self._neighbours(x_TCVB))
        return out

    def backward(self, x_TCVB: Tensor, d_out_TDVB: Tensor, d_x_TCVB: Tensor) -> None:
        """Add the gradient at `x` to `d_x`, and the parameters' to what earlier slices gave."""
        frames, _, _, bodies = x_TCVB.shape
        d_out = d_out_TDVB.view(frames, self.out_channels, -1)
        neighbours = self._neighbours(x_TCVB)
        self.d_mix += torch.bmm(d_out, neighbours.transpose(1, 2)).sum(dim=0)
        self.d_offset += d_out_TDVB.sum(dim=0).sum(dim=2)
        # From here on the neighbours' place serves for their gradient.
        mix = self.mix.T.expand(frames, *self.mix.T.shape)
        d_neighbours = torch.bmm(mix, d_out, out=neighbours).view(frames * self.channels, -1, bodies)
        x = x_TCVB.view(frames * self.channels, self.joints, bodies)
        edges = self.scratch.take("edges", len(x), *self.spread.shape)
        self.d_spread += torch.bmm(d_neighbours, x.transpose(1, 2), out=edges).sum(dim=0)
        spread = self.spread.T.expand(len(x), *self.spread.T.shape)
        d_x_TCVB.view_as(x).baddbmm_(spread, d_neighbours)

    def gradients(self) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of weight, bias and adjacency, from all slices."""
        split = self.d_mix.view(self.out_channels, self.channels, self.partitions)
        d_weight = split.permute(2, 0, 1).reshape(-1, self.channels, 1, 1)
        d_bias = self.adjacency.sum(dim=1) @ self.d_offset.T
        d_adjacency = self.d_spread.view(self.partitions, self.joints, self.joints).transpose(1, 2)
        through_bias = (self.bias_PD @ self.d_offset)[:, None, :]
        return d_weight, d_bias.flatten(), d_adjacency + through_bias

    def _neighbours(self, x_TCVB: Tensor) -> Tensor:
        """Weighted sums over each partition's neighbours: float (T, C * P, V * B)."""
        frames, channels, joints, bodies = x_TCVB.shape
        out = self.scratch.take("neighbours", frames * channels, self.partitions * joints, bodies)
        spread = self.spread.expand(len(out), *self.spread.shape)
        torch.bmm(spread, x_TCVB.reshape(len(out), joints, bodies), out=out)
        return out.view(frames, channels * self.partitions, joints * bodies)
