"""Which implementation the blocks of a model use."""

from __future__ import annotations

import importlib.util
from typing import Literal, get_args

from torch import nn

from ...errors import ConfigError
from ..stgcn import Block

Kernels = Literal["torch", "triton"]


def use_kernels(model: nn.Module, kernels: Kernels) -> None:
    """Choose the implementation of every block in a model, for training and evaluation.

    ``"triton"`` has never been measured on a GPU; `benchmarks/speed_cuda.py` does so where there is one.
    Blocks that it does not fit (a tensor that is not on CUDA, statistics across processes, gradients in
    evaluation) go on with their layers.

    Args:
        model: holds blocks anywhere, such as a `SkeletonEncoder` or a `CrosSCLR`.
        kernels: ``"torch"``, the layers, as every model begins; or ``"triton"``.

    Raises:
        ConfigError: another name, no Triton, or a model without blocks.

    Example:
        >>> from skelrep import ModelConfig, SkeletonEncoder
        >>> use_kernels(SkeletonEncoder(ModelConfig()), "torch")
    """
    if kernels not in get_args(Kernels):
        raise ConfigError(
            f"kernels is {kernels!r}; expected one of {', '.join(map(repr, get_args(Kernels)))}."
        )
    if kernels == "triton" and importlib.util.find_spec("triton") is None:
        raise ConfigError(
            "kernels is 'triton', which is not installed; CUDA builds of torch bring it. Use 'torch'."
        )
    blocks = [module for module in model.modules() if isinstance(module, Block)]
    if not blocks:
        raise ConfigError(
            f"{type(model).__name__} holds no ST-GCN block. Pass a SkeletonEncoder or CrosSCLR."
        )
    for block in blocks:
        block.kernels = kernels
