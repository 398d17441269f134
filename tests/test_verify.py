"""`skelrep.verify`: a model that changed is told, with the layer where it begins."""

import hashlib
import random

import pytest
import torch
from conftest import make_encoder
from safetensors.torch import save_file
from test_weights_io import rewrite

import skelrep
from skelrep.errors import ConfigError, VerificationError, WeightsError
from skelrep.golden import golden_clip, layer_names
from skelrep.verification import verify_model
from skelrep.weights_io import load_model

BIAS = "encoders.bone.blocks.9.temporal_norm.bias"
# SHA-256 over the names and bytes of the default model's weights; its golden tensors may be renewed.
DEFAULT_WEIGHTS = "03cbf29407660b16fcce713ee3318c19bb18b6f1f95ab8d3cc30beee71f90e78"


@pytest.mark.parametrize(
    "weight",
    [
        "encoders.joint.input_norm.running_mean",
        "encoders.joint.blocks.0.spatial.edge_importance",
        "encoders.motion.blocks.3.spatial_norm.weight",
        "encoders.motion.blocks.4.residual.0.bias",
        "encoders.motion.blocks.7.residual.1.running_var",
        "encoders.bone.blocks.8.temporal.weight",
        BIAS,
    ],
)
def test_the_first_layer_that_differs_is_named(tiny_folder, weight):
    model = load_model(tiny_folder)
    with torch.no_grad():
        model.state_dict()[weight].mul_(1.05)
    layer = weight.rpartition(".")[0]
    with pytest.raises(
        VerificationError, match=rf"the first layer that differs is {layer} \(by \d.\d\de-\d\d\)"
    ):
        verify_model(model, tiny_folder)
    with torch.no_grad():
        model.state_dict()[weight].fill_(float("nan"))
    with pytest.raises(VerificationError, match=rf"the first layer that differs is {layer} \(by nan\)"):
        verify_model(model, tiny_folder)


def test_layers_behind_the_vector_are_checked_too(tmp_path):
    make_encoder(feature_blocks=(2,)).save_pretrained(tmp_path)
    model = load_model(tmp_path)
    with torch.no_grad():
        model.state_dict()[BIAS].add_(1)
    with pytest.raises(VerificationError, match=r"relative error 0\.00e\+00.*bone\.blocks\.9\.temporal_norm"):
        verify_model(model, tmp_path)


def test_a_vector_made_otherwise_is_no_layers_fault(tiny_folder, monkeypatch):
    pool = skelrep.models.stgcn.pool_block
    monkeypatch.setattr("skelrep.models.stgcn.pool_block", lambda *given: pool(*given).flip(1))
    with pytest.raises(VerificationError, match="all layers agree, so the difference lies in the pooling"):
        skelrep.verify(tiny_folder)


def test_what_verify_tells(tiny, tiny_folder):
    found = skelrep.verify(tiny_folder)
    assert found.passed
    assert found.vector_error < 1e-6
    assert found.first_difference is None
    assert list(found.layer_errors) == layer_names(tiny)
    assert skelrep.verify(load_model(tiny_folder).train(), against=tiny_folder).passed
    with pytest.raises(VerificationError, match=r"the first layer that differs is encoders\.joint"):
        skelrep.verify(make_encoder(seed=1), against=str(tiny_folder))


@pytest.mark.parametrize("arguments", [{"model": make_encoder()}, {"model": "default", "against": "default"}])
def test_a_model_in_memory_needs_a_name_and_a_name_needs_none(arguments):
    with pytest.raises(ConfigError, match="together with against=NAME"):
        skelrep.verify(**arguments)


def test_files_without_golden_tensors(tiny, tiny_folder, tmp_path):
    (tmp_path / "published.pt").touch()
    with pytest.raises(VerificationError, match=r"Convert it first: skelrep convert .*published\.pt"):
        skelrep.verify(tmp_path / "published.pt")
    with pytest.raises(VerificationError, match="no golden vector of 48 numbers"):
        verify_model(make_encoder(pooling="mean_std"), tiny_folder)
    save_file({"golden.input": golden_clip(12)}, tiny_folder / "model.safetensors")
    with pytest.raises(VerificationError, match="no golden vector of 24"):
        verify_model(tiny, tiny_folder / "model.safetensors")


def test_files_from_before_the_checksum_and_the_sketches(tiny_folder):
    rewrite(tiny_folder, lambda tensors: tensors.pop("golden.layers"))
    model = load_model(tiny_folder)
    found = skelrep.verify(tiny_folder)
    assert found.passed
    assert found.layer_errors == {}
    with torch.no_grad():
        model.state_dict()[BIAS].add_(0.01)
    with pytest.raises(
        VerificationError, match="older than skelrep's layer sketches, so no layer can be named"
    ):
        verify_model(model, tiny_folder)


def test_one_flipped_bit_is_noticed_wherever_it_is(tiny_folder):
    path, rng = tiny_folder / "model.safetensors", random.Random(1)
    whole = path.read_bytes()
    header = 8 + int.from_bytes(whole[:8], "little")
    for place in [header, len(whole) - 1, *(rng.randrange(header, len(whole)) for _ in range(10))]:
        blob = bytearray(whole)
        blob[place] ^= 1 << rng.randrange(8)
        path.write_bytes(blob)
        with pytest.raises(WeightsError, match="is damaged: its numbers are not the ones that were saved"):
            load_model(tiny_folder)


def test_the_default_weights_are_still_these():
    digest = hashlib.sha256()
    for name, tensor in sorted(skelrep.load_pretrained("default").state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.numpy().tobytes())
    assert digest.hexdigest() == DEFAULT_WEIGHTS
    found = skelrep.verify("default")
    assert len(found.layer_errors) == 64
    assert max(found.layer_errors.values()) < 1e-5
