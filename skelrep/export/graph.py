"""The graph that is exported: `SkeletonEncoder.forward`, with or without the preprocessing before it."""

from __future__ import annotations

from typing import Literal, cast, get_args

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from ..errors import ConfigError
from ..golden import golden_clip
from ..models import STGCN, SkeletonEncoder
from ..preprocess.pipeline import FAITHFUL_BODIES
from .preparing import prepare

GraphInput = Literal["prepared", "raw"]

# torch.export takes an axis of length 1 for one that never changes; blocks 5 and 8 leave 2 frames of 5.
MIN_FRAMES = 5
EXAMPLE_BATCH, EXAMPLE_FRAMES = 3, 50


class GraphEncoder(nn.Module):
    """What a graph computes: clips to vectors, for any number of clips, frames, and one or two bodies.

    Args:
        encoder: in eval mode.
        takes: ``"prepared"`` clips, or ``"raw"`` ones, all of one length, which are preprocessed first.
    """

    def __init__(self, encoder: SkeletonEncoder, takes: GraphInput) -> None:
        super().__init__()
        self.encoder = encoder
        self.takes = takes

    def forward(self, clips: Tensor) -> Tensor:
        """Vectors of clips: float (N, 3, T, 25, M) -> (N, embedding_dim)."""
        if self.encoder.config.encoder.recipe_name == "faithful":
            # Always two slots, so that the graph need not ask for their number, as the encoder does.
            clips = torch.cat((clips, torch.zeros_like(clips)), dim=4)[..., :FAITHFUL_BODIES]
        if self.takes == "raw":
            clips = prepare(clips, self.encoder.config.preprocess)
        return self.encoder(clips)


def trace(twin: SkeletonEncoder, takes: GraphInput) -> ExportedProgram:
    """The graph of an encoder, by `torch.export`.

    Args:
        twin: from `skelrep.golden.reference_twin`; blocks that it does not need are taken from it.
        takes: see `GraphEncoder`.

    Returns:
        A program of one input ``clips`` (N, 3, T, 25, M) and one output (N, embedding_dim); N, T and M may
        change from call to call.
    """
    shortest = MIN_FRAMES if takes == "prepared" else 1
    drop_unused_blocks(twin)
    axes = {0: Dim("batch", min=1), 2: Dim("frames", min=shortest), 4: Dim("bodies", min=1)}
    example = golden_clip(EXAMPLE_FRAMES).repeat(EXAMPLE_BATCH, 1, 1, 1, 1)
    with torch.no_grad():
        return torch.export.export(GraphEncoder(twin, takes), (example,), dynamic_shapes=(axes,))


def drop_unused_blocks(twin: SkeletonEncoder) -> None:
    """Leave out the blocks behind the last one that the vector is made of: a program would store them all."""
    last = twin.config.encoder.feature_blocks[-1]
    for encoder in twin.encoders.values():
        encoder.blocks = cast(STGCN, encoder).blocks[:last]


def check_takes(takes: str) -> None:
    """Raise `ConfigError` for an input that no graph has."""
    if takes not in get_args(GraphInput):
        raise ConfigError(
            f"input is {takes!r}; expected one of {', '.join(map(repr, get_args(GraphInput)))}."
        )
