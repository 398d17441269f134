"""All targets: which public reader each kind of file goes to, and where the file lies."""

from __future__ import annotations

import functools
import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from skelrep import Clip, read_clips
from skelrep.classifier import finetune, load_classifier
from skelrep.cli.label_file import match_labels, read_labels
from skelrep.cli.train_config import read_config
from skelrep.convert import load_reference_checkpoint
from skelrep.errors import SkelrepError
from skelrep.golden import golden_shapes
from skelrep.read import ClipStore
from skelrep.train.checkpoint import load_newest
from skelrep.train.log import read_log, truncate_log
from skelrep.weights_file import ModelFiles, check_tensors
from skelrep.weights_io import load_model, read_pair

from . import seeds, seeds_own
from .models import tiny_encoder
from .targets import Files, Target

RUN = {"config": {"epochs": 3}, "clips": 4}


def _at(name: str) -> Callable[[bytes], str]:
    return lambda _: name


def _both_recipes(path: Path) -> object:
    for recipe in ("faithful", "fixed"):
        try:
            clips = read_clips(path, recipe=recipe)  # type: ignore[arg-type]
        except SkelrepError as error:
            last = error
        else:
            last = None
    if last is not None:
        raise last
    return clips


def _lifted(path: Path) -> object:
    """As images, and with gaps filled: what stops at 2D positions would leave most of the code untouched."""
    return read_clips(path, lift_2d=True, max_gap=3)


def _labels_of_array(path: Path) -> object:
    return read_clips(path.with_name("X_data.npy"))


def _recording(path: Path) -> object:
    return read_clips(path.with_suffix(".txt"))


def _openpose(path: Path) -> object:
    return read_clips(path.parent, lift_2d=True)


def _store(path: Path) -> object:
    store = ClipStore.open(path.parent)
    return list(store)


def _csv_labels(path: Path) -> object:
    nobody = np.ones((3, 1, 25, 1), dtype=np.float32)
    return match_labels([Clip(data=nobody, name=name) for name in "ab"], read_labels(path), path)


def _log(path: Path) -> object:
    records = read_log(path)
    truncate_log(path, 2)
    return records


def _newest(path: Path) -> object:
    return load_newest(path.parent, RUN)


def _checkpoint_name(data: bytes) -> str:
    return f"step-00000003-{hashlib.sha256(data).hexdigest()[:12]}.pt"


@functools.cache
def _saved(kind: str) -> Files:
    """The two files of a tiny model or classifier."""
    with tempfile.TemporaryDirectory() as folder:
        if kind == "model":
            tiny_encoder().save_pretrained(folder)
        else:
            x = seeds.motion().astype(np.float32).transpose(2, 0, 1)[..., None]
            clips = [x + 0.1 * n for n in range(6)]
            finetune(tiny_encoder(), clips, ["a", "b"] * 3, validation=0.0).save_pretrained(folder)
        return {name: (Path(folder) / name).read_bytes() for name in ("config.json", "model.safetensors")}


def _weights_for(kind: str) -> Callable[[bytes], Files]:
    """Weights that claim to have been saved with whatever `config.json` was given."""

    def beside(config: bytes) -> Files:
        saved = _saved(kind)
        old, new = (hashlib.sha256(text).hexdigest().encode() for text in (saved["config.json"], config))
        return {"model.safetensors": saved["model.safetensors"].replace(old, new)}

    return beside


def _config_seeds(kind: str) -> Callable[[], list[bytes]]:
    return lambda: [_saved(kind)["config.json"], *seeds_own.model_configs()]


