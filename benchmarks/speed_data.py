"""What is measured on: random clips of moving bodies, and encoders without initial statistics."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from skelrep.config import EncoderConfig, ModelConfig, PreprocessConfig
from skelrep.models import SkeletonEncoder

Bodies = Literal["two", "mix", "one"]
SECOND_BODY = {"two": 1.0, "mix": 0.2, "one": 0.0}  # share of the clips that have one


def random_clips(n: int, frames: int, bodies: Bodies, seed: int = 0) -> Tensor:
    """Prepared clips, float32 (N, 3, T, 25, 2) in metres; an absent body is zero.

    Bodies are random poses that drift: speed does not depend on what they do.
    """
    generator = torch.Generator().manual_seed(seed)
    pose = 0.3 * torch.randn(n, 3, 1, 25, 2, generator=generator)
    drift = 0.01 * torch.randn(n, 3, frames, 25, 2, generator=generator).cumsum(dim=2)
    x = pose + drift
    alone = torch.randperm(n, generator=generator)[round(SECOND_BODY[bodies] * n) :]
    x[alone, ..., 1] = 0
    return x


def random_encoder(config: EncoderConfig, seed: int = 0) -> SkeletonEncoder:
    """An encoder in eval mode with every weight and running statistic random.

    Fresh ones have means of 0, variances of 1 and edge importances of 1, with which mistakes would agree.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = SkeletonEncoder(
            ModelConfig(encoder=config, preprocess=PreprocessConfig.recipe(config.recipe_name))
        )
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1, generator=generator)
                module.running_var.uniform_(0.5, 1.5, generator=generator)
                module.weight.normal_(1, 0.1, generator=generator)
                module.bias.normal_(0, 0.1, generator=generator)
            importance = getattr(module, "edge_importance", None)
            if importance is not None:
                importance.normal_(1, 0.2, generator=generator)
    return model.eval()
