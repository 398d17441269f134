"""A block of ST-GCN by Triton kernels: what `skelrep.models.stgcn.Block` computes with its layers."""

from __future__ import annotations

import torch
import triton
from torch import Tensor, nn

from ..stgcn import Block
from .graph import graph_norm_relu
from .norm import apply_norm, norm_dropout_relu

LARGEST = 2**31 - 1  # elements of a map; kernels count positions in 32 bits


def fits(block: Block, x_BCTV: Tensor) -> bool:
    """Whether the kernels compute what the layers would here: on CUDA, with plain normalisations."""
    norms = [module for module in block.modules() if isinstance(module, nn.modules.batchnorm._NormBase)]
    plain = all(type(norm) is nn.BatchNorm2d and norm.training == block.training for norm in norms)
    tracked = all(norm.running_mean is not None and norm.momentum is not None for norm in norms)
    widest = max(x_BCTV.shape[1], block.temporal.out_channels)
    small = 0 < x_BCTV.numel() // x_BCTV.shape[1] * widest <= LARGEST
    graded = torch.is_grad_enabled() and not block.training
    runs = x_BCTV.is_cuda or triton.knobs.runtime.interpret
    return plain and tracked and small and runs and not graded


def block_forward(block: Block, x_BCTV: Tensor, adjacency_PVW: Tensor) -> Tensor:
    """The block's output: batch statistics, dropout and gradients in training, else running statistics."""
    with torch.cuda.device_of(x_BCTV):
        return (_training if block.training else _evaluation)(block, x_BCTV, adjacency_PVW)


def _training(block: Block, x: Tensor, adjacency: Tensor) -> Tensor:
    y = norm_dropout_relu(block.spatial(x, adjacency).contiguous(), block.spatial_norm)
    z = block.temporal(y).contiguous()
    residual = None if block.residual is None else block.residual(x).to(z.dtype).contiguous()
    return norm_dropout_relu(z, block.temporal_norm, block.dropout.p, residual)


def _evaluation(block: Block, x: Tensor, adjacency: Tensor) -> Tensor:
    spatial, temporal = block.spatial, block.temporal
    scale, shift = running_scale(block.spatial_norm)
    partitions = len(adjacency)
    weight = spatial.weight.view(partitions, -1, x.shape[1])
    bias: Tensor = spatial.bias  # type: ignore[assignment]
    edges = adjacency * spatial.edge_importance
    y = graph_norm_relu(x, weight, bias.view(partitions, -1), edges, scale, shift)
    z = nn.functional.conv2d(y, temporal.weight, None, temporal.stride, temporal.padding).contiguous()
    offset: Tensor = temporal.bias  # type: ignore[assignment]
    scale, shift = running_scale(block.temporal_norm)
    residual = None if block.residual is None else block.residual(x).to(z.dtype).contiguous()
    return apply_norm(z, scale, shift + scale * offset, residual)


def running_scale(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """A normalisation by running statistics as x * scale + shift."""
    mean: Tensor = norm.running_mean  # type: ignore[assignment]  # `fits` has looked
    variance: Tensor = norm.running_var  # type: ignore[assignment]
    scale = norm.weight * torch.rsqrt(variance + norm.eps)
    return scale, norm.bias - mean * scale
