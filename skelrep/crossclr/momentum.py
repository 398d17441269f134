"""Key encoders as slow copies of query encoders."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn import Parameter


@torch.no_grad()
def momentum_update(key: Iterable[Parameter], query: Iterable[Parameter], momentum: float) -> None:
    """key <- momentum * key + (1 - momentum) * query, over parameters only (BN buffers keep their own life).

    Source:
        He et al., CVPR 2020, equation 2.

    Example:
        >>> key, query = Parameter(torch.zeros(1)), Parameter(torch.ones(1))
        >>> momentum_update([key], [query], 0.75); key.item()
        0.25
    """
    key_list = [parameter.detach() for parameter in key]
    query_list = [parameter.detach() for parameter in query]
    torch._foreach_lerp_(key_list, query_list, 1 - momentum)


def copy_and_freeze(key: nn.Module, query: nn.Module) -> None:
    """Start a key module equal to its query, and take it out of the optimiser's reach."""
    key.load_state_dict(query.state_dict())
    key.requires_grad_(requires_grad=False)
