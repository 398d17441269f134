"""Which weights a name means, and what is said when it means none."""

from pathlib import Path

import pytest
import torch
from conftest import make_encoder

import skelrep.pretrained as room
from skelrep.errors import ConfigError, WeightsNotFoundError
from skelrep.pretrained import PretrainedInfo, find_pretrained, list_pretrained, load_pretrained
from skelrep.weights_io import ModelFiles, verify_model

CARD = """---
license: cc0-1.0
datasets:
- uiprmd
- cmu
---
# Tiny
"""


@pytest.fixture
def embedded(tmp_path, monkeypatch):
    """A package with two embedded models, one of them with a card, and a folder that is none."""
    folder = tmp_path / "weights"
    make_encoder().save_pretrained(folder / "default")
    (folder / "default" / "README.md").write_text(CARD)
    make_encoder(views=("joint",)).save_pretrained(folder / "joint-small")
    (folder / "__pycache__").mkdir()
    monkeypatch.setattr(room, "EMBEDDED", folder)
    return folder


def test_embedded_names_come_first(embedded, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_encoder(pooling="parts").save_pretrained(tmp_path / "default")
    assert load_pretrained().embedding_dim == 24
    assert load_pretrained("joint-small").views == ("joint",)
    assert load_pretrained("./default").embedding_dim == 360


def test_list(embedded):
    default, joint = list_pretrained()
    assert default == PretrainedInfo(
        name="default",
        views=("joint", "motion", "bone"),
        embedding_dim=24,
        parameters=sum(p.numel() for p in load_pretrained().parameters()),
        license="cc0-1.0",
        training_data=("uiprmd", "cmu"),
    )
    assert (joint.name, joint.license, joint.training_data) == ("joint-small", "unknown", ())
    assert 3 * joint.parameters == default.parameters


@pytest.mark.parametrize(
    ("card", "data"),
    [
        ("---\ndatasets: cmu\n---\n", ("cmu",)),
        ("no front matter", ()),
        ("---\n- a\n: [\n---\n", ()),
        ("\xff", ()),
    ],
)
def test_odd_cards(embedded, card, data):
    (embedded / "default" / "README.md").write_text(card, encoding="latin-1")
    assert list_pretrained()[0].training_data == data


def test_local_readings(tiny, tiny_folder, tmp_path):
    for name in (
        tiny_folder,
        str(tiny_folder),
        tiny_folder / "config.json",
        tiny_folder / "model.safetensors",
    ):
        found = find_pretrained(name)
        assert isinstance(found, ModelFiles)
        assert verify_model(load_pretrained(name), found) < 1e-6
    x = torch.randn(1, 3, 12, 25, 1)
    assert torch.equal(load_pretrained(tiny_folder, device="cpu")(x), tiny(x))
    checkpoint = tmp_path / "published.pth"
    checkpoint.write_bytes(b"")
    assert find_pretrained(str(checkpoint)) == checkpoint


def test_revision_of_something_local(tiny_folder):
    with pytest.raises(ConfigError, match=r"revision='v1' was given, but .* is local"):
        load_pretrained(tiny_folder, revision="v1")


@pytest.mark.parametrize(
    "name", ["defualt", "", "a/b/c", "../up", "owner/na me", "x" * 5000, "nul\0", "-/.."]
)
def test_nothing_fits(embedded, name):
    with pytest.raises(WeightsNotFoundError) as caught:
        load_pretrained(name)
    message = str(caught.value)
    for reading in ("no embedded model", "no such folder or file", "no Hub repo id of the form 'owner/name'"):
        assert reading in message
    assert "Did you mean 'default'?" in message if name == "defualt" else "default, joint-small" in message


def test_paths_are_never_hub_ids(hub):
    with pytest.raises(WeightsNotFoundError, match="no such folder or file"):
        load_pretrained(Path("owner/name"))
    with pytest.raises(
        WeightsNotFoundError, match="'owner/name' is neither a local folder nor a public repo"
    ):
        load_pretrained("owner/name")
    assert hub.count("owner/name") == 1


def test_repo_id_that_only_the_client_refuses(hub):
    with pytest.raises(WeightsNotFoundError, match="owner/na--me"):
        load_pretrained("owner/na--me")
    assert hub.log == []


def test_other_files(tmp_path):
    (tmp_path / "clip.npy").write_bytes(b"")
    with pytest.raises(
        WeightsNotFoundError, match=r"neither a \.pt or \.pth checkpoint nor part of a model folder"
    ):
        load_pretrained(tmp_path / "clip.npy")


def test_default_weights_are_what_they_claim():
    """The weights that come with the package."""
    model = load_pretrained()
    assert model.views == ("joint", "motion", "bone")
    assert verify_model(model, find_pretrained("default")) < 1e-4
    (info,) = [info for info in list_pretrained() if info.name == "default"]
    assert info.license != "unknown"
    assert info.training_data
    size = sum(p.stat().st_size for p in (room.EMBEDDED / "default").iterdir())
    assert size < 12e6
