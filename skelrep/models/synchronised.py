"""Batch statistics and dropout of a batch that is spread over processes, as one process would compute them.

Rows here are bodies: how many a process holds differs, since clips have one body or two.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class Processes(Protocol):
    """The processes that hold a batch together; `skelrep.train.distributed.Group` is one."""

    @property
    def rank(self) -> int:
        """This process's number."""

    @property
    def size(self) -> int:
        """How many there are."""

    def collect(self, values: Tensor) -> Tensor:
        """Every process's values: (size, ...)."""

    def sum(self, values: Tensor) -> Tensor:
        """The sum of every process's values."""


def synchronise(model: nn.Module, group: Processes) -> None:
    """Replace every BatchNorm and Dropout by one that sees the whole batch; names of weights stay.

    Args:
        model: its encoders (modules with an `input_norm`) take rows of bodies.
        group: nothing is replaced where it is a single process.
    """
    if group.size == 1:
        return
    for encoder in [module for module in model.modules() if hasattr(module, "input_norm")]:
        rows = Rows(group)
        encoder.register_forward_pre_hook(rows.count)
        replace(encoder, rows)


def replace(module: nn.Module, rows: Rows) -> None:
    """`synchronise` for the children of one module."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
            setattr(module, name, SynchronisedNorm(child, rows))
        elif isinstance(child, nn.Dropout) and child.p:
            setattr(module, name, WholeBatchDropout(child.p, rows))
        else:
            replace(child, rows)


class Rows:
    """How many rows of the current batch each process holds.

    Attributes:
        counts: rows of each process, in order.
    """

    def __init__(self, group: Processes) -> None:
        self.group, self.counts = group, [0] * group.size

    def count(self, _module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        """Before an encoder runs: tell the others how many rows come."""
        here = torch.tensor([len(inputs[0])], device=inputs[0].device)
        self.counts = self.group.collect(here).flatten().tolist()

    @property
    def total(self) -> int:
        """Rows of the whole batch."""
        return sum(self.counts)

    @property
    def here(self) -> int:
        """Rows of this process."""
        return self.counts[self.group.rank]

    @property
    def start(self) -> int:
        """The place of this process's first row in the whole batch."""
        return sum(self.counts[: self.group.rank])

    def join(self, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and (biased) variance of each channel over the whole batch, from those over the rows here.

        Joined by the law of total variance, which loses no digits where the mean is large.

        Args:
            mean, variance: float64 (C,); anything finite where no rows are here.
        """
        means, variances = self.group.collect(torch.stack((mean, variance))).unbind(1)
        share = torch.tensor(self.counts, dtype=mean.dtype, device=mean.device)[:, None] / self.total
        whole = (share * means).sum(0)
        return whole, (share * (variances + (means - whole) ** 2)).sum(0)


class SynchronisedNorm(nn.modules.batchnorm._BatchNorm):
    """BatchNorm over the rows of all processes.

    Args:
        norm: whose parameters and buffers are taken over, not copied.
        rows: of the batch, told before.
    """

    weight: nn.Parameter
    bias: nn.Parameter
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, norm: nn.BatchNorm1d | nn.BatchNorm2d, rows: Rows) -> None:
        super().__init__(norm.num_features, norm.eps, 0.1 if norm.momentum is None else norm.momentum)
        self.rows = rows
        self._parameters.update(norm.named_parameters())
        self._buffers.update(norm.named_buffers())

    def forward(self, x: Tensor) -> Tensor:
        """Normalise float (B, C, ...) by the batch in training, by the running statistics otherwise."""
        if not self.training:
            stored = self.running_mean, self.running_var
            return nn.functional.batch_norm(x, *stored, self.weight, self.bias, eps=self.eps)
        mean, variance = self.rows.join(*own_statistics(x))
        count = self.rows.total * math.prod(x.shape[2:])
        self._remember(mean, variance, count)
        dtype = torch.promote_types(x.dtype, torch.float32)
        found = mean.to(dtype), variance.to(dtype), count
        arguments = x, self.weight, self.bias, *found, self.eps, self.rows.group
        return Normalise.apply(*arguments)  # type: ignore[no-untyped-call]

    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        unbiased, momentum = variance * (count / (count - 1)), float(self.momentum or 0)
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), momentum)
        self.running_var.lerp_(unbiased.to(self.running_var.dtype), momentum)
        self.num_batches_tracked += 1


@torch.no_grad()
def own_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance, float64 (C,), of float (B, C, ...); zeros where B is 0."""
    if not len(x):
        return x.new_zeros(x.shape[1], dtype=torch.float64), x.new_zeros(x.shape[1], dtype=torch.float64)
    wide = x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
    mean, variance = torch.batch_norm_update_stats(wide, None, None, 0.0)
    return mean.double(), variance.double()


class Normalise(torch.autograd.Function):
    """(x - mean) / sqrt(variance + eps) * weight + bias, where mean and variance depend on all processes' x.

    The gradient of the weight and bias is this process's part; that of x is whole.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        variance: Tensor,
        count: int,
        eps: float,
        group: Processes,
    ) -> Tensor:
        ctx.save_for_backward(x, weight, mean, variance)
        ctx.count, ctx.eps, ctx.group = count, eps, group
        if not len(x):
            return x.clone()
        return nn.functional.batch_norm(x, mean, variance, weight, bias, eps=eps)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, variance = ctx.saved_tensors
        as_constants = gradient, torch.zeros_like(weight), torch.zeros_like(weight)
        if len(x):
            as_constants = torch.ops.aten.native_batch_norm_backward(
                gradient, x, weight, mean, variance, None, None, False, ctx.eps, [True, True, True]
            )
        of_x, of_weight, of_bias = as_constants
        if not ctx.needs_input_grad[0]:
            return None, of_weight, of_bias, *[None] * 5
        whole_weight, whole_bias = ctx.group.sum(torch.stack((of_weight, of_bias))).unbind(0)
        # Ioffe & Szegedy 2015, section 3: what the statistics themselves pass on to x.
        per_std = torch.rsqrt(variance + ctx.eps)
        scale = -weight * per_std / ctx.count
        shape = (1, -1, *[1] * (x.dim() - 2))
        slope, offset = (scale * per_std * whole_weight).view(shape), (scale * whole_bias).view(shape)
        of_x = of_x + torch.addcmul(offset, slope, x - mean.view(shape)).to(of_x.dtype)
        return of_x, of_weight, of_bias, *[None] * 5


class WholeBatchDropout(nn.Dropout):
    """Dropout whose mask is drawn for the rows of all processes: their number does not change it."""

    def __init__(self, p: float, rows: Rows) -> None:
        super().__init__(p)
        self.rows = rows

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  the name it has in torch
        """Zero a share p of float (B, ...) in training, and scale up the rest."""
        if not self.training:
            return input
        here = slice(self.rows.start, self.rows.start + len(input))
        if input.device.type == "cpu":
            from .training.dropout import whole_mask  # that room builds on this module

            keep = whole_mask(self.rows.total, here, input.shape[1:], self.p).to(input.dtype)
        else:
            keep = input.new_empty(self.rows.total, *input.shape[1:]).bernoulli_(1 - self.p)[here]
        return input * keep / (1 - self.p)
