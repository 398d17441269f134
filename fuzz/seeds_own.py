"""Small files that skelrep itself writes, and hostile ones that claim to be such: where the changes begin."""

from __future__ import annotations

import io
import json
import os
from dataclasses import asdict

import torch

from skelrep.config import PretrainConfig
from skelrep.read import ClipStore, read_clips
from skelrep.train.log import StepRecord

from .models import reference_state, tiny_encoder
from .seeds import Runs, st_gcn


def store_indices() -> list[bytes]:
    """`clipstore.json`; its arrays are called `frames-0.npy` and `offsets-0.npy`."""
    index = {
        "format_version": 1, "frames": "frames-0.npy", "offsets": "offsets-0.npy", "names": ["a", "b"],
        "labels": [1, None], "fps": [30.0, None], "prepared": [False, True],
    }  # fmt: skip
    outside = [
        index | {"frames": name} for name in ("../x.npy", "/etc/passwd", "..", ".", "", "a\0b", "\udcff")
    ]
    return [json.dumps(one).encode() for one in (index, *outside)]


def store() -> ClipStore:
    """Two clips."""
    return ClipStore.from_clips(read_clips(st_gcn()))


def label_csv() -> list[bytes]:
    """name,label,group."""
    return [
        b"name,label\na,walk\nb,run\n",
        b"name,label,group\na,1,p1\nb,2,p2\n",
        b"\xef\xbb\xbfname,label\r\na,x\r\n",
    ]


def log_files() -> list[bytes]:
    """Lines of a training log."""
    lines = [
        StepRecord(step=n, epoch=1, stage=1, loss=2.5, losses={"joint": 2.5}, accuracy={"joint": 0.1},
        lr=1e-3, seconds=0.1)
        for n in range(1, 5)
    ]  # fmt: skip
    text = "".join(json.dumps(asdict(line)) + "\n" for line in lines).encode()
    return [text, text[:-9], b"{}\n", b'{"step": ' + b"[" * 9000 + b"\n"]


def torch_file(value: object) -> bytes:
    """What `torch.save` writes."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def checkpoints() -> list[bytes]:
    """A training checkpoint of a few numbers."""
    state = {
        "version": 1, "step": 3, "run": {"config": {"epochs": 3}, "clips": 4}, "versions": {"torch": "2"},
        "model": {"w": torch.zeros(2, 3)}, "optimizer": {"state": {}}, "monitor": None,
    }  # fmt: skip
    mapping: dict[str, object] = {}
    mapping["run"] = mapping
    return [
        torch_file(state),
        torch_file({**state, "run": mapping}),
        torch_file({**state, "run": 3}),
        torch_file([1]),
    ]


def reference_checkpoints() -> list[bytes]:
    """Published names, wrapped and bare; code that must not run."""
    state = reference_state()
    hostile = torch_file({"state_dict": Runs(os.system, "touch owned")})
    return [
        torch_file(state),
        torch_file({"state_dict": {f"module.{k}": v for k, v in state.items()}}),
        hostile,
    ]


def model_configs() -> list[bytes]:
    """`config.json` of an encoder."""
    text = json.dumps(tiny_encoder().config.to_dict()).encode()
    return [text, b'{"format_version": 1}', b'{"format_version": 1, "encoder": {"base_channels": 8}}']


def pretrain_configs() -> list[bytes]:
    """The file of `skelrep train --config`."""
    recipes = [PretrainConfig.recipe("fixed"), PretrainConfig.recipe("faithful")]
    return [json.dumps(recipe.to_dict()).encode() for recipe in recipes]
