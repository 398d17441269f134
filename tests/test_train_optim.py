import dataclasses
import math

import numpy as np
import pytest
import torch
from tiny_training import tiny_config
from torch import nn

from skelrep.crossclr import CrosSCLR
from skelrep.train.optim import build_optimizer, learning_rate, set_learning_rate


def schedule(config, steps_per_epoch):
    total = config.epochs * steps_per_epoch
    return [learning_rate(config, step, steps_per_epoch) for step in range(1, total + 1)]


def test_faithful_decays_to_a_tenth_after_decay_epoch():
    config = tiny_config("faithful", epochs=4, decay_epoch=3, learning_rate=0.1)
    np.testing.assert_allclose(schedule(config, 2), [0.1] * 6 + [0.01] * 2, rtol=1e-12)


def test_fixed_warms_up_and_falls_to_nothing():
    config = tiny_config(epochs=20, warmup_epochs=4, learning_rate=2.0)
    rates = schedule(config, 5)
    np.testing.assert_allclose(rates[:20], [2.0 * step / 20 for step in range(1, 21)])
    oracle = [2.0 * (0.5 + 0.5 * math.cos(math.pi * i / 80)) for i in range(80)]
    np.testing.assert_allclose(rates[20:], oracle)
    assert 0 < rates[-1] < 0.002


@pytest.mark.parametrize(
    ("epochs", "warmup_epochs", "steps"), [(1, 0, 1), (1, 5, 1), (1, 5, 4), (3, 10, 3), (2, 0, 3)]
)
def test_short_runs_reach_their_learning_rate(epochs, warmup_epochs, steps):
    rates = schedule(tiny_config(epochs=epochs, warmup_epochs=warmup_epochs, learning_rate=1.0), steps)
    assert max(rates) == 1.0
    assert min(rates) > 0


@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
def test_every_query_parameter_is_optimised_once_and_no_key(recipe):
    model = CrosSCLR(tiny_config(recipe), queue_size=4)
    optimizer = build_optimizer(model.named_parameters(), model.config)
    given = [id(p) for group in optimizer.param_groups for p in group["params"]]
    wanted = {id(p) for p in [*model.query_encoders.parameters(), *model.query_heads.parameters()]}
    assert len(given) == len(set(given))
    assert set(given) == wanted


def test_fixed_decays_only_weights_of_layers():
    model = CrosSCLR(tiny_config(), queue_size=4)
    optimizer = build_optimizer(model.named_parameters(), model.config)
    names = {id(p): name for name, p in model.named_parameters()}
    decayed = {names[id(p)] for p in optimizer.param_groups[0]["params"]}
    spared = {names[id(p)] for p in optimizer.param_groups[1]["params"]}
    assert [g["weight_decay"] for g in optimizer.param_groups] == [model.config.weight_decay, 0.0]
    assert all(name.endswith("weight") for name in decayed)
    assert not any("norm" in name or "edge_importance" in name for name in decayed)
    assert {
        "query_encoders.joint.input_norm.weight",
        "query_encoders.joint.blocks.0.spatial.edge_importance",
    } <= spared
    assert all(
        name.endswith(("bias", "edge_importance")) or "norm" in name or ".1." in name for name in spared
    )


def test_faithful_is_sgd_with_momentum_and_decay_on_everything():
    layer = nn.Linear(1, 1)
    config = dataclasses.replace(tiny_config("faithful"), weight_decay=0.5)
    optimizer = build_optimizer(layer.named_parameters(), config)
    set_learning_rate(optimizer, 0.1)
    values, speed = {n: p.item() for n, p in layer.named_parameters()}, {"weight": 0.0, "bias": 0.0}
    for _ in range(3):
        for parameter in layer.parameters():
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
        for name in values:
            speed[name] = 0.9 * speed[name] + 1 + 0.5 * values[name]
            values[name] -= 0.1 * speed[name]
    assert {n: p.item() for n, p in layer.named_parameters()} == pytest.approx(values, rel=1e-5)
