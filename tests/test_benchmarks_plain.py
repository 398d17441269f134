"""The baseline of the speed benchmarks computes what the library computes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from skelrep.config import EncoderConfig, ModelConfig, PreprocessConfig, PretrainConfig
from skelrep.crossclr import CrosSCLR
from skelrep.models import SkeletonEncoder
from skelrep.train.optim import build_optimizer

ENCODER = EncoderConfig(recipe_name="faithful", base_channels=2, feature_channels=8)


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))


def clips(n: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Random clips; every second one has a single body."""
    x = torch.randn(n, 3, 12, 25, 2, generator=torch.Generator().manual_seed(0), dtype=dtype)
    x[::2, ..., 1] = 0
    return x


def test_plain_encoder_is_the_encoder() -> None:
    from plain import encode_at_once, encode_in_slices, plain_encoder
    from speed_data import random_encoder

    model = random_encoder(ENCODER)
    x = clips(20)
    with torch.inference_mode():
        expected = model(x)
    plain = plain_encoder(model)
    for encode in (encode_at_once, encode_in_slices):
        torch.testing.assert_close(encode(plain, x), expected, rtol=1e-5, atol=1e-6)


def test_random_encoder_hides_nothing_behind_initial_statistics() -> None:
    from speed_data import random_encoder

    model, fresh = random_encoder(ENCODER), SkeletonEncoder(ModelConfig(encoder=ENCODER))
    for name, tensor in model.state_dict().items():
        if name.endswith(("running_mean", "running_var", "edge_importance")):
            assert not torch.equal(tensor, fresh.state_dict()[name]), name


@pytest.mark.parametrize("stage", [1, 2])
def test_plain_step_is_the_step(stage: int) -> None:
    from plain_training import plain_crossclr

    config = dataclasses.replace(
        PretrainConfig.recipe("faithful"),
        encoder=ENCODER, preprocess=PreprocessConfig.recipe("faithful"), projection_dim=4, momentum=0.9,
    )  # fmt: skip
    torch.manual_seed(0)
    ours = CrosSCLR(config, queue_size=12).double().train()
    plain = plain_crossclr(ours)
    optimizer = build_optimizer(ours.named_parameters(), config)
    x = clips(4, torch.float64)
    for crop in (x, x.flip(2), x * 0.9):
        output = ours(x, crop, stage=stage)
        optimizer.zero_grad()
        output.loss.backward()
        optimizer.step()
        numbers = plain.step(x, crop, stage)
        assert numbers == pytest.approx({v: loss.item() for v, loss in output.losses.items()}, rel=1e-9)
    state = plain.state_dict()
    for name, tensor in ours.state_dict().items():
        if not name.startswith("queues"):
            torch.testing.assert_close(tensor, state[name], rtol=1e-7, atol=1e-12, msg=name)
    for view in ours.views:
        torch.testing.assert_close(ours.queue(view).rows.T, plain.queues[view])
