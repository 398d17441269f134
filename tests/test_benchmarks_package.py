"""Packaging of the default weights: the vector as told, from a checkpoint too, and small enough."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import make_encoder

import skelrep
from skelrep.config import EncoderConfig, ModelConfig
from skelrep.crossclr import CrosSCLR
from skelrep.errors import WeightsError
from skelrep.models import SkeletonEncoder

ROOT = Path(__file__).parents[1]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import package_default

    monkeypatch.setattr(package_default, "WEIGHTS", tmp_path)
    rng = np.random.default_rng(0)
    clips = [rng.normal(size=(3, 20, 25, 1)) for _ in range(9)]
    monkeypatch.setattr(package_default, "training_clips", lambda data: clips)
    return package_default


def test_weights_are_packaged_with_their_whitening(script, tmp_path: Path) -> None:
    script.package(make_encoder(), [0, 2], "parts_std", 5, Path())
    model = skelrep.load_pretrained(tmp_path)
    config = model.config.encoder
    assert (config.blocks, config.feature_blocks, config.whitening) == (2, (0, 2), 5)
    assert model.encode(script.training_clips(Path())[:1]).shape == (1, 5)


def test_the_whole_vector_fits_and_a_larger_one_is_refused(script) -> None:
    config = script.encoder_config(EncoderConfig(), [0, 4], "parts_std")
    fits = SkeletonEncoder(ModelConfig(encoder=skelrep.EncoderConfig(**vars(config) | {"whitening": 768})))
    script.check_size(fits)
    large = SkeletonEncoder(ModelConfig(encoder=EncoderConfig(**vars(config) | {"whitening": 1024})))
    with pytest.raises(WeightsError, match="less than 12 MB"):
        script.check_size(large)


def test_a_checkpoint_gives_its_query_encoders(script, tmp_path: Path) -> None:
    config = skelrep.PretrainConfig(
        encoder=EncoderConfig(base_channels=2, feature_channels=8, blocks=3, feature_blocks=(3,)),
        queue_size=8,
    )
    model = CrosSCLR(config, queue_size=8)
    state = {"run": {"config": config.to_dict()}, "model": model.state_dict()}
    torch.save(state, tmp_path / "step.pt")
    found = script.model_of_checkpoint(tmp_path / "step.pt")
    for name, tensor in model.query_encoders.state_dict().items():
        assert torch.equal(found.encoders.state_dict()[name], tensor)
