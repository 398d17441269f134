"""A saved model can check itself."""

import pytest
import torch
from conftest import make_encoder
from safetensors.torch import save_file

from skelrep.errors import VerificationError
from skelrep.golden import golden_clip
from skelrep.weights_io import load_model, verify_model

BIAS = "encoders.bone.blocks.9.temporal_norm.bias"


def test_golden_clip_is_two_moving_bodies():
    clip = golden_clip(50)
    assert clip.shape == (1, 3, 50, 25, 2)
    assert (clip != 0).flatten(1, 3).any(dim=1).all()
    steps = clip.diff(dim=2).abs()
    assert 0 < steps.max() < 0.1


def test_verify_notices_changed_weights(tiny_folder):
    model = load_model(tiny_folder).train()
    assert verify_model(model, tiny_folder / "model.safetensors") < 1e-6
    assert model.training
    with torch.no_grad():
        model.state_dict()[BIAS].add_(0.01)
    with pytest.raises(VerificationError, match=r"relative error \d\.\d\de-\d\d, allowed 1e-04; the first"):
        verify_model(model, tiny_folder)
    with torch.no_grad():
        model.state_dict()[BIAS].fill_(float("nan"))
    with pytest.raises(VerificationError, match="relative error nan"):
        verify_model(model, tiny_folder)


def test_verify_needs_a_vector_of_this_model(tiny, tiny_folder):
    with pytest.raises(VerificationError, match="no golden vector of 48 numbers"):
        verify_model(make_encoder(pooling="mean_std"), tiny_folder)
    save_file({"golden.input": golden_clip(12)}, tiny_folder / "model.safetensors")
    with pytest.raises(VerificationError, match="no golden vector of 24"):
        verify_model(tiny, tiny_folder)
