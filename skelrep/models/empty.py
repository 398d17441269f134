"""Layers that are made without numbers, since a file's will take their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

MAKERS = frozenset({torch.empty, torch.ones, torch.zeros, torch.tensor})
FILLERS = frozenset(
    {Tensor.fill_, Tensor.zero_, Tensor.uniform_, nn.init.uniform_, nn.init.kaiming_uniform_, nn.init.ones_}
)


class EmptyWeights(TorchFunctionMode):
    """In its context, in this thread, tensors have no memory and initialisation does nothing.

    ``torch.device("meta")`` alone would still go through every draw of random numbers, which takes longer
    than all the rest.

    Example:
        >>> with EmptyWeights():
        ...     nn.Linear(3, 4).weight.device
        device(type='meta')
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Answer a call of a torch function."""
        kwargs = kwargs or {}
        if func in FILLERS:
            return args[0] if args else kwargs["tensor"]
        if func in MAKERS and kwargs.get("device") is None:
            kwargs = {**kwargs, "device": "meta"}
        return func(*args, **kwargs)
