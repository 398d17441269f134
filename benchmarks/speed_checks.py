"""Same function or it does not count: the training step against the plain one, in float64 and without dropout."""

from __future__ import annotations

import dataclasses

import torch
from plain_training import plain_crossclr

from skelrep.config import EncoderConfig, PreprocessConfig, PretrainConfig
from skelrep.crossclr import CrosSCLR
from skelrep.train.optim import build_optimizer

STEPS = 3
LARGEST_STEP_DEVIATION = 1e-9


def step_deviation(stage: int) -> float:
    """Largest relative deviation of losses, weights and queues after three steps from the plain baseline's.

    Dropout is random and float32 gradients turn on single ReLUs, so neither would tell an error from rounding.
    """
    config = dataclasses.replace(
        PretrainConfig.recipe("faithful"),
        encoder=EncoderConfig(recipe_name="faithful", base_channels=2, feature_channels=8),
        preprocess=PreprocessConfig.recipe("faithful"),
        projection_dim=4,
        momentum=0.9,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        ours = CrosSCLR(config, queue_size=12).double().train()
    plain = plain_crossclr(ours)
    optimizer = build_optimizer(ours.named_parameters(), config)
    x = torch.randn(4, 3, 12, 25, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x[::2, ..., 1] = 0
    deviations = []
    for number in range(STEPS):
        crop = x.flip(2) * (1 - 0.1 * number)
        output = ours(x, crop, stage=stage)
        optimizer.zero_grad()
        output.loss.backward()
        optimizer.step()
        expected = plain.step(x, crop, stage)
        deviations += [abs(output.losses[v].item() / loss - 1) for v, loss in expected.items()]
    state = plain.state_dict()
    pairs = [(t, state[name]) for name, t in ours.state_dict().items() if not name.startswith("queues")]
    pairs += [(ours.queue(view).rows.T, plain.queues[view]) for view in ours.views]
    return max([*deviations, *(relative(a, b) for a, b in pairs)])


def relative(value: torch.Tensor, expected: torch.Tensor) -> float:
    """Largest deviation over the largest value."""
    scale = expected.abs().max().clamp(min=1e-300)
    return float((value - expected).abs().max() / scale)
