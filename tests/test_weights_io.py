"""Models on disk: written whole, read strictly, able to check themselves."""

import copy
import errno
import hashlib
import json
import os
import random

import pytest
import safetensors
import torch
from conftest import make_encoder
from safetensors.torch import load_file, save_file

from skelrep.config import EncoderConfig, ModelConfig
from skelrep.errors import ConfigError, OutputError, WeightsError, WeightsNotFoundError
from skelrep.models import SkeletonEncoder
from skelrep.weights_io import empty_encoder, load_model, model_config_from_json, save_model, verify_model

SOME = "encoders.joint.blocks.0.temporal.weight"


def rewrite(folder, change, **more):
    """Change the tensors of a saved model behind its back; `more` overrides its metadata.

    As another tool would write it: without the SHA-256 of the tensors.
    """
    path = folder / "model.safetensors"
    with safetensors.safe_open(path, "pt") as file:
        metadata = file.metadata() | {"content_sha256": ""} | more
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, {k: v for k, v in metadata.items() if v})


def resave(folder, change):
    """Change the config of a saved model together with its hash in the weights."""
    config = json.loads((folder / "config.json").read_text())
    change(config)
    text = json.dumps(config)
    (folder / "config.json").write_text(text)
    rewrite(folder, lambda tensors: None, config_sha256=hashlib.sha256(text.encode()).hexdigest())


@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
@pytest.mark.parametrize("fields", [{}, {"views": ("bone",), "pooling": "parts", "feature_blocks": (7,)}])
def test_round_trip(tmp_path, recipe, fields):
    model = make_encoder(recipe, **fields)
    before = torch.get_rng_state()
    model.save_pretrained(tmp_path)
    loaded = load_model(str(tmp_path), "cpu")
    assert torch.equal(before, torch.get_rng_state())
    assert loaded.config == model.config
    assert not loaded.training
    assert all(p.requires_grad for p in loaded.parameters())
    assert loaded.commit_hash is None
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    assert verify_model(loaded, tmp_path) < 1e-6


def test_written_files(tiny, tiny_folder, tmp_path):
    assert sorted(p.name for p in tiny_folder.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    assert ModelConfig.from_dict(json.loads((tiny_folder / "config.json").read_text())) == tiny.config
    with safetensors.safe_open(tiny_folder / "model.safetensors", "pt") as file:
        metadata = file.metadata()
        assert file.get_slice("golden.input").get_shape() == [1, 3, 12, 25, 2]
        assert file.get_slice("golden.output").get_shape() == [1, 24]
        assert file.get_slice("golden.layers").get_shape() == [3 * (1 + 10 * 5 + 2 * 2), 9]
    assert metadata["format"] == "pt"
    assert metadata["format_version"] == "1"
    assert metadata["recipe"] == "fixed"
    tiny.save_pretrained(tmp_path / "again")
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / "again" / name).read_bytes() == (tiny_folder / name).read_bytes()


def test_saving_leaves_the_model_alone_and_writes_float32(tmp_path):
    model = make_encoder().to(torch.float64).train()
    before = copy.deepcopy(model.state_dict())
    save_model(model, tmp_path)
    assert model.training
    assert all(
        torch.equal(before[k], v) and before[k].dtype == v.dtype for k, v in model.state_dict().items()
    )
    loaded = load_model(tmp_path)
    assert loaded.state_dict()[SOME].dtype == torch.float32


def test_half_precision_weights_load_as_float32(tiny, tiny_folder):
    rewrite(tiny_folder, lambda t: t.update({k: v.half() for k, v in t.items() if v.is_floating_point()}))
    loaded = load_model(tiny_folder)
    assert loaded.state_dict()[SOME].dtype == torch.float32
    torch.testing.assert_close(loaded.state_dict()[SOME], tiny.state_dict()[SOME], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop(SOME), f"1 missing: {SOME}"),
        (lambda t: t.pop("golden.output"), "1 missing: golden.output"),
        (lambda t: t.update(extra=torch.zeros(1)), "1 unexpected: extra"),
        (
            lambda t: t.update({SOME: torch.zeros(3)}),
            rf"{SOME} is float \(3,\), expected float \(2, 2, 9, 1\)",
        ),
        (lambda t: t.update({SOME: torch.zeros(2, 2, 9, 1).int()}), "is integer .*, expected float"),
        (lambda t: [t.pop(k) for k in list(t) if ".bone." in k], r"missing: (encoders[\w.]+, ){5}\.\.\."),
        (lambda t: t[SOME].view(-1)[3:4].fill_(float("nan")), f"NaN or infinite numbers in {SOME}"),
    ],
)
def test_weights_are_strict(tiny_folder, change, message):
    rewrite(tiny_folder, change)
    with pytest.raises(WeightsError, match=message) as caught:
        load_model(tiny_folder)
    assert str(tiny_folder / "model.safetensors") in str(caught.value)
    assert "Copy or save the model again" in str(caught.value)


def test_weights_of_another_config_are_refused(tiny_folder):
    make_encoder(pooling="mean_std").save_pretrained(tiny_folder.parent / "other")
    (tiny_folder / "config.json").write_bytes((tiny_folder.parent / "other" / "config.json").read_bytes())
    with pytest.raises(WeightsError, match=r"another config.json"):
        load_model(tiny_folder)
    rewrite(tiny_folder, lambda t: None, config_sha256="")
    with pytest.raises(WeightsError, match="not written by skelrep"):
        load_model(tiny_folder)


