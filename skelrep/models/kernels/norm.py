"""Batch normalisation, dropout, residual and ReLU in one pass each way, as Triton kernels.

The layers read and write the maps once each; here the forward pass reads them once for the statistics and
once to apply everything, and the backward pass once for the sums and once for the gradients. Dropout draws
its mask from (seed, position), so that the backward pass draws the same one again instead of keeping it.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import once_differentiable

from .norm_programs import apply, gradient_sums, gradients, moments

ELEMENTS = 1024  # of a program that maps
PROGRAMS = 2048  # that share a sum over all channels; several for each of a large GPU's cores
COMPUTE = {torch.float64: tl.float64}  # all else is computed in float32


def apply_norm(
    x_BCTV: Tensor, scale_C: Tensor, shift_C: Tensor, residual_BCTV: Tensor | None = None
) -> Tensor:
    """relu(x * scale + shift + residual): a normalisation whose statistics are known, in evaluation.

    Args:
        x_BCTV, residual_BCTV: contiguous, of one type.
        scale_C, shift_C: float32 (float64 for float64 maps).
    """
    return _run_apply(x_BCTV, scale_C, shift_C, residual_BCTV, seed=None, rate=0.0)


def norm_dropout_relu(
    x_BCTV: Tensor, norm: torch.nn.BatchNorm2d, rate: float = 0.0, residual_BCTV: Tensor | None = None
) -> Tensor:
    """relu(dropout(norm(x)) + residual) with batch statistics, which also move the running ones; in training.

    Args:
        x_BCTV, residual_BCTV: contiguous, of one type.
        norm: in training mode, with weight, bias and running statistics.
        rate: share that dropout takes; its mask follows the device's default generator.
    """
    mean, variance = batch_moments(x_BCTV)
    _move_running(norm, mean, variance, x_BCTV.numel() // len(mean))
    deviation = torch.sqrt(variance + norm.eps)
    seed = None
    if rate:
        seed = torch.randint(2**31 - 1, (1,), dtype=torch.int32, device=x_BCTV.device)
    return _NormDropoutRelu.apply(x_BCTV, norm.weight, norm.bias, residual_BCTV, mean, deviation, seed, rate)


def batch_moments(x_BCTV: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance of each channel: float32 (C,), or float64."""
    pivot = x_BCTV.detach()[0, :, 0, 0].double()
    first, second = _sums(moments, (x_BCTV,), x_BCTV, ())
    count = x_BCTV.numel() // len(pivot)
    offset = first / count
    variance = (second / count - offset.square()).clamp_(min=0)
    dtype = torch.float64 if x_BCTV.dtype == torch.float64 else torch.float32
    return (pivot + offset).to(dtype), variance.to(dtype)


class _NormDropoutRelu(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, residual: Tensor | None, mean: Tensor,
        deviation: Tensor, seed: Tensor | None, rate: float,
    ) -> Tensor:  # fmt: skip
        scale = weight.to(mean.dtype) / deviation
        out = _run_apply(x, scale, bias.to(mean.dtype) - mean * scale, residual, seed, rate)
        ctx.save_for_backward(x, weight, mean, deviation, seed, out)
        ctx.rate, ctx.has_residual = rate, residual is not None
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, deviation, seed, out = ctx.saved_tensors
        d_out = d_out.contiguous()
        drop = {"DROPOUT": seed is not None}
        some_seed = out if seed is None else seed  # not read without dropout
        maps = (d_out, out, x, mean, deviation, some_seed)
        d_bias, d_weight = (s.to(mean.dtype) for s in _sums(gradient_sums, maps, x, (ctx.rate,), **drop))
        d_x, d_residual = torch.empty_like(x), torch.empty_like(x) if ctx.has_residual else None
        count, (_, channels, frames, joints) = x.numel() // len(weight), x.shape
        gradients[_grid(x)](
            *maps[:5], weight.to(mean.dtype), d_bias / count, d_weight / count, some_seed, d_x,
            d_x if d_residual is None else d_residual, x.numel(), channels, frames * joints, ctx.rate,
            RESIDUAL=ctx.has_residual, **drop, COMPUTED=_computed(x), SIZE=ELEMENTS,
        )  # fmt: skip
        return d_x, d_weight.to(weight.dtype), d_bias.to(weight.dtype), d_residual, None, None, None, None


def _run_apply(
    x: Tensor, scale: Tensor, shift: Tensor, residual: Tensor | None, seed: Tensor | None, rate: float
) -> Tensor:
    out, (_, channels, frames, joints) = torch.empty_like(x), x.shape
    apply[_grid(x)](
        x, scale, shift, x if residual is None else residual, x if seed is None else seed, out,
        x.numel(), channels, frames * joints, rate,
        RESIDUAL=residual is not None, DROPOUT=seed is not None, COMPUTED=_computed(x), SIZE=ELEMENTS,
    )  # fmt: skip
    return out


def _sums(
    kernel: Any, maps: tuple[Tensor, ...], x: Tensor, last: tuple[float, ...], **flags: bool
) -> tuple[Tensor, Tensor]:
    """Two float64 sums (C,) of a kernel whose programs each sum a part of a channel."""
    bodies, channels, frames, joints = x.shape
    blocks = -(-bodies * frames * joints // ELEMENTS)
    parts = max(1, min(PROGRAMS // channels, blocks))
    partial = x.new_empty(
        (2, parts, channels), dtype=torch.float64 if x.dtype == torch.float64 else torch.float32
    )
    kernel[(channels, parts)](
        *maps, partial[0], partial[1], bodies, channels, frames * joints, *last, -(-blocks // parts),
        **flags, COMPUTED=_computed(x), SIZE=ELEMENTS,
    )  # fmt: skip
    first, second = partial.double().sum(dim=1)
    return first, second


def _move_running(norm: torch.nn.BatchNorm2d, mean: Tensor, variance: Tensor, count: int) -> None:
    """What the layer does with its running statistics."""
    running_mean: Tensor = norm.running_mean  # type: ignore[assignment]  # kernels.block.fits has looked
    running_var: Tensor = norm.running_var  # type: ignore[assignment]
    batches: Tensor = norm.num_batches_tracked  # type: ignore[assignment]
    momentum: float = norm.momentum  # type: ignore[assignment]
    unbiased = variance * (count / max(count - 1, 1))
    with torch.no_grad():
        batches.add_(1)
        running_mean.lerp_(mean.to(running_mean.dtype), momentum)
        running_var.lerp_(unbiased.to(running_var.dtype), momentum)


def _grid(x: Tensor) -> tuple[int]:
    return (triton.cdiv(x.numel(), ELEMENTS),)


def _computed(x: Tensor) -> Any:
    return COMPUTE.get(x.dtype, tl.float32)
