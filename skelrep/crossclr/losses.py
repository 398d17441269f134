"""The contrastive losses: InfoNCE within a view, and cross-view consistent knowledge mining between views.

Axes: N queries, D features, K queue entries. Pure functions; gradients flow to the queries only through q.
`contrast` computes the same for training, without keeping the queue for the backward pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import TypeVar

import torch
from torch import Tensor

from ..errors import ConfigError, ShapeError

V = TypeVar("V", bound=str)  # a view's name


@dataclass(frozen=True)
class Similarities:
    """Dot products of queries with their own keys, `positive` (N, 1), and the queue, `negative` (N, K)."""

    positive: Tensor
    negative: Tensor


def similarities(q: Tensor, k: Tensor, queue: Tensor) -> Similarities:
    """Dot products before temperature; see `info_nce` for the arguments."""
    if q.dim() != 2 or q.shape != k.shape or queue.dim() != 2 or queue.shape[1] != q.shape[1]:
        raise ShapeError(
            f"q, k, queue have shapes {tuple(q.shape)}, {tuple(k.shape)}, {tuple(queue.shape)}; "
            "expected (N, D), (N, D), (K, D), rows of unit length."
        )
    return Similarities((q * k).sum(dim=1, keepdim=True), q @ queue.T)


def info_nce(q: Tensor, k: Tensor, queue: Tensor, temperature: float = 0.07) -> Tensor:
    """InfoNCE: each query against its own key and a queue of negatives.

    Args:
        q, k: float (N, D), unit rows; row n of both comes from clip n.
        queue: float (K, D), unit rows.
        temperature: divides the similarities.

    Returns:
        Scalar: the mean of -log softmax at the own key.

    Raises:
        ShapeError: shapes that do not fit.

    Source:
        Li et al., CVPR 2021, equation 1.

    Example:
        >>> unit = torch.eye(4)
        >>> info_nce(unit, unit, unit, temperature=1.0).item() > 0
        True
    """
    return info_nce_of(similarities(q, k, queue), temperature)


def info_nce_of(similar: Similarities, temperature: float) -> Tensor:
    """`info_nce` from similarities that are there already."""
    scaled = logits(similar) / temperature
    return (torch.logsumexp(scaled, dim=1) - scaled[:, 0]).mean()


def logits(similar: Similarities) -> Tensor:
    """The own key first, then the queue: (N, 1 + K), before temperature."""
    return torch.cat((similar.positive, similar.negative), dim=1)


def cross_view_losses(
    queries: Mapping[str, Tensor],
    keys: Mapping[str, Tensor],
    queues: Mapping[str, Tensor],
    *,
    temperature: float = 0.07,
    top_k: int = 1,
    context: bool = True,
) -> dict[str, Tensor]:
    """Cross-view consistent knowledge mining: what one view finds similar is positive for the others.

    Args:
        queries, keys: a view's float (N, D), unit rows; the same views in all three mappings, at least two.
        queues: a view's float (K, D), unit rows; row i of every view comes from the same clip.
        temperature: divides the logits.
        top_k: how many of the queue's nearest entries, as the other view sees them, are positive.
        context: add the products of both views' similarities as logits, with the same entries positive.

    Returns:
        view -> scalar: the mean over the other views and over the batch. The training loss is their sum.

    Raises:
        ConfigError: fewer than two views, different views, or an impossible top_k.
        ShapeError: shapes that do not fit.

    Source:
        Li et al., CVPR 2021, section 3.3, equations 5-9.

    Example:
        >>> q = {v: torch.nn.functional.normalize(torch.randn(2, 8), dim=1) for v in ("joint", "bone")}
        >>> sorted(cross_view_losses(q, q, {v: torch.eye(8) for v in q}))
        ['bone', 'joint']
    """
    if len(queries) < 2 or not set(queries) == set(keys) == set(queues):
        raise ConfigError(
            f"queries, keys, queues hold the views {sorted(queries)}, {sorted(keys)}, {sorted(queues)}; "
            "expected the same two or more in each."
        )
    similar = {view: similarities(queries[view], keys[view], queues[view]) for view in queries}
    return cross_view_losses_of(similar, temperature=temperature, top_k=top_k, context=context)


def cross_view_losses_of(
    similar: Mapping[V, Similarities], *, temperature: float, top_k: int, context: bool
) -> dict[V, Tensor]:
    """`cross_view_losses` from similarities that are there already."""
    directions = direction_losses(similar, temperature=temperature, top_k=top_k, context=context)
    return {
        view: torch.stack([loss.mean() for (u, _), loss in directions.items() if u == view]).mean()
        for view in similar
    }


def direction_losses(
    similar: Mapping[V, Similarities], *, temperature: float, top_k: int, context: bool
) -> dict[tuple[V, V], Tensor]:
    """The loss of every ordered pair (u, v), u learning from v: float (N,) a pair.

    -(log_softmax * mask).sum / mask.sum is logsumexp minus the mean of the positive logits, so the mask is
    never built: positives are gathered, and the logsumexp over a view's own logits serves all its directions.
    """
    check_top_k(top_k, next(iter(similar.values())).negative.shape[1])
    mined = {view: s.negative.topk(top_k, dim=1).indices for view, s in similar.items()}
    own = {view: torch.logsumexp(logits(s) / temperature, dim=1) for view, s in similar.items()}
    losses = {}
    for u, v in permutations(similar, 2):
        positives = [similar[u].positive, similar[u].negative.gather(1, mined[v])]
        total = own[u]
        if context:
            products = similar[u].negative * similar[v].negative
            positives.append(products.gather(1, mined[v]))
            total = torch.logaddexp(total, torch.logsumexp(products / temperature, dim=1))
        losses[u, v] = total - torch.cat(positives, dim=1).mean(dim=1) / temperature
    return losses


def check_top_k(top_k: int, entries: int) -> None:
    """Raise `ConfigError` where more is to be mined than there is."""
    if not 1 <= top_k <= entries:
        raise ConfigError(f"top_k is {top_k}; expected 1 to {entries}, the number of queue entries.")