def test_damaged_weights_raise_only_our_error(tiny_folder):
    path, rng = tiny_folder / "model.safetensors", random.Random(0)
    whole = path.read_bytes()
    damaged = [whole[: rng.randrange(len(whole))] for _ in range(8)] + [b"", b"\xff" * 64, whole + b"more"]
    for _ in range(8):
        blob = bytearray(whole)
        for _ in range(8):
            blob[rng.randrange(3000)] ^= 1 << rng.randrange(8)
        damaged.append(bytes(blob))
    for blob in damaged:
        path.write_bytes(blob)
        with pytest.raises(WeightsError, match=r"model.safetensors"):
            load_model(tiny_folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_missing_files(tiny_folder, name):
    (tiny_folder / name).unlink()
    with pytest.raises(WeightsNotFoundError, match=f"there is no .*{name}"):
        load_model(tiny_folder)
    with pytest.raises(WeightsNotFoundError, match=r"there is no .*config\.json"):
        load_model(tiny_folder / "nowhere")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"format_version": ' + "9" * 10_000 + "}", "not JSON"),
        ('{"format_version": 1, "format_version": 1}', "given twice"),
        ("[1]", "format_version None"),
        ("{}", "format_version None"),
        ('{"format_version": 2, "novelty": 3}', "format_version 2; this skelrep .* reads 1. Upgrade"),
        ('{"format_version": "1"}', "format_version 1"),
        ('{"format_version": true}', "expected a value of type int"),
        ('{"format_version": 1, "encodr": {}}', "Did you mean 'encoder'"),
        ('{"format_version": 1, "encoder": {"dropout": NaN}}', "dropout is nan"),
        ('{"format_version": 1, "encoder": {"dropout": 1e999}}', "dropout is inf"),
        ('{"format_version": 1, "encoder": {"base_channels": "16"}}', "base_channels is '16'"),
        ('{"format_version": 1, "encoder": []}', "expected a mapping"),
    ],
)
def test_bad_configs(text, message):
    with pytest.raises(ConfigError, match=message) as caught:
        model_config_from_json(text, "some/config.json")
    assert "some/config.json" in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value", "error", "message"),
    [
        ("base_channels", 10**18, ConfigError, "impossible size"),
        ("base_channels", 10**400, ConfigError, "impossible size"),
        ("base_channels", 10**5, WeightsError, "misshapen"),  # would need terabytes if it were built first
        ("feature_blocks", [11], ConfigError, "to 10"),
    ],
)
def test_impossible_configs_take_no_memory(tiny_folder, field, value, error, message):
    resave(tiny_folder, lambda config: config["encoder"].update({field: value}))
    with pytest.raises(error, match=message):
        load_model(tiny_folder)


def test_config_file_that_cannot_be_one(tiny_folder):
    (tiny_folder / "config.json").write_bytes(b" " * (2 << 20))
    with pytest.raises(ConfigError, match="larger than"):
        load_model(tiny_folder)
    (tiny_folder / "config.json").unlink()
    (tiny_folder / "config.json").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load_model(tiny_folder)


@pytest.mark.parametrize("device", ["gpu0", "cuda:99", "xpu"])
def test_unusable_device(tiny_folder, device):
    with pytest.raises(ConfigError, match=f"device '{device}' cannot be used"):
        load_model(tiny_folder, device)


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("failing", [0, 1])
def test_full_disk_leaves_nothing_new(tiny_folder, monkeypatch, call, failing):
    before = {p.name: p.read_bytes() for p in tiny_folder.iterdir()}
    real, calls = getattr(os, call), []

    def fail(*args):
        calls.append(args)
        if len(calls) > failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*args)

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OutputError, match=r"^cannot write .*No space left on device"):
        make_encoder(pooling="mean_std").save_pretrained(tiny_folder)
    with pytest.raises(OutputError):
        make_encoder().save_pretrained(tiny_folder.parent / "new")
    monkeypatch.undo()
    after = {p.name: p.read_bytes() for p in tiny_folder.iterdir()}
    if call == "replace" and failing == 1:  # between the two names: noticed, never loaded as something else
        with pytest.raises(WeightsError, match=r"another config.json"):
            load_model(tiny_folder)
    else:
        assert after == before
    assert list((tiny_folder.parent / "new").iterdir()) == []


def test_unwritable_output_and_broken_model(tiny, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        tiny.save_pretrained(tmp_path / "file")
    broken = make_encoder()
    broken.state_dict()[SOME].fill_(float("inf"))
    with pytest.raises(WeightsError, match="NaN or infinite"):
        broken.save_pretrained(tmp_path / "broken")
    assert not (tmp_path / "broken").exists()


def test_an_empty_encoder_has_the_shapes_of_a_full_one_and_draws_nothing() -> None:
    config = ModelConfig(encoder=EncoderConfig(base_channels=2, feature_channels=4))
    state = torch.random.get_rng_state()
    empty = empty_encoder(config, "here").state_dict()
    assert torch.equal(torch.random.get_rng_state(), state)
    full = SkeletonEncoder(config).state_dict()
    assert {name: tensor.shape for name, tensor in empty.items()} == {n: t.shape for n, t in full.items()}
    weights = [tensor for name, tensor in empty.items() if not name.endswith("adjacency")]
    assert {tensor.device.type for tensor in weights} == {"meta"}
