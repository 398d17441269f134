"""The baseline of the speed benchmarks computes what the library computes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from skelrep.config import EncoderConfig, ModelConfig
from skelrep.models import SkeletonEncoder

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
    from speed_checks import LARGEST_STEP_DEVIATION, step_deviation

    assert step_deviation(stage) <= LARGEST_STEP_DEVIATION


def test_step_deviation_sees_another_step(monkeypatch: pytest.MonkeyPatch) -> None:
    import plain_training
    from speed_checks import step_deviation

    monkeypatch.setattr(plain_training.PlainCrosSCLR, "move_key", lambda self, view: None)
    assert step_deviation(1) > 1e-6
