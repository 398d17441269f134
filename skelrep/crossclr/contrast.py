"""The losses of `losses`, with their gradients at the queries made in the same pass.

The gradient at a query is a mean of queue rows weighted by softmax. Made at once, it leaves nothing of the
queue to be kept: new keys may enter as soon as the loss is there, and the queue is never copied.

Axes: N queries, D features, K queue entries.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ..config import View
from .losses import Similarities, check_top_k, similarities

BLOCK = 2048  # queue entries at a time: some maps of N x BLOCK numbers stay in cache
Pair = tuple[View, View]


@dataclass(frozen=True)
class StepOutput:
    """Losses of one step.

    Attributes:
        loss: the training loss, the sum over views; the only one with a gradient.
        losses: of each view.
        accuracy: a view, the share of queries whose own key beats every negative.
    """

    loss: Tensor
    losses: dict[View, Tensor]
    accuracy: dict[View, Tensor]


def contrast(
    queries: Mapping[View, Tensor],
    keys: Mapping[View, Tensor],
    queues: Mapping[View, Tensor],
    *,
    temperature: float,
    mining: tuple[int, bool] | None,
) -> StepOutput:
    """`info_nce` of each view, or `cross_view_losses`, summed over views.

    Args:
        queries, keys: a view's float (N, D), unit rows; gradients reach the queries only.
        queues: a view's float (K, D), unit rows; may be overwritten afterwards.
        temperature: divides the logits.
        mining: None for stage 1, (top_k, context) for stage 2.

    Example:
        >>> q = {"joint": torch.eye(4)}
        >>> sorted(contrast(q, q, q, temperature=1.0, mining=None).losses)
        ['joint']
    """
    views = list(queries)
    with torch.no_grad():
        similar = {v: similarities(queries[v], keys[v], queues[v]) for v in views}
        accuracy = {
            v: (s.positive > s.negative.amax(1, keepdim=True)).float().mean() for v, s in similar.items()
        }
        if mining is None:
            losses, weights = info_nce_weights(similar, temperature)
        else:
            losses, weights = cross_view_weights(similar, temperature, *mining)
        total = torch.stack(list(losses.values())).sum()
    if not torch.is_grad_enabled():
        return StepOutput(total, losses, accuracy)
    with torch.no_grad():
        gradients = [weights[v].positive * keys[v] + weights[v].negative @ queues[v] for v in views]
    loss = _Known.apply(total, gradients, *queries.values())  # type: ignore[no-untyped-call]
    return StepOutput(loss, losses, accuracy)


def info_nce_weights(
    similar: Mapping[View, Similarities], temperature: float
) -> tuple[dict[View, Tensor], dict[View, Similarities]]:
    """Each view's loss, and the loss' derivatives by its similarities (which they overwrite)."""
    losses, weights = {}, {}
    for view, s in similar.items():
        positive, scaled = s.positive / temperature, s.negative.div_(temperature)
        own = torch.logaddexp(torch.logsumexp(scaled, dim=1, keepdim=True), positive)
        losses[view] = (own - positive).mean()
        scale = 1 / (temperature * len(own))
        by_positive = (torch.exp(positive - own) - 1) * scale
        weights[view] = Similarities(by_positive, scaled.sub_(own).exp_().mul_(scale))
    return losses, weights


def cross_view_weights(
    similar: Mapping[View, Similarities], temperature: float, top_k: int, context: bool
) -> tuple[dict[View, Tensor], dict[View, Similarities]]:
    """Each view's loss, and the derivatives of their sum by the similarities.

    With S the similarities of a view, its direction's loss is log(sum exp(S_u / t) + sum exp(S_u S_v / t))
    minus the mean of the positive logits. The sums over products serve both directions of a pair.
    """
    check_top_k(top_k, next(iter(similar.values())).negative.shape[1])
    views, directions = list(similar), list(permutations(similar, 2))
    mined = {v: similar[v].negative.topk(top_k, dim=1).indices for v in views}
    own, products = log_sums(similar, temperature, context)
    total = {
        (u, v): torch.logaddexp(own[u], products[frozenset((u, v))]) if context else own[u]
        for u, v in directions
    }
    share = 1 / (len(own[views[0]]) * (len(views) - 1))  # of a query in a direction, in the sum of means
    weights = spread_weights(similar, total, temperature, share, context)
    losses = dict.fromkeys(views, own[views[0]].new_zeros(()))
    for u, v in directions:
        logits = positive_logits(similar, u, v, mined[v], context)
        losses[u] = losses[u] + share * (total[u, v] - logits.mean(dim=1, keepdim=True) / temperature).sum()
        pull_positives(weights, similar, (u, v), mined[v], share / (temperature * logits.shape[1]), context)
    return losses, weights


def log_sums(
    similar: Mapping[View, Similarities], temperature: float, context: bool
) -> tuple[dict[View, Tensor], dict[frozenset[View], Tensor]]:
    """Logarithms (N, 1) of the sums over a view's own logits, and over the products of each pair of views."""
    views = list(similar)
    own = {v: s.positive / temperature for v, s in similar.items()}
    products = {
        frozenset(pair): torch.full_like(own[views[0]], -torch.inf) for pair in combinations(views, 2)
    }
    for blocks in in_blocks([similar[v].negative for v in views]):
        block = dict(zip(views, blocks, strict=True))
        for v in views:
            own[v] = torch.logaddexp(own[v], torch.logsumexp(block[v] / temperature, 1, keepdim=True))
        for u, v in combinations(views, 2) if context else ():
            found = torch.logsumexp(block[u] * block[v] / temperature, dim=1, keepdim=True)
            products[frozenset((u, v))] = torch.logaddexp(products[frozenset((u, v))], found)
    return own, products


