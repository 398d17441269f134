"""`CrosSCLR`: query and key encoders, heads and queues of one to three views; with one, it is SkeletonCLR."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import Parameter

from ..config import ModelConfig, PretrainConfig, View
from ..models import STGCN, SkeletonEncoder
from ..models.bodies import mean_over_bodies, present_bodies, split_bodies
from ..models.reuse import check_fits
from ..models.stgcn import vector_sizes
from ..views import make_view
from .contrast import StepOutput as StepOutput
from .contrast import contrast
from .momentum import copy_and_freeze, momentum_update
from .queue import KeyQueue

Gather = Callable[[Tensor], Tensor]


def keep(rows: Tensor) -> Tensor:
    """The rows as they are: a process on its own holds the whole batch."""
    return rows


class CrosSCLR(nn.Module):
    """Contrastive learning of one to three views with momentum keys and queues.

    Args:
        config: recipe, encoder, momentum, temperature, mining. The heads take what the encoder's config says
            a view's vector is made of; a whitening of it is fitted after training, and has no part here.
        queue_size: entries a view (the trainer may use fewer than `config.queue_size`).

    Source:
        Li et al., CVPR 2021, sections 3.1-3.3. Under ``"faithful"`` the published code's departures are
        repeated: heads that end in the first view's own parameters, keys that start apart from their
        queries, and keys that freeze in stage 2 except motion's.

    Example:
        >>> model = CrosSCLR(PretrainConfig(), queue_size=16)
        >>> x = torch.randn(2, 3, 50, 25, 1)
        >>> sorted(model(x, x, stage=1).losses)
        ['bone', 'joint', 'motion']
    """

    def __init__(self, config: PretrainConfig, *, queue_size: int) -> None:
        super().__init__()
        self.config = config
        self.views = config.encoder.views
        self.query_encoders, self.query_heads = make_encoders(config), make_heads(config)
        for encoder in self.query_encoders.values():
            encoder.recompute = config.recompute  # type: ignore[assignment]
        self.key_encoders, self.key_heads = make_encoders(config), make_heads(config)
        if config.recipe_name == "faithful":
            self.apply(published_initialisation)
        copy_and_freeze(self.key_encoders, self.query_encoders)
        copy_and_freeze(self.key_heads, self.query_heads)
        if config.recipe_name == "faithful":
            self.key_encoders.apply(published_initialisation)
            self.key_heads.apply(published_initialisation)
        self.queues = nn.ModuleDict()
        for view in self.views:
            self.queues[view] = KeyQueue(queue_size, config.projection_dim)

    def forward(self, x_query: Tensor, x_key: Tensor, *, stage: int, gather: Gather = keep) -> StepOutput:
        """One step's losses; moves the key encoders first and enqueues the keys last.

        Args:
            x_query, x_key: float (N, 3, T, V, M), two random crops of the same clips (joints; views are taken
                here, after augmentation).
            stage: 1 trains every view alone, 2 mines positives across views.
            gather: rows of these clips -> rows of the whole batch, where other processes hold parts of it.
        """
        queries = self._project(self.query_encoders, self.query_heads, x_query)
        with torch.no_grad():
            self.move_keys(stage)
            keys = self._project(self.key_encoders, self.key_heads, x_key)
        queries, keys = ({v: gather(rows) for v, rows in part.items()} for part in (queries, keys))
        # Logits at temperature 0.07 need float32: bfloat16 would round the losses to a few digits.
        with torch.autocast(x_query.device.type, enabled=False):
            queues = {view: self.queue(view).rows for view in self.views}
            mining = None if stage == 1 else (self.config.top_k, self.config.context)
            temperature = self.config.temperature
            output = contrast(queries, keys, queues, temperature=temperature, mining=mining)
        for view, key in keys.items():
            self.queue(view).enqueue(key)
        return output

    def _project(self, encoders: nn.ModuleDict, heads: nn.ModuleDict, x_NCTVM: Tensor) -> dict[View, Tensor]:
        """Unit vectors (N, projection_dim) a view."""
        present = present_bodies(x_NCTVM, self.config.recipe_name)
        projected = {}
        for view in self.views:
            rows = encoders[view](split_bodies(make_view(x_NCTVM, view), present))
            features = heads[view](mean_over_bodies(rows, present))
            projected[view] = nn.functional.normalize(in_float32(features), dim=1)
        return projected

    def move_keys(self, stage: int) -> None:
        """Momentum update of the key encoders and heads, view by view."""
        frozen = self.config.recipe_name == "faithful" and stage == 2
        for view in self.views:
            # Published code: stage 2 updates only the motion key, and with it the head that all views share.
            if not frozen or view == "motion":
                key = parameters(self.key_encoders[view], self.key_heads[view])
                query = parameters(self.query_encoders[view], self.query_heads[view])
                momentum_update(key, query, self.config.momentum)

    def queue(self, view: View) -> KeyQueue:
        """The queue of a view."""
        return self.queues[view]  # type: ignore[return-value]

    def load_encoder(self, encoder: SkeletonEncoder) -> None:
        """Start queries and keys from a pretrained encoder's weights; heads and queues stay as they are.

        Blocks that the encoder lacks stay fresh, queries and keys alike.

        Raises:
            ConfigError: the encoder lacks a view, or is of another recipe or width.
        """
        check_fits(encoder.config.encoder, self.config.encoder, "init")
        for view in self.views:
            state, mine = encoder.encoders[view].state_dict(), self.query_encoders[view].state_dict()
            own = {name: state.get(name, fresh) for name, fresh in mine.items()}
            self.query_encoders[view].load_state_dict(own)
            self.key_encoders[view].load_state_dict(own)

    def to_encoder(self, config: ModelConfig) -> SkeletonEncoder:
        """The query encoders as a `SkeletonEncoder` in eval mode."""
        encoder = SkeletonEncoder(config)
        encoder.encoders.load_state_dict(self.query_encoders.state_dict())
        return encoder.eval()


def make_encoders(config: PretrainConfig) -> nn.ModuleDict:
    """One fresh ST-GCN a view."""
    return nn.ModuleDict({view: STGCN(config.encoder) for view in config.encoder.views})


def make_heads(config: PretrainConfig) -> nn.ModuleDict:
    """A projection head a view; under ``"faithful"`` later views end in the first view's head.

    As wide inside as the paper's, 256 (`feature_channels`), whatever the vector: a hidden layer as wide as a
    vector of several blocks would hold more weights than the encoder.
    """
    width, hidden = sum(vector_sizes(config.encoder)), config.encoder.feature_channels
    heads = nn.ModuleDict()
    first: nn.Module | None = None
    for view in config.encoder.views:
        last = first if config.recipe_name == "faithful" else None
        inner = hidden if last is None else width  # what the last layer takes
        last = nn.Linear(hidden, config.projection_dim) if last is None else last
        heads[view] = nn.Sequential(nn.Linear(width, inner), nn.ReLU(), last)
        first = heads[view] if first is None else first
    return heads


def published_initialisation(module: nn.Module) -> None:
    """N(0, 0.02) weights, N(1, 0.02) BN scales, zero biases, as the published trainer sets them."""
    with torch.no_grad():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.weight.normal_(1.0, 0.02)
            module.bias.zero_()
        elif isinstance(getattr(module, "weight", None), Parameter):
            module.weight.normal_(0.0, 0.02)  # type: ignore[operator]
            module.bias.zero_()  # type: ignore[operator]


def parameters(*modules: nn.Module) -> Iterator[Parameter]:
    """The modules' parameters one after another."""
    for module in modules:
        yield from module.parameters()


def in_float32(x: Tensor) -> Tensor:
    """Half precision raised to float32; float32 and float64 as they are."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
