"""Same function or it does not count: the training step against the plain one, float64, no dropout."""

from __future__ import annotations

import dataclasses

import torch
from plain_training import plain_crossclr
from speed_contenders import training_crops, training_model
from speed_turns import Case

from skelrep.train.optim import build_optimizer

STEP = Case(
    kind="train", batch=4, frames=12, bodies="mix", views=("joint", "motion", "bone"),
    base_channels=2, feature_channels=8, queue_size=64, dropout=0.0,
)  # fmt: skip
STEPS = 3
LARGEST_STEP_DEVIATION = 1e-9


def step_deviation(stage: int) -> float:
    """Largest relative deviation of losses, weights and queues after three steps from the plain baseline's.

    Dropout is random, and float32 gradients turn on single ReLUs: neither would tell error from rounding.
    """
    case = dataclasses.replace(STEP, stage=stage)
    ours = training_model(case, "faithful").double().train()
    plain = plain_crossclr(ours)
    optimizer = build_optimizer(ours.named_parameters(), ours.config)
    x_query, x_key = (crop.double() for crop in training_crops(case))
    deviations = []
    for _ in range(STEPS):
        output = ours(x_query, x_key, stage=stage)
        optimizer.zero_grad()
        output.loss.backward()
        optimizer.step()
        expected = plain.step(x_query, x_key, stage)
        deviations += [abs(output.losses[v].item() / loss - 1) for v, loss in expected.items()]
    state = plain.state_dict()
    pairs = [(t, state[name]) for name, t in ours.state_dict().items() if not name.startswith("queues")]
    pairs += [(ours.queue(view).rows.T, plain.queues[view]) for view in ours.views]
    return max([*deviations, *(relative(a, b) for a, b in pairs)])


def relative(value: torch.Tensor, expected: torch.Tensor) -> float:
    """Largest deviation over the largest value.

    Biases in front of a BatchNorm are moved by rounding only, hence the floor.
    """
    scale = expected.abs().max().clamp(min=1e-3)
    return float((value - expected).abs().max() / scale)
