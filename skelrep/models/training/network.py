"""All blocks of an ST-GCN over one batch in training mode, as one node of the autograd graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ..stgcn import STGCN
from ..synchronised import SynchronisedNorm, WholeBatchDropout
from .block import BlockPass
from .dropout import SLICE
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
    """Mean over time and joints of the last block.

    Args:
        stgcn: in training mode; its running statistics move.
        x_BVCT: float (B, V * 3, T), after the input's normalisation.

    Returns:
        float (B, feature_channels), differentiable in the input and in the blocks' parameters.
    """
    names, parameters = zip(*stgcn.blocks.named_parameters(), strict=True)
    keep = torch.is_grad_enabled() and any(t.requires_grad for t in (x_BVCT, *parameters))
    return _Blocks.apply(stgcn, keep, names, x_BVCT, *parameters)  # type: ignore[no-untyped-call]


class _Blocks(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, stgcn: STGCN, keep: bool, names: tuple[str, ...], x_BVCT: Tensor, *parameters: Tensor
    ) -> Tensor:
        ctx.names, ctx.joints = names, stgcn.adjacency.shape[1]
        ctx.save_for_backward(
            *parameters
        )  # so that autograd notices weights changed before the backward pass
        scratch, ctx.passes = Scratch(x_BVCT), []
        slices = to_slices(x_BVCT, ctx.joints)
        for block in stgcn.blocks:
            current = BlockPass(block, stgcn.adjacency, len(slices[0]), scratch)  # type: ignore[arg-type]
            current.forward(slices)
            last = block is stgcn.blocks[-1]
            if last:
                features = [current.output(n).mean(dim=(0, 2)) for n in range(len(slices))]
            else:
                slices = [current.output(n) for n in range(len(slices))]
            if keep:
                ctx.passes.append(current)
                if stgcn.recompute:
                    current.forget()
        return torch.cat(features, dim=1).T.contiguous()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_features_BC: Tensor) -> tuple[Tensor | None, ...]:
        _ = ctx.saved_tensors
        found: dict[str, Tensor] = {}
        gradients: list[Tensor] = []
        outputs: list[Tensor] = []
        while ctx.passes:
            current: BlockPass = ctx.passes.pop()
            current.remember()
            if not gradients:
                outputs = [current.output(n) for n in range(len(current.inputs))]
                gradients = spread_mean(d_features_BC, outputs)
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


def spread_mean(d_features_BC: Tensor, outputs: Sequence[Tensor]) -> list[Tensor]:
    """Gradient of the mean over time and joints, at every slice."""
    frames, _, joints, _ = outputs[0].shape
    parts = torch.split(d_features_BC / (frames * joints), SLICE)
    return [
        part.T[None, :, None, :].expand_as(out).contiguous() for part, out in zip(parts, outputs, strict=True)
    ]
