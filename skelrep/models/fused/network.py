"""One view's folded network on rows of channels (T, B, V, C): time first, so that a step is one product."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

import torch
from torch import Tensor

from ...layout import NUM_JOINTS
from .fold import Entry, FoldedView, Spatial
from .temporal import TemporalConvolution, temporal_convolution
from .workspace import Workspace


class FoldedNetwork:
    """A folded view, ready for clips of one length.

    Args:
        view: its matrices.
        frames: T.
        bodies: about how many go through at once.
    """

    def __init__(self, view: FoldedView, frames: int, bodies: int) -> None:
        self._view = view
        self._temporal: list[TemporalConvolution] = []
        for temporal in (view.temporal, *(block.temporal for block in view.blocks)):
            self._temporal.append(temporal_convolution(temporal, frames, bodies))
            frames = -(-frames // temporal.stride)

    def __call__(self, x_TBVC: Tensor, workspace: Workspace) -> Iterator[tuple[int, Tensor]]:
        """Feature maps (T', B, V, C') of one view of B bodies (T, B, V, 3), as far as they are asked for.

        Each comes with its block's number, 0 for the normalised input, and is good until the next is asked
        for.
        """
        if self._view.norm is not None:
            yield 0, joints_mixed(x_TBVC, self._view.norm, workspace)
        y = joints_mixed(x_TBVC, self._view.entry, workspace).relu_()
        buffers = cycle(("even", "odd"))
        x = workspace.take(next(buffers), *y.shape).zero_()
        self._temporal[0](y, x, workspace)
        yield 1, x
        for number, block in enumerate(self._view.blocks, start=2):
            y = graph_convolution(x, block.spatial, workspace)
            if block.residual is not None:
                x = shortcut(x, block.residual, block.temporal.stride, workspace, next(buffers))
            # An identity residual is x itself, which becomes the result.
            self._temporal[number - 1](y, x, workspace)
            yield number, x


def joints_mixed(x_TBVC: Tensor, entry: Entry, workspace: Workspace) -> Tensor:
    """Every frame's joints and channels times one matrix: (T, B, V, D)."""
    frames, bodies = x_TBVC.shape[:2]
    y = workspace.take("y", frames * bodies, len(entry.bias))
    torch.addmm(entry.bias, x_TBVC.view(frames * bodies, -1), entry.mix, out=y)
    return y.view(frames, bodies, NUM_JOINTS, -1)


def graph_convolution(x_TBVC: Tensor, spatial: Spatial, workspace: Workspace) -> Tensor:
    """Graph convolution, norm and ReLU: (T, B, V, D)."""
    frames, bodies, joints, channels = x_TBVC.shape
    bodies_in_time = frames * bodies
    parts = workspace.take("parts", bodies_in_time, len(spatial.collect), channels)
    collect = spatial.collect.expand(bodies_in_time, -1, -1)
    torch.bmm(collect, x_TBVC.view(bodies_in_time, joints, channels), out=parts)
    y = workspace.take("y", bodies_in_time * joints, spatial.mix.shape[1])
    torch.mm(parts.view(len(y), -1), spatial.mix, out=y)
    y.view(bodies_in_time, -1).add_(spatial.bias).relu_()
    return y.view(frames, bodies, joints, -1)


def shortcut(x_TBVC: Tensor, residual: Tensor, stride: int, workspace: Workspace, buffer: str) -> Tensor:
    """The residual where shapes differ: (T', B, V, D)."""
    x = x_TBVC[::stride]
    onto = workspace.take(buffer, *x.shape[:3], residual.shape[1])
    if stride == 1:
        torch.mm(x.flatten(0, 2), residual, out=onto.flatten(0, 2))
    else:  # frames apart are no rows of one matrix
        torch.bmm(x.flatten(1, 2), residual.expand(len(x), -1, -1), out=onto.flatten(1, 2))
    return onto