def _in_folder(load: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda path: load(path.parent)


def _weights(path: Path) -> object:
    """`load_model`, which builds the model only for files that fit it: building takes longest."""
    files, encoder = ModelFiles.in_folder(path.parent), tiny_encoder()
    _, tensors = read_pair(files)
    wanted = encoder.state_dict() | golden_shapes(encoder, tensors)
    check_tensors(tensors, wanted, files.weights, files.remedy)
    return load_model(files)


NTU_NAME = "S001C001P001R001A001.skeleton"
_ALL = [
    Target(name="skeleton", kind="text", seeds=seeds.skeleton, read=_both_recipes, path=_at(NTU_NAME)),
    Target(name="npy", kind="npy", seeds=seeds.npy_files, read=_lifted, path=_at("x.npy")),
    Target(name="npz", kind="zip", seeds=seeds.npz_files, read=_lifted, path=_at("x.npz")),
    Target(
        name="label pickle", kind="pickle", seeds=seeds.label_pickles, read=_labels_of_array,
        path=_at("X_label.pkl"), beside=lambda _: _arrays()["labels"],
    ),
    Target(name="pyskl pickle", kind="pickle", seeds=seeds.pyskl_pickles, read=_lifted, path=_at("x.pkl")),
    Target(name="json", kind="json", seeds=seeds.json_files, read=_lifted, path=_at("x.json")),
    Target(
        name="openpose folder", kind="json", seeds=seeds.openpose_frames, read=_openpose,
        path=_at("walk/w_000000000001_keypoints.json"),
        beside=lambda _: _arrays()["openpose"],
    ),
    Target(name="csv", kind="text", seeds=seeds.csv_files, read=_lifted, path=_at("x.csv")),
    Target(name="bvh", kind="text", seeds=seeds.bvh_files, read=_lifted, path=_at("x.bvh")),
    Target(name="pku", kind="text", seeds=seeds.pku_files, read=_lifted, path=_at("pku/0002-L.txt")),
    Target(
        name="pku labels", kind="text", seeds=seeds.pku_labels, read=_recording, path=_at("pku/0002-L.label"),
        beside=lambda _: _arrays()["pku"],
    ),
    Target(
        name="store index", kind="json", seeds=seeds_own.store_indices, read=_store,
        path=_at("store/clipstore.json"), beside=lambda _: _arrays()["store"],
    ),
    Target(name="label csv", kind="text", seeds=seeds_own.label_csv, read=_csv_labels, path=_at("l.csv")),
    Target(name="train log", kind="json", seeds=seeds_own.log_files, read=_log, path=_at("log.jsonl"),
    writes=True),
    Target(name="train config", kind="json", seeds=seeds_own.pretrain_configs, read=read_config,
    path=_at("c.json")),
    Target(
        name="model config", kind="json", seeds=_config_seeds("model"), read=_in_folder(load_model),
        path=_at("config.json"), beside=_weights_for("model"),
    ),
    Target(
        name="classifier config", kind="json", seeds=_config_seeds("classifier"),
        read=_in_folder(load_classifier), path=_at("config.json"), beside=_weights_for("classifier"),
    ),
    Target(
        name="safetensors", kind="safetensors", seeds=lambda: [_saved("model")["model.safetensors"]],
        read=_weights, path=_at("model.safetensors"),
        beside=lambda _: {"config.json": _saved("model")["config.json"]},
    ),
    Target(name="checkpoint", kind="zip", seeds=seeds_own.checkpoints, read=_newest, path=_checkpoint_name),
    Target(
        name="published checkpoint", kind="zip", seeds=seeds_own.reference_checkpoints,
        read=load_reference_checkpoint, path=_at("x.pt"),
    ),
]  # fmt: skip
TARGETS = {target.name: target for target in _ALL}


@functools.cache
def _arrays() -> dict[str, Files]:
    one = seeds_own.store()
    frame = seeds.openpose_frames()[0]
    return {
        "labels": {"X_data.npy": seeds.npy(seeds.st_gcn())},
        "openpose": {
            "walk/w_000000000000_keypoints.json": frame,
            "walk/w_000000000002_keypoints.json": frame,
        },
        "pku": {"pku/0002-L.txt": seeds.pku_files()[0]},
        "store": {"store/frames-0.npy": seeds.npy(one.frames), "store/offsets-0.npy": seeds.npy(one.offsets)},
    }
