"""Several bodies a clip: take the present ones apart before the encoder, average them after it."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor
from torch.compiler import is_exporting

from ..config import Recipe


def present_bodies(x_NCTVM: Tensor, recipe: Recipe) -> Tensor:
    """Which body slots enter the encoder.

    Args:
        x_NCTVM: float (N, 3, T, V, M), preprocessed joints.
        recipe: ``"fixed"`` takes bodies with any non-zero coordinate; ``"faithful"`` takes every slot, since
            the published code passes absent bodies through the network and averages them in.

    Returns:
        bool (N, M).
    """
    if recipe == "faithful":
        return torch.ones(x_NCTVM.shape[0], x_NCTVM.shape[4], dtype=torch.bool, device=x_NCTVM.device)
    return (x_NCTVM != 0).flatten(1, 3).any(dim=1)


def split_bodies(x_NCTVM: Tensor, present_NM: Tensor) -> Tensor:
    """Present bodies as rows, clip by clip: float (B, C, T, V).

    In an exported graph, whose sizes must not depend on numbers, absent bodies are rows too.
    """
    rows = rearrange(x_NCTVM, "n c t v m -> (n m) c t v")
    return rows if is_exporting() else rows[present_NM.flatten()]


def place_bodies(rows: Tensor, present_NM: Tensor, bodies: int) -> Tensor:
    """The present bodies' rows (B, D) in their slots -> (N, bodies, D); zero where no body is."""
    placed = rows.new_zeros(*present_NM.shape, rows.shape[1])
    placed[present_NM] = rows
    return torch.nn.functional.pad(placed, (0, 0, 0, bodies - present_NM.shape[1]))


def mean_over_bodies(rows: Tensor, present_NM: Tensor) -> Tensor:
    """Average the present bodies' rows (B, ...) of each clip -> (N, ...); zero for a clip without a body."""
    axes = [1] * (rows.dim() - 1)
    if is_exporting():  # `split_bodies` left no row out
        slots = rows.view(*present_NM.shape, *rows.shape[1:])
        total = (slots * present_NM.to(rows.dtype).view(*present_NM.shape, *axes)).sum(dim=1)
    else:
        owner = present_NM.nonzero()[:, 0]
        total = rows.new_zeros(len(present_NM), *rows.shape[1:]).index_add(0, owner, rows)
    count = present_NM.sum(dim=1).clamp(min=1).to(rows.dtype)
    return total / count.view(-1, *axes)
