"""Optimiser and learning rate of each recipe; the learning rate is a pure function of the step."""

from __future__ import annotations

import math
from collections.abc import Iterable

from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from ..config import PretrainConfig

SGD_MOMENTUM = 0.9
DECAY_FACTOR = 0.1
EDGE_IMPORTANCE = "edge_importance"


def build_optimizer(
    named_parameters: Iterable[tuple[str, nn.Parameter]], config: PretrainConfig
) -> Optimizer:
    """The recipe's optimiser over those parameters that want a gradient.

    Args:
        named_parameters: as from `Module.named_parameters`; key encoders, which move by momentum, are left
            out because they want no gradient.
        config: ``"faithful"`` is SGD with momentum 0.9 and weight decay on everything; ``"fixed"`` is AdamW
            with weight decay on the weights of convolutions and linear layers only.

    Returns:
        An optimiser whose learning rate `set_learning_rate` fills in before each step.

    Example:
        >>> optimizer = build_optimizer(nn.Linear(2, 2).named_parameters(), PretrainConfig())
        >>> [group["weight_decay"] for group in optimizer.param_groups]
        [0.0001, 0.0]
    """
    trainable = [(name, p) for name, p in named_parameters if p.requires_grad]
    if config.recipe_name == "faithful":
        weights = [p for _, p in trainable]
        return SGD(
            weights,
            lr=config.learning_rate,
            momentum=SGD_MOMENTUM,
            weight_decay=config.weight_decay,
            fused=True,
        )
    groups = [
        {"params": [p for n, p in trainable if decays(n, p)], "weight_decay": config.weight_decay},
        {"params": [p for n, p in trainable if not decays(n, p)], "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=config.learning_rate, fused=True)


def decays(name: str, parameter: nn.Parameter) -> bool:
    """Whether AdamW decays a parameter.

    Not biases and norms, which have one axis, nor edge importance, which does nothing at 1 instead of 0.
    """
    return parameter.ndim > 1 and EDGE_IMPORTANCE not in name


def learning_rate(config: PretrainConfig, step: int, steps_per_epoch: int) -> float:
    """The learning rate of a 1-based step.

    ``"faithful"``: constant, a tenth of it after `decay_epoch`. ``"fixed"``: linear warm-up over
    `warmup_epochs` (at most half the run), then half a cosine that reaches 0 right after the last step.

    Example:
        >>> config = PretrainConfig(epochs=4, warmup_epochs=1, learning_rate=1.0)
        >>> [round(learning_rate(config, step, 2), 2) for step in range(1, 9)]
        [0.5, 1.0, 1.0, 0.93, 0.75, 0.5, 0.25, 0.07]
    """
    if config.recipe_name == "faithful":
        decayed = step > config.decay_epoch * steps_per_epoch
        return config.learning_rate * (DECAY_FACTOR if decayed else 1)
    total = config.epochs * steps_per_epoch
    warmup = min(config.warmup_epochs * steps_per_epoch, total // 2)
    if step <= warmup:
        return config.learning_rate * step / warmup
    progress = (step - 1 - warmup) / (total - warmup)
    return config.learning_rate * (1 + math.cos(math.pi * progress)) / 2


def set_learning_rate(optimizer: Optimizer, value: float) -> None:
    """Give every parameter group this learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = value
