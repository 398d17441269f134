"""The published contrastive training step in plain eager PyTorch; see `plain.py`.

Masks of ones and zeros for mined positives, a copy of each queue a step, the momentum update one parameter at
a time, a logit matrix for each ordered pair of views.
"""

from __future__ import annotations

from itertools import combinations, permutations

import torch
from plain import PlainSTGCN, plain_view
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import SGD

from skelrep.config import PretrainConfig, View
from skelrep.crossclr import CrosSCLR


class PlainCrosSCLR(nn.Module):
    """Query and key encoders, heads and queues (D, K) of all views, moved by `step`."""

    def __init__(self, config: PretrainConfig, queue_size: int) -> None:
        super().__init__()
        self.config, self.views = config, config.encoder.views
        self.query_encoders, self.query_heads = encoders(config), heads(config)
        self.key_encoders, self.key_heads = encoders(config), heads(config)
        for parameter in (*self.key_encoders.parameters(), *self.key_heads.parameters()):
            parameter.requires_grad = False
        columns = torch.randn(config.projection_dim, queue_size)
        self.queues = {view: functional.normalize(columns, dim=0) for view in self.views}
        self.position = 0
        self.optimizer = SGD(
            self.parameters(), lr=config.learning_rate, momentum=0.9, weight_decay=config.weight_decay
        )

    def step(self, x_query: Tensor, x_key: Tensor, stage: int) -> dict[View, float]:
        """One training step on two crops (N, 3, T, V, 2); the loss of each view."""
        losses = self.losses(x_query, x_key, stage)
        numbers = {view: loss.item() for view, loss in losses.items()}
        self.optimizer.zero_grad()
        sum(losses.values()).backward()
        self.optimizer.step()
        return numbers

    def losses(self, x_query: Tensor, x_key: Tensor, stage: int) -> dict[View, Tensor]:
        queries = project(self.query_encoders, self.query_heads, x_query)
        with torch.no_grad():
            for view in self.views if stage == 1 else ("motion",):
                self.move_key(view)
            keys = project(self.key_encoders, self.key_heads, x_key)
        positive = {v: torch.einsum("nc,nc->n", queries[v], keys[v]).unsqueeze(-1) for v in self.views}
        negative = {
            v: torch.einsum("nc,ck->nk", queries[v], self.queues[v].clone().detach()) for v in self.views
        }
        self.enqueue(keys)
        return self.infonce(positive, negative) if stage == 1 else self.mining(positive, negative)

    def infonce(self, positive: dict[View, Tensor], negative: dict[View, Tensor]) -> dict[View, Tensor]:
        losses = {}
        for view in self.views:
            logits = torch.cat((positive[view], negative[view]), dim=1)
            logits /= self.config.temperature
            losses[view] = functional.cross_entropy(
                logits, torch.zeros(len(logits), dtype=torch.long, device=logits.device)
            )
        return losses

    def mining(self, positive: dict[View, Tensor], negative: dict[View, Tensor]) -> dict[View, Tensor]:
        context = {
            frozenset(pair): torch.einsum("nk,nk->nk", negative[pair[0]], negative[pair[1]])
            for pair in combinations(self.views, 2)
        }
        nearest = {v: torch.topk(negative[v], self.config.top_k, dim=1).indices for v in self.views}
        losses: dict[View, list[Tensor]] = {view: [] for view in self.views}
        for u, v in permutations(self.views, 2):
            logits = torch.cat((positive[u], negative[u], context[frozenset((u, v))]), dim=1)
            logits /= self.config.temperature
            one_hot = torch.zeros_like(negative[u]).scatter_(1, nearest[v], 1)
            mask = torch.cat((torch.ones_like(positive[u]), one_hot, one_hot), dim=1)
            losses[u].append(-(functional.log_softmax(logits, dim=1) * mask).sum(1) / mask.sum(1))
        return {view: (sum(each) / len(each)).mean() for view, each in losses.items()}

    def move_key(self, view: View) -> None:
        momentum = self.config.momentum
        for keys, queries in (
            (self.key_encoders, self.query_encoders),
            (self.key_heads, self.query_heads),
        ):
            for key, query in zip(keys[view].parameters(), queries[view].parameters(), strict=True):
                key.data = key.data * momentum + query.data * (1.0 - momentum)

    def enqueue(self, keys: dict[View, Tensor]) -> None:
        """Overwrite the oldest columns; as published, a batch divides the queue."""
        count = len(next(iter(keys.values())))
        for view, key in keys.items():
            self.queues[view][:, self.position : self.position + count] = key.T
        self.position = (self.position + count) % next(iter(self.queues.values())).shape[1]


def encoders(config: PretrainConfig) -> nn.ModuleDict:
    return nn.ModuleDict({view: PlainSTGCN(config.encoder) for view in config.encoder.views})


def heads(config: PretrainConfig) -> nn.ModuleDict:
    """A head a view; later views end in the first view's head, as published."""
    width, made = config.encoder.feature_channels, nn.ModuleDict()
    last: nn.Module = nn.Linear(width, config.projection_dim)
    for view in config.encoder.views:
        made[view] = nn.Sequential(nn.Linear(width, width), nn.ReLU(), last)
        last = made[config.encoder.views[0]]
    return made


def project(encoders: nn.ModuleDict, heads: nn.ModuleDict, x: Tensor) -> dict[View, Tensor]:
    """Unit vectors of every view."""
    return {v: functional.normalize(heads[v](encoders[v](plain_view(x, v))), dim=1) for v in encoders}


def plain_crossclr(model: CrosSCLR) -> PlainCrosSCLR:
    """The baseline with a ``"faithful"`` model's weights, queues and precision, in training mode."""
    size = len(model.queue(model.views[0]).rows)
    plain = PlainCrosSCLR(model.config, size).to(next(model.parameters()).dtype)
    for part in ("query_encoders", "query_heads", "key_encoders", "key_heads"):
        getattr(plain, part).load_state_dict(getattr(model, part).state_dict())
    plain.queues = {view: model.queue(view).rows.T.contiguous() for view in model.views}
    plain.position = int(model.queue(model.views[0]).position)
    return plain.train()
