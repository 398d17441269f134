"""ST-GCN on single bodies: the trainable, readable encoder.

Axes: B bodies (present ones of all clips), C channels, T frames, V joints, P graph partitions, W joints
reached.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import torch
from einops import rearrange
from torch import Tensor, nn

from ..config import EncoderConfig
from ..layout import NUM_JOINTS, spatial_partition
from .pooling import pool_block, pooled_size
from .recompute import recomputed

TEMPORAL_KERNEL = 9
STRIDED_BLOCKS = (5, 8)  # 1-based, as in the paper's table


class GraphConv(nn.Module):
    """1x1 convolution to P groups of channels, then a sum over partitions of the weighted neighbourhood.

    Source:
        Yan et al., AAAI 2018, equation 10, with learnable edge importance (section 3.4).
    """

    def __init__(self, in_channels: int, out_channels: int, partitions: int) -> None:
        super().__init__()
        convolution = nn.Conv2d(in_channels, out_channels * partitions, kernel_size=1)
        self.weight, self.bias = convolution.weight, convolution.bias
        self.edge_importance = nn.Parameter(torch.ones(partitions, NUM_JOINTS, NUM_JOINTS))

    def forward(self, x_BCTV: Tensor, adjacency_PVW: Tensor) -> Tensor:
        x = nn.functional.conv2d(x_BCTV, self.weight, self.bias)
        x = rearrange(x, "b (p c) t v -> b p c t v", p=len(adjacency_PVW))
        return torch.einsum("bpctv,pvw->bctw", x, adjacency_PVW * self.edge_importance)


class Block(nn.Module):
    """Graph convolution, BN, ReLU, temporal convolution, BN, dropout; plus the residual; ReLU."""

    kernels = "torch"  # see `skelrep.models.kernels.use_kernels`

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, dropout: float, *, first: bool
    ) -> None:
        super().__init__()
        self.spatial = GraphConv(in_channels, out_channels, partitions=3)
        self.spatial_norm = nn.BatchNorm2d(out_channels)
        self.temporal = nn.Conv2d(
            out_channels, out_channels, (TEMPORAL_KERNEL, 1), (stride, 1), ((TEMPORAL_KERNEL - 1) // 2, 0)
        )
        self.temporal_norm = nn.BatchNorm2d(out_channels)
        # The first block has neither residual nor dropout (published code).
        self.dropout = nn.Dropout(0.0 if first else dropout)
        self.residual = None if first else shortcut(in_channels, out_channels, stride)

    def forward(self, x_BCTV: Tensor, adjacency_PVW: Tensor) -> Tensor:
        if self.kernels == "triton":
            from .kernels.block import block_forward, fits

            if fits(self, x_BCTV):
                return block_forward(self, x_BCTV, adjacency_PVW)
        y = torch.relu(self.spatial_norm(self.spatial(x_BCTV, adjacency_PVW)))
        y = self.dropout(self.temporal_norm(self.temporal(y)))
        return torch.relu(y if self.residual is None else y + self.residual(x_BCTV))


def shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """The residual's path: identity, or a strided 1x1 convolution with BN where shapes differ."""
    if in_channels == out_channels and stride == 1:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, (stride, 1)), nn.BatchNorm2d(out_channels))


def block_channels(config: EncoderConfig) -> list[int]:
    """Output channels of the encoder's blocks, after those of its input."""
    c = config.base_channels
    return [3, *[c] * 4, *[2 * c] * 3, *[4 * c] * 2, config.feature_channels][: config.blocks + 1]


def vector_sizes(config: EncoderConfig) -> list[int]:
    """How many numbers of one view's vector come from each of its `feature_blocks`."""
    channels = block_channels(config)
    return [pooled_size(channels[number], number, config.pooling) for number in config.feature_blocks]


class STGCN(nn.Module):
    """Up to ten ST-GCN blocks over one view of single bodies, and the vector made of them.

    Args:
        config: blocks, widths, dropout, what the vector is made of, and the recipe, which decides the graph
            partitions.

    Attributes:
        config: the same.
        recompute: keep only each block's input for the backward pass, which then computes the block again;
            the results are the same, bit for bit.

    Source:
        Yan et al., AAAI 2018; widths of Li et al., CVPR 2021, section 4.2.

    Example:
        >>> STGCN(EncoderConfig())(torch.randn(2, 3, 50, 25)).shape
        torch.Size([2, 256])
    """

    adjacency: Tensor

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config, self.recompute = config, False
        self.register_buffer("adjacency", torch.from_numpy(spatial_partition(config.recipe_name)))
        self.input_norm = nn.BatchNorm1d(3 * NUM_JOINTS)
        self.blocks = nn.ModuleList()
        in_channels, *channels = block_channels(config)
        for number, out_channels in enumerate(channels, start=1):
            stride = 2 if number in STRIDED_BLOCKS else 1
            self.blocks.append(Block(in_channels, out_channels, stride, config.dropout, first=number == 1))
            in_channels = out_channels

    def forward_features(self, x_BCTV: Tensor, last_block: int | None = None) -> Tensor:
        """Feature maps after a block.

        Args:
            x_BCTV: float (B, 3, T, V), one view of B present bodies.
            last_block: 0-10, 0 for the normalised input; later blocks are not computed. By default the last
                one.

        Returns:
            float (B, C', T', V); T' is T halved (rounded up) by blocks 5 and 8.
        """
        each = self.each_features(x_BCTV, len(self.blocks) if last_block is None else last_block)
        return deque(each, maxlen=1).pop()

    def forward_vector(self, x_BCTV: Tensor) -> Tensor:
        """The vector that the config names, by the layers themselves: float (B, D)."""
        wanted, pooling = self.config.feature_blocks, self.config.pooling
        each = enumerate(self.each_features(x_BCTV, wanted[-1]))
        pooled = [pool_block(maps_BCTV, number, pooling) for number, maps_BCTV in each if number in wanted]
        return torch.cat(pooled, dim=1)

    def each_features(self, x_BCTV: Tensor, last_block: int) -> Iterator[Tensor]:
        """Feature maps after the input's norm and after each block, one after another."""
        # BN over joint and coordinate, joint-major as in the published weights.
        x = self.input_norm(rearrange(x_BCTV, "b c t v -> b (v c) t"))
        x = rearrange(x, "b (v c) t -> b c t v", v=NUM_JOINTS).contiguous()
        again = self.recompute and torch.is_grad_enabled()
        yield x
        for block in self.blocks[:last_block]:
            x = recomputed(block, x, self.adjacency) if again else block(x, self.adjacency)
            yield x

    def forward(self, x_BCTV: Tensor) -> Tensor:
        """The vector that the config names: float (B, D).

        In training on the CPU, `skelrep.models.training` computes it: the same function, without calling
        `forward_vector`.
        """
        from . import training  # it builds on this module's layers

        if training.fits(self, x_BCTV):
            return training.encode_bodies(self, self.input_norm(rearrange(x_BCTV, "b c t v -> b (v c) t")))
        return self.forward_vector(x_BCTV)
