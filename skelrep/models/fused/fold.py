"""Fold what is fixed at inference into few matrices: batch norms, edge importance, the bone view.

Axes: P partitions, V and W joints, C and D channels in and out. Products are taken in float64.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...config import View
from ...layout import NUM_JOINTS, PARENT
from ..encoder import SkeletonEncoder
from ..stgcn import STGCN, Block, GraphConv


class Spatial(NamedTuple):
    """A graph convolution: neighbours are collected first, where channels are fewer, then mixed.

    Attributes:
        collect: (W * P, V), row (w, p): with which weights joint w collects its part p.
        mix: (P * C, D).
        bias: (W * D); it differs between joints, since the convolution's bias passes through the graph.
    """

    collect: Tensor
    mix: Tensor
    bias: Tensor


class Entry(NamedTuple):
    """What takes a view's input, as one matrix over joints and channels: its norm, alone or with the first
    graph convolution.

    Attributes:
        mix: (V * 3, W * D).
        bias: (W * D).
    """

    mix: Tensor
    bias: Tensor


class Temporal(NamedTuple):
    """A convolution over 9 frames.

    Attributes:
        weight: (D, D, 9, 1).
        bias: (D); with the residual's bias, where it has one.
        stride: frames from one output to the next.
    """

    weight: Tensor
    bias: Tensor
    stride: int


class FoldedBlock(NamedTuple):
    """A block after the first. The residual is a matrix (C, D), or None for the identity."""

    spatial: Spatial
    temporal: Temporal
    residual: Tensor | None


class FoldedView(NamedTuple):
    """One view's network: the input's norm, if the vector needs it; block 1, without residual; the rest."""

    norm: Entry | None
    entry: Entry
    temporal: Temporal
    blocks: list[FoldedBlock]


class FoldedWhitening(NamedTuple):
    """`skelrep.models.whitening.Whitening`: mean (D,) and matrix (D, K), the model's own tensors."""

    mean: Tensor
    matrix: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """float (..., D) -> (..., K)."""
        return (x - self.mean) @ self.matrix


def whitening_of(encoder: SkeletonEncoder) -> FoldedWhitening | None:
    """The model's whitening, if it has one."""
    whitening = encoder.whitening
    return None if whitening is None else FoldedWhitening(whitening.mean, whitening.matrix)


def fold_view(network: STGCN, view: View, dtype: torch.dtype) -> FoldedView:
    """The blocks that a network's vector needs (one at least), in eval mode, as matrices of `dtype`.

    The bone view's takes joints, since a bone is a difference of two joints.
    """
    wanted = network.config.feature_blocks
    first, *others = [block for block in network.blocks if isinstance(block, Block)][: max(wanted[-1], 1)]
    return FoldedView(
        norm=fold_norm(network.input_norm, view, dtype) if wanted[0] == 0 else None,
        entry=fold_entry(network, first.spatial, first.spatial_norm, view, dtype),
        temporal=fold_temporal(first, dtype),
        blocks=[fold_block(block, network.adjacency, dtype) for block in others],
    )


def fold_block(block: Block, adjacency_PVW: Tensor, dtype: torch.dtype) -> FoldedBlock:
    """A block after the first, as matrices of `dtype`."""
    spread, mix, bias = fold_graph(block.spatial, block.spatial_norm, adjacency_PVW)
    collect = spread.permute(2, 0, 1).reshape(-1, NUM_JOINTS)
    spatial = Spatial(*(as_type(t, dtype) for t in (collect, mix.flatten(0, 1), bias.flatten())))
    residual = None
    if isinstance(block.residual, nn.Sequential):
        residual = as_type(fold_convolution(*block.residual)[0].flatten(1).T, dtype)
    return FoldedBlock(spatial, fold_temporal(block, dtype), residual)


def fold_norm(norm: nn.BatchNorm1d, view: View, dtype: torch.dtype) -> Entry:
    """The norm of a view's input, joint-major over joint and coordinate."""
    scale, shift = affine(norm)
    whole = torch.diag(scale)
    if view == "bone":
        whole = bones_of_joints(whole.device) @ whole
    return Entry(as_type(whole, dtype), as_type(shift, dtype))


def fold_entry(
    network: STGCN, spatial: GraphConv, norm: nn.BatchNorm2d, view: View, dtype: torch.dtype
) -> Entry:
    """Input norm (joint-major over joint and coordinate) and first graph convolution, for a view's input."""
    spread, mix, bias = fold_graph(spatial, norm, network.adjacency)
    whole = torch.einsum("pvw,pcd->vcwd", spread, mix).flatten(2).flatten(0, 1)
    scale, shift = affine(network.input_norm)
    bias = bias.flatten() + shift @ whole
    whole = scale[:, None] * whole
    if view == "bone":
        whole = bones_of_joints(whole.device) @ whole
    return Entry(as_type(whole, dtype), as_type(bias, dtype))


def bones_of_joints(device: torch.device) -> Tensor:
    """float64 (V * 3, V * 3): joints as a row times this are bones as a row (`skelrep.views.bone`)."""
    own = torch.eye(NUM_JOINTS, dtype=torch.float64, device=device)
    return torch.kron(own - own[:, list(PARENT)], torch.eye(3, dtype=torch.float64, device=device))


def fold_graph(
    spatial: GraphConv, norm: nn.BatchNorm2d, adjacency_PVW: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Weighted adjacency (P, V, W), channel mixing (P, C, D) and bias (W, D) with the norm folded in."""
    spread = adjacency_PVW.double() * spatial.edge_importance.double()
    scale, shift = affine(norm)
    mix = spatial.weight.double().view(len(spread), len(scale), -1).transpose(1, 2) * scale
    bias_PD = spatial.bias.double().view(len(spread), -1)  # type: ignore[union-attr]
    return spread, mix, spread.sum(dim=1).T @ bias_PD * scale + shift


def fold_temporal(block: Block, dtype: torch.dtype) -> Temporal:
    """The temporal convolution with its norm, and with the bias of the residual's convolution."""
    weight, bias = fold_convolution(block.temporal, block.temporal_norm)
    if isinstance(block.residual, nn.Sequential):
        bias = bias + fold_convolution(*block.residual)[1]
    return Temporal(as_type(weight, dtype), as_type(bias, dtype), block.temporal.stride[0])


def fold_convolution(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """float64 weight and bias of a convolution and the norm after it."""
    scale, shift = affine(norm)
    bias: Tensor = convolution.bias  # type: ignore[assignment]
    return convolution.weight.double() * scale.view(-1, 1, 1, 1), bias.double() * scale + shift


def affine(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """A norm in eval mode as float64 scale and shift of each channel."""
    mean: Tensor = norm.running_mean  # type: ignore[assignment]
    variance: Tensor = norm.running_var  # type: ignore[assignment]
    scale = norm.weight.double() / torch.sqrt(variance.double() + norm.eps)
    return scale, norm.bias.double() - mean.double() * scale


def as_type(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """A contiguous copy that shares nothing with the model."""
    return tensor.detach().to(dtype, copy=True).contiguous()
