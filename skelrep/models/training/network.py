"""All blocks of an ST-GCN over one batch in training mode, as one node of the autograd graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ...config import EncoderConfig
from ...layout import NUM_JOINTS
from ..pooling import pool_input
from ..stgcn import STGCN, vector_sizes
from ..synchronised import SynchronisedNorm, WholeBatchDropout
from .block import BlockPass
from .dropout import SLICE
from .pooling import pool_slices, pooling_gradients
from .scratch import Scratch

KNOWN_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, SynchronisedNorm)
TRAINED_IN = (torch.float32, torch.float64)


def fits(stgcn: STGCN, x_BCTV: Tensor) -> bool:
    """Whether this pass computes what the layers would: batch statistics of plain layers, on the CPU."""
    norms = [m for m in stgcn.modules() if isinstance(m, nn.modules.batchnorm._NormBase)]
    plain = all(type(norm) in KNOWN_NORMS and norm.training for norm in norms)
    on_cpu = x_BCTV.device.type == "cpu" and not torch.is_autocast_enabled("cpu")
    return plain and on_cpu and x_BCTV.dtype in TRAINED_IN and has_rows(stgcn, x_BCTV)


def has_rows(stgcn: STGCN, x_BCTV: Tensor) -> bool:
    """Whether every process has rows, so that all take the same pass, and none shares a dropout mask."""
    norm = stgcn.input_norm
    if not isinstance(norm, SynchronisedNorm):
        return len(x_BCTV) > 0
    shared = any(isinstance(module, WholeBatchDropout) for module in stgcn.modules())
    return all(norm.rows.counts) and not shared


def encode_bodies(stgcn: STGCN, x_BVCT: Tensor) -> Tensor:
    """The vector that the network's config names.

    Args:
        stgcn: in training mode; its running statistics move.
        x_BVCT: float (B, V * 3, T), after the input's normalisation.

    Returns:
        float (B, D), differentiable in the input and in the parameters of the blocks that it needs.
    """
    wanted, parts = stgcn.config.feature_blocks, []
    if wanted[0] == 0:
        maps_BCTV = rearrange(x_BVCT, "b (v c) t -> b c t v", v=NUM_JOINTS)
        parts.append(pool_input(maps_BCTV))
    if wanted[-1] > 0:
        names, parameters = zip(*stgcn.blocks[: wanted[-1]].named_parameters(), strict=True)
        keep = torch.is_grad_enabled() and any(t.requires_grad for t in (x_BVCT, *parameters))
        parts.append(_Blocks.apply(stgcn, keep, names, x_BVCT, *parameters))  # type: ignore[no-untyped-call]
    return torch.cat(parts, dim=1)


class _Blocks(torch.autograd.Function):
    """The blocks up to the last one in `feature_blocks`; their part of the vector."""

    @staticmethod
    def forward(
        ctx: Any, stgcn: STGCN, keep: bool, names: tuple[str, ...], x_BVCT: Tensor, *parameters: Tensor
    ) -> Tensor:
        ctx.names, ctx.config = names, stgcn.config
        ctx.save_for_backward(
            *parameters
        )  # so that autograd notices weights changed before the backward pass
        scratch, ctx.passes = Scratch(x_BVCT), []
        slices, features = to_slices(x_BVCT, NUM_JOINTS), []
        wanted, pooling = stgcn.config.feature_blocks, stgcn.config.pooling
        for number, block in enumerate(stgcn.blocks[: wanted[-1]], start=1):
            current = BlockPass(block, stgcn.adjacency, len(slices[0]), scratch)  # type: ignore[arg-type]
            current.forward(slices)
            outputs = (current.output(n) for n in range(len(slices)))
            if number == wanted[-1]:  # its maps are needed one slice at a time
                features.append(torch.cat([pool_slices(maps, pooling) for maps in outputs], dim=1))
            else:
                slices = list(outputs)
                if number in wanted:
                    features.append(torch.cat([pool_slices(maps, pooling) for maps in slices], dim=1))
            if keep:
                ctx.passes.append(current)
                if stgcn.recompute:
                    current.forget()
        return torch.cat(features).T.contiguous()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_features_BD: Tensor) -> tuple[Tensor | None, ...]:
        _ = ctx.saved_tensors
        found: dict[str, Tensor] = {}
        gradients: list[Tensor] = []
        d_features = gradients_by_block(d_features_BD, ctx.config)
        outputs: list[Tensor] = []
        while ctx.passes:
            number = len(ctx.passes)
            current: BlockPass = ctx.passes.pop()
            current.remember()
            outputs = outputs or [current.output(n) for n in range(len(current.inputs))]
            if number in d_features:
                parts = torch.split(d_features[number], SLICE)
                pooled = pooling_gradients(parts, outputs, ctx.config.pooling)
                gradients = (
                    [d.add_(p) for d, p in zip(gradients, pooled, strict=True)] if gradients else list(pooled)
                )
            gradients = current.backward(outputs, gradients)
            found |= {f"{len(ctx.passes)}.{name}": d for name, d in current.gradients().items()}
            outputs = current.inputs
        return None, None, None, from_slices(gradients), *(found[name] for name in ctx.names)


def to_slices(x_BVCT: Tensor, joints: int) -> list[Tensor]:
    """(B, V * C, T), joint-major -> (T, C, V, b) of at most SLICE bodies each."""
    return [
        rearrange(part, "b (v c) t -> t c v b", v=joints).contiguous() for part in torch.split(x_BVCT, SLICE)
    ]


def from_slices(slices: Sequence[Tensor]) -> Tensor:
    """The inverse of `to_slices`."""
    return torch.cat([rearrange(part, "t c v b -> b (v c) t") for part in slices])


def gradients_by_block(d_features_BD: Tensor, config: EncoderConfig) -> dict[int, Tensor]:
    """The gradient at each block's part of the vector; that of the input, block 0, is not among them."""
    sizes = dict(zip(config.feature_blocks, vector_sizes(config), strict=True))
    sizes.pop(0, None)
    return dict(zip(sizes, torch.split(d_features_BD, list(sizes.values()), dim=1), strict=True))
