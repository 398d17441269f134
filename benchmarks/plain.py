"""The published architecture in plain eager PyTorch: the baseline that speed is measured against.

Written for this purpose from the description of the method, in the order of operations of the published code
and without any short cut: axes (N, C, T, V) throughout, one convolution, einsum, BatchNorm or ReLU at a time,
both body slots through the network. `check_plain.py` measures that it costs what the published code costs.
Names of weights are those of `skelrep.models.STGCN`, so that one state dict serves both.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from skelrep.config import EncoderConfig, View
from skelrep.layout import NUM_JOINTS, PARENT, spatial_partition
from skelrep.models import SkeletonEncoder

SLICE = 16  # clips; at this size the C library's allocator does not fault pages in anew (tuned)


class PlainGraphConv(nn.Conv2d):
    """1x1 convolution to three groups of channels, then the sum over weighted neighbourhoods."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels * 3, kernel_size=1)
        self.edge_importance = nn.Parameter(torch.ones(3, NUM_JOINTS, NUM_JOINTS))

    def forward(self, x: Tensor, adjacency: Tensor | None = None) -> Tensor:
        y = super().forward(x)
        n, channels, frames, joints = y.shape
        y = y.view(n, 3, channels // 3, frames, joints)
        return torch.einsum("npctv,pvw->nctw", y, adjacency * self.edge_importance).contiguous()


class PlainBlock(nn.Module):
    """Graph convolution, BN, ReLU, 9x1 convolution, BN, dropout, plus residual, ReLU."""

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, dropout: float, *, first: bool
    ) -> None:
        super().__init__()
        self.spatial = PlainGraphConv(in_channels, out_channels)
        self.spatial_norm = nn.BatchNorm2d(out_channels)
        self.temporal = nn.Conv2d(out_channels, out_channels, (9, 1), (stride, 1), (4, 0))
        self.temporal_norm = nn.BatchNorm2d(out_channels)
        self.dropout = nn.Dropout(0.0 if first else dropout, inplace=True)
        self.first = first
        if not first and (in_channels != out_channels or stride != 1):
            convolution = nn.Conv2d(in_channels, out_channels, 1, (stride, 1))
            self.residual = nn.Sequential(convolution, nn.BatchNorm2d(out_channels))
        else:
            self.residual = nn.Sequential()

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        shortcut = 0 if self.first else self.residual(x)
        y = functional.relu(self.spatial_norm(self.spatial(x, adjacency)), inplace=True)
        y = self.dropout(self.temporal_norm(self.temporal(y)))
        return functional.relu(y + shortcut, inplace=True)


class PlainSTGCN(nn.Module):
    """One view's encoder: (N, 3, T, V, M) -> (N, feature_channels), absent bodies averaged in."""

    adjacency: Tensor

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.register_buffer("adjacency", torch.from_numpy(spatial_partition(config.recipe_name)))
        self.input_norm = nn.BatchNorm1d(3 * NUM_JOINTS)
        c = config.base_channels
        widths = [3, c, c, c, c, 2 * c, 2 * c, 2 * c, 4 * c, 4 * c, config.feature_channels]
        self.blocks = nn.ModuleList(
            PlainBlock(
                widths[i], widths[i + 1], 2 if i in (4, 7) else 1, config.dropout, first=i == 0
            )
            for i in range(10)
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        n, channels, frames, joints, bodies = x.shape
        x = x.permute(0, 4, 3, 1, 2).contiguous().view(n * bodies, joints * channels, frames)
        x = self.input_norm(x).view(n, bodies, joints, channels, frames)
        x = x.permute(0, 1, 3, 4, 2).contiguous().view(n * bodies, channels, frames, joints)
        for block in self.blocks:
            x = block(x, self.adjacency)
        x = functional.avg_pool2d(x, x.shape[2:])
        return x.view(n, bodies, -1).mean(dim=1)


class PlainEncoder(nn.Module):
    """The views' encoders side by side: (N, 3, T, V, 2) -> (N, feature_channels * views)."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.views = config.views
        self.encoders = nn.ModuleDict({view: PlainSTGCN(config) for view in config.views})

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.encoders[view](plain_view(x, view)) for view in self.views], dim=1)


def plain_view(x: Tensor, view: View) -> Tensor:
    """Joints, motion or bones, joint by joint as published."""
    if view == "joint":
        return x
    y = torch.zeros_like(x)
    if view == "motion":
        y[:, :, :-1] = x[:, :, 1:] - x[:, :, :-1]
        return y
    for joint, parent in enumerate(PARENT):
        y[:, :, :, joint] = x[:, :, :, joint] - x[:, :, :, parent]
    return y


def plain_encoder(encoder: SkeletonEncoder) -> PlainEncoder:
    """The baseline with an encoder's weights, in eval mode.

    Args:
        encoder: of the recipe ``"faithful"``, with mean pooling after block 10: what was published.
    """
    plain = PlainEncoder(encoder.config.encoder)
    plain.load_state_dict(encoder.state_dict())
    return plain.eval()


@torch.inference_mode()
def encode_at_once(plain: nn.Module, x: Tensor) -> Tensor:
    """As shipped: the whole batch in one pass."""
    return plain(x)


@torch.inference_mode()
def encode_in_slices(plain: nn.Module, x: Tensor) -> Tensor:
    """Tuned: the same batch, `SLICE` clips at a time."""
    return torch.cat([plain(part) for part in x.split(SLICE)])
