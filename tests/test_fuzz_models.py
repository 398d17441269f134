"""Models and checkpoints made to hang, to exhaust or to mislead: refused at once, as what they are."""

from __future__ import annotations

import json
import os
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from test_fuzz_hostile import frugal
from torch import Tensor

import skelrep
from skelrep.cli.train_config import read_config
from skelrep.convert import load_reference_checkpoint
from skelrep.errors import CheckpointError, ConfigError, DataWarning, WeightsError
from skelrep.hub import card_metadata
from skelrep.models.whitening import Whitening
from skelrep.train.bad_clips import read_bad_clips
from skelrep.train.checkpoint import load_newest, read_checkpoint, save_checkpoint
from skelrep.train.log import read_log
from skelrep.weights_file import pack

sys.path.insert(0, str(Path(__file__).parents[1]))
from fuzz.models import reference_state, tiny_encoder

__all__ = ["frugal"]  # a fixture


@pytest.fixture
def model(tmp_path: Path) -> Path:
    tiny_encoder().save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.usefixtures("frugal")
@pytest.mark.parametrize("put", [_pipe, _device, Path.mkdir])
@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
@pytest.mark.parametrize("load", [skelrep.load_pretrained, skelrep.load_classifier])
def test_a_model_is_made_of_files(
    model: Path, name: str, put: Callable[[Path], None], load: Callable[[Path], object]
) -> None:
    (model / name).unlink()
    put(model / name)
    with pytest.raises((ConfigError, WeightsError), match=r"not a file|[Ii]s a directory"):
        load(model)


def test_a_model_may_be_made_of_links(model: Path, tmp_path: Path) -> None:
    """As in the Hub's cache, where a snapshot links to blobs."""
    (tmp_path / "blobs").mkdir()
    for number, path in enumerate(sorted(model.glob("*"))):
        blob = path.rename(tmp_path / "blobs" / str(number))
        path.symlink_to(blob)
    assert skelrep.load_pretrained(model).embedding_dim == tiny_encoder().embedding_dim


@pytest.mark.usefixtures("frugal")
def test_pipes_among_the_files_of_a_training(tmp_path: Path) -> None:
    checkpoint, other = tmp_path / f"step-00000003-{'a' * 12}.pt", tmp_path / "other"
    os.mkfifo(checkpoint)
    os.mkfifo(other)
    with pytest.warns(DataWarning, match="damaged"), pytest.raises(CheckpointError, match="all 1"):
        load_newest(tmp_path, {})
    with pytest.raises(CheckpointError, match="not a file"):
        read_bad_clips(other)
    with pytest.raises(OSError, match="not a file"):
        read_log(other)
    with pytest.raises(WeightsError, match="not a file"):
        load_reference_checkpoint(other)


BAD = {"clip": 1, "name": "a", "reason": "NaN", "step": 2}
LISTS = ["[" * 100_000, "null", "9" * 5000, '{"a": 1}', "[{}]"] + [
    json.dumps([BAD | wrong]) for wrong in ({"clip": "1"}, {"step": True}, {"reason": []}, {"x": 1})
]


@pytest.mark.parametrize("text", LISTS, ids=range(len(LISTS)))
def test_a_list_of_bad_clips_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "good.json").write_text(json.dumps([BAD]))
    assert [bad.step for bad in read_bad_clips(tmp_path / "good.json")] == [2]
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(CheckpointError, match="is not the list"):
        read_bad_clips(tmp_path / "bad.json")


def test_a_training_configuration_says_everything_once(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"epochs": 3, "encoder": {"base_channels": 4, "base_channels": 400}}')
    with pytest.raises(ConfigError, match="twice"):
        read_config(tmp_path / "c.json")


@pytest.mark.usefixtures("frugal")
def test_a_card_is_looked_into_if_it_is_one(tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    card.write_text("---\nlicense: mit\n---\n")
    assert card_metadata(card) == {"license": "mit"}
    with card.open("r+b") as file:
        file.truncate(1 << 30)
    assert card_metadata(card) == {}


@pytest.mark.usefixtures("frugal")
@pytest.mark.parametrize("channels", [1000, 10**6])
def test_a_checkpoint_cannot_claim_more_numbers_than_it_holds(tmp_path: Path, channels: int) -> None:
    """One number can be a tensor of any shape, which is searched for NaN before anything fails."""
    state = {name: tensor.new_zeros(()).expand(tensor.shape) for name, tensor in reference_state().items()}
    state = {
        name: tensor if name.endswith(".A") else tensor.expand(*(channels for _ in tensor.shape), 1)[..., 0]
        if tensor.shape == (1,) * tensor.ndim else tensor
        for name, tensor in state.items()
    }  # fmt: skip
    torch.save(state, tmp_path / "a.pt")
    with pytest.raises(WeightsError, match="more numbers than it has room for"):
        load_reference_checkpoint(tmp_path / "a.pt")


@pytest.mark.parametrize("tensor", [torch.zeros(2, device="meta"), torch.zeros(2).to_sparse()])
def test_a_checkpoint_holds_numbers(tmp_path: Path, tensor: Tensor) -> None:
    torch.save(reference_state() | {"encoder_q.data_bn.weight": tensor}, tmp_path / "a.pt")
    with pytest.raises(WeightsError):
        load_reference_checkpoint(tmp_path / "a.pt")


def _deflated(path: Path) -> Path:
    out = path.with_name("deflated.pt")
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as small:
        for name in whole.namelist():
            small.writestr(name, whole.read(name))
    return out


def test_deflated_checkpoints_are_bombs(tmp_path: Path) -> None:
    torch.save({"encoder_q.A": torch.zeros(10**6)}, tmp_path / "a.pt")
    bomb = _deflated(tmp_path / "a.pt")
    assert bomb.stat().st_size < 40_000
    with pytest.raises(WeightsError, match="unpacks to"):
        load_reference_checkpoint(bomb)
    state = {"step": 1, "run": {}, "versions": {}, "model": {}, "optimizer": {}, "monitor": None}
    saved = save_checkpoint(tmp_path / "run", state, 1)
    assert read_checkpoint(saved) is not None
    saved.write_bytes(_deflated(saved).read_bytes())
    assert read_checkpoint(saved) is None


def test_tar_files_are_not_unpacked(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.pt", "w") as tar:
        tar.add(__file__, arcname="storages")
    with pytest.raises(WeightsError, match="neither an archive nor a pickle"):
        load_reference_checkpoint(tmp_path / "a.pt")


@pytest.mark.parametrize("dtype", [torch.complex64, torch.float8_e4m3fn, torch.bool])
def test_weights_are_numbers_that_can_be_weights(model: Path, dtype: torch.dtype) -> None:
    from skelrep.weights_file import ModelFiles, unpack

    files = ModelFiles.in_folder(model)
    tensors, metadata = unpack(files)
    name = "encoders.joint.input_norm.num_batches_tracked"
    if dtype.is_floating_point:
        name = "encoders.joint.input_norm.weight"
    files.weights.write_bytes(pack(tensors | {name: tensors[name].to(dtype)}, metadata))
    with pytest.raises(WeightsError, match="misshapen"):
        skelrep.load_pretrained(model)


def test_whitening_without_memory_imports_no_algebra(monkeypatch: pytest.MonkeyPatch) -> None:
    """`torch.eye` on the device "meta" imports sympy: a second of every program's first load."""
    monkeypatch.setitem(sys.modules, "torch.fx.experimental.symbolic_shapes", None)
    with torch.device("meta"):
        assert Whitening(6, 4).matrix.shape == (6, 4)
    assert torch.equal(Whitening(6, 4).matrix, torch.eye(6, 4))
