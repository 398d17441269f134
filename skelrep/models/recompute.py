"""Activation recomputation of a layer: less memory for one more forward pass, and the same numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


def recomputed(layer: nn.Module, x: Tensor, adjacency_PVW: Tensor) -> Tensor:
    """The layer's output; what its backward pass needs is computed again then.

    Dropout draws the same mask again, and running statistics do not move a second time.
    """

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), kept_statistics(layer)

    return checkpoint(layer, x, adjacency_PVW, use_reentrant=False, context_fn=contexts)


@contextmanager
def kept_statistics(layer: nn.Module) -> Iterator[None]:
    """Let norms move copies of their running statistics instead of these."""
    norms = [m for m in layer.modules() if isinstance(m, nn.modules.batchnorm._NormBase)]
    own = [dict(norm.named_buffers(recurse=False)) for norm in norms]
    for norm, buffers in zip(norms, own, strict=True):
        for name, buffer in buffers.items():
            setattr(norm, name, buffer.clone())
    try:
        yield
    finally:
        for norm, buffers in zip(norms, own, strict=True):
            for name, buffer in buffers.items():
                setattr(norm, name, buffer)
