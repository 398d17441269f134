"""Notice that a model's weights were changed, by whatever means."""

from __future__ import annotations

import torch
from torch import Tensor, nn

SAMPLES = 64


class WeightsSeen:
    """A model's weights as they are now.

    A version counter and an address tell of each change that autograd sees. Fused optimisers and `.data`
    edits pass it by, so a sample of every tensor's numbers is compared as well.

    Args:
        model: it is not kept alive, its numbers are.
    """

    def __init__(self, model: nn.Module) -> None:
        self._marks = marks(model)
        self._probes = [probe(tensor) for tensor in tensors(model) if tensor.is_floating_point()]
        self._sample = self._take_sample()

    def unchanged(self, model: nn.Module) -> bool:
        """Whether the model holds the same tensors with the same numbers."""
        return marks(model) == self._marks and torch.equal(self._take_sample(), self._sample)

    def _take_sample(self) -> Tensor:
        return torch.cat(self._probes)


def tensors(model: nn.Module) -> list[Tensor]:
    """All parameters and buffers; `Module.parameters` takes many times as long to find them."""
    found: list[Tensor | None] = []
    modules: list[nn.Module | None] = [model]
    while modules:
        module = modules.pop()
        if module is not None:
            found += module._parameters.values()
            found += module._buffers.values()
            modules += module._modules.values()
    return [tensor for tensor in found if tensor is not None]


def marks(model: nn.Module) -> list[tuple[int, int, int]]:
    """Identity, address and version of every tensor; inference tensors count no versions."""
    return [(id(t), t.data_ptr(), 0 if t.is_inference() else t._version) for t in tensors(model)]


def probe(tensor: Tensor) -> Tensor:
    """Up to about `SAMPLES` numbers spread over a tensor, in its own memory."""
    flat = tensor.detach()
    if not flat.is_contiguous():
        flat = flat.permute(sorted(range(flat.dim()), key=flat.stride, reverse=True))
    flat = flat.reshape(-1)
    return flat[:: max(1, len(flat) // SAMPLES)]