def spread_weights(
    similar: Mapping[View, Similarities],
    total: Mapping[Pair, Tensor],
    temperature: float,
    share: float,
    context: bool,
) -> dict[View, Similarities]:
    """Derivatives of the log-sums of all directions by the similarities."""
    views = list(similar)
    # exp(S / t + level): a logit's softmax summed over the directions that hold it, times their share / t.
    start = math.log(share / temperature)
    of_own = {}
    for u in views:
        of_own[u] = start + torch.logsumexp(torch.stack([-total[u, v] for v in views if v != u]), dim=0)
    weights = {
        v: Similarities(torch.exp(s.positive / temperature + of_own[v]), torch.empty_like(s.negative))
        for v, s in similar.items()
    }
    logits = in_blocks([similar[v].negative for v in views])
    places = in_blocks([weights[v].negative for v in views])
    for inputs, outputs in zip(logits, places, strict=True):
        block, out = (dict(zip(views, part, strict=True)) for part in (inputs, outputs))
        for v in views:
            torch.div(block[v], temperature, out=out[v]).add_(of_own[v]).exp_()
        for u, v in combinations(views, 2) if context else ():
            level = start + torch.logaddexp(-total[u, v], -total[v, u])
            held = (block[u] * block[v]).div_(temperature).add_(level).exp_()
            out[u].addcmul_(held, block[v])
            out[v].addcmul_(held, block[u])
    return weights


def positive_logits(
    similar: Mapping[View, Similarities], u: View, v: View, mined: Tensor, context: bool
) -> Tensor:
    """A direction's positive logits before temperature: own key, mined entries, their products."""
    entries = similar[u].negative.gather(1, mined)
    logits = [similar[u].positive, entries]
    if context:
        logits.append(entries * similar[v].negative.gather(1, mined))
    return torch.cat(logits, dim=1)


def pull_positives(
    weights: Mapping[View, Similarities],
    similar: Mapping[View, Similarities],
    direction: Pair,
    mined: Tensor,
    pull: float,
    context: bool,
) -> None:
    """Take a direction's positive logits' derivatives off the weights."""
    u, v = direction
    mine, theirs = (similar[view].negative.gather(1, mined) for view in (u, v))
    weights[u].positive.sub_(pull)
    weights[u].negative.scatter_add_(1, mined, -pull * (1 + theirs if context else torch.ones_like(mine)))
    if context:
        weights[v].negative.scatter_add_(1, mined, -pull * mine)


def accuracy_of(similar: Similarities) -> Tensor:
    """Share of queries that are nearer to their own key than to any queue entry."""
    return (similar.positive > similar.negative.amax(dim=1, keepdim=True)).float().mean()


def in_blocks(matrices: Sequence[Tensor]) -> list[tuple[Tensor, ...]]:
    """Matrices of one shape, the same columns of each at a time."""
    return list(zip(*(torch.split(matrix, BLOCK, dim=1) for matrix in matrices), strict=True))


class _Known(torch.autograd.Function):
    """A scalar whose gradients are known already."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, gradients: Sequence[Tensor], *_: Tensor) -> Tensor:
        ctx.save_for_backward(*gradients)
        return value.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_value: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, *(d_value * gradient for gradient in ctx.saved_tensors)
