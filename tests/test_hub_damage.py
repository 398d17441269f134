"""A cached file that was damaged is noticed, said, and healed; a pinned load asks for nothing."""

import json
import random

import pytest

from skelrep.classifier import load_classifier
from skelrep.errors import ConfigError, WeightsError

WEIGHTS, CONFIG = "model.safetensors", "config.json"


def cut(data):
    return data[: len(data) // 2]


def flip_a_bit_of_the_numbers(data):
    blob = bytearray(data)
    blob[random.Random(0).randrange(len(data) // 2, len(data))] ^= 4
    return bytes(blob)


def edit(data):
    return json.dumps(json.loads(data) | {"novelty": 1}).encode()


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        (WEIGHTS, cut, "not a whole safetensors file"),
        (WEIGHTS, flip_a_bit_of_the_numbers, "its numbers are not the ones that were saved"),
        (WEIGHTS, lambda data: b"", "not a whole safetensors file"),
        (CONFIG, cut, "one of them is damaged"),
        (CONFIG, edit, "one of them is damaged"),
        (CONFIG, lambda data: b"", "one of them is damaged"),
    ],
)
def test_damage_is_noticed_said_and_healed(hub, commit, load, tmp_path, name, damage, message):
    load(revision=commit)
    (cached,) = (tmp_path / "cache").rglob(f"snapshots/*/{name}")
    blob = cached.resolve()
    blob.write_bytes(damage(blob.read_bytes()))
    hub.log.clear()
    for options in ({}, {"revision": commit}, {"local_files_only": True}):
        with pytest.raises(
            WeightsError, match=f"{message}.* force_download=True heals a damaged cached file"
        ):
            load(**options)
    assert load(force_download=True, revision=commit).commit_hash == commit
    hub.log.clear()
    assert load(revision=commit).embedding_dim == 24
    assert hub.log == []


def test_a_repo_of_something_else_is_called_so(hub, load):
    hub.add_repo("acme/bert", {CONFIG: b'{"model_type": "bert"}', WEIGHTS: b"\x02" + b"\0" * 7 + b"{}"})
    with pytest.raises(ConfigError, match="check that it is a skelrep model at all"):
        load("acme/bert")
    with pytest.raises(ConfigError, match="check that it is a skelrep model at all"):
        load_classifier("acme/bert")
