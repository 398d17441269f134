"""The Hub client reads its environment once, when imported: it gets a loopback server before any test."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from skelrep.config import EncoderConfig, ModelConfig, PreprocessConfig
from skelrep.models import SkeletonEncoder
from skelrep.pretrained import load_pretrained

sys.path.insert(0, str(Path(__file__).parent))
from hub_server import HubServer

assert "huggingface_hub" not in sys.modules, "the Hub client was imported before its test environment was set"
_SERVER = HubServer()  # holds its port from here on; answers once the fixture asks
_HF_HOME = tempfile.TemporaryDirectory(prefix="skelrep-tests-")
for _name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_CACHE", "HF_HUB_OFFLINE"):
    os.environ.pop(_name, None)
for _name in ("XET", "TELEMETRY", "UPDATE_CHECK", "PROGRESS_BARS"):
    os.environ[f"HF_HUB_DISABLE_{_name}"] = "1"
torch.set_num_threads(1)  # tiny tensors on a busy machine: threads only wait for each other
os.environ |= {"HF_ENDPOINT": _SERVER.endpoint, "HF_HOME": _HF_HOME.name}


@pytest.fixture(scope="session")
def _running_server() -> Iterator[HubServer]:
    with _SERVER as server:
        yield server


@pytest.fixture
def hub(_running_server: HubServer) -> HubServer:
    """An empty Hub on loopback."""
    for store in (
        _running_server.repos,
        _running_server.objects,
        _running_server.faults,
        _running_server.log,
        _running_server.granted,
        _running_server.readers,
        _running_server.card_errors,
    ):
        store.clear()
    return _running_server


REPO = "acme/tiny"


def files_of(folder: Path) -> dict[str, bytes]:
    """The files of a folder by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def commit(hub: HubServer, tiny_folder: Path) -> str:
    """The first commit of a repo with the tiny model."""
    return hub.add_repo(REPO, files_of(tiny_folder))


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's pauses between tries take no time."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)


@pytest.fixture
def load(tmp_path: Path, no_pauses: None) -> Callable[..., SkeletonEncoder]:
    """`load_pretrained` with this test's cache."""

    def load(name: str = REPO, **options: Any) -> SkeletonEncoder:
        return load_pretrained(name, cache_dir=tmp_path / "cache", **options)

    return load


def make_encoder(recipe: str = "fixed", *, seed: int = 0, **fields: object) -> SkeletonEncoder:
    """A tiny random encoder in eval mode; every tensor matters, and different clips get different vectors."""
    fields = {"base_channels": 2, "feature_channels": 8} | fields
    config = EncoderConfig(recipe_name=recipe, **fields)  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(seed)
    encoder = SkeletonEncoder(
        ModelConfig(encoder=config, preprocess=PreprocessConfig(recipe_name=recipe, frames=12))
    )
    for name, tensor in encoder.state_dict().items():
        if not tensor.is_floating_point() or name.endswith("adjacency"):
            continue
        if tensor.dim() == 4:  # convolutions keep the scale of what passes through them
            tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5, generator=generator)
        elif name.endswith(("bias", "running_mean")):
            tensor.normal_(0, 0.1, generator=generator)
        else:
            tensor.uniform_(0.5, 1.5, generator=generator)
    return encoder.eval()


@pytest.fixture(scope="session")
def tiny() -> SkeletonEncoder:
    """A tiny random model of three views; do not change it."""
    return make_encoder()


@pytest.fixture
def tiny_folder(tiny: SkeletonEncoder, tmp_path: Path) -> Path:
    """The tiny model, saved."""
    folder = tmp_path / "tiny"
    tiny.save_pretrained(folder)
    return folder
