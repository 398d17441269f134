"""No public call changes what belongs to the whole process, whether it returns or raises."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import sklearn.linear_model  # noqa: F401 - what other libraries set when they are imported is not ours:
import torch
import torch._dynamo  # optimizers bring it in
from conftest import make_encoder
from labelled import labelled_clips, small_encoder
from tiny_training import tiny_config, walks

import skelrep
from skelrep.cli import main
from skelrep.convert import convert
from skelrep.errors import SkelrepError
from skelrep.preprocess import preprocess
from skelrep.read import as_clips, choose_bodies, fill_gaps
from skelrep.segments import change_points
from skelrep.stream import StreamingEncoder
from skelrep.viz import plot_clip, save_figure

CLIPS, LABELS = labelled_clips(each=4)
MODEL, SMALL, IN_TRAINING = make_encoder(), small_encoder(), make_encoder().train()
VECTORS = np.random.default_rng(0).normal(size=(12, 5))
Call = Callable[[Path], object]


def hashable(value: Any) -> Any:
    return value.tobytes() if isinstance(value, np.ndarray) else value


def process_state() -> dict[str, Any]:
    """What a library must leave alone, by name."""
    loggers = {
        name: (one.level, one.disabled, one.propagate, tuple(map(id, one.handlers)))
        for name, one in logging.root.manager.loggerDict.items()
        if isinstance(one, logging.Logger)
    }
    return {
        "gradients": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "default dtype": torch.get_default_dtype(),
        "default device": torch.empty(0).device,
        "deterministic": (torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark),
        "precision": (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32),
        "autocast": (torch.is_autocast_enabled("cpu"), torch.is_autocast_cache_enabled()),
        "mkldnn": torch.backends.mkldnn.enabled,
        "flush denormal": torch.tensor(1e-40).item() > 0,
        "torch random": torch.get_rng_state().numpy().tobytes(),
        "numpy random": tuple(map(hashable, np.random.get_state())),  # noqa: NPY002
        "random": random.getstate(),
        "numpy errors": np.geterr(),
        "numpy printing": {name: value for name,
        value in np.get_printoptions().items() if name != "formatter"},
        "warnings": (list(warnings.filters), warnings.showwarning, warnings.formatwarning),
        "logging": (logging.root.level, tuple(map(id, logging.root.handlers)), logging.root.manager.disable),
        "loggers": loggers,
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "timers": signal.getitimer(signal.ITIMER_REAL),
        "folder": str(Path.cwd()),
        "environment": dict(os.environ),
        "hooks": (sys.excepthook, sys.displayhook, threading.excepthook, sys.gettrace(), sys.getprofile()),
        "streams": (sys.stdout, sys.stderr, sys.stdin),
        "limits": (sys.getrecursionlimit(), sys.getswitchinterval(), sys.get_int_max_str_digits()),
        "path": list(sys.path),
        "threads alive": {thread.name for thread in threading.enumerate() if not thread.daemon},
        "matplotlib": (mpl.get_backend(auto_select=False),
        {name: mpl.rcParams[name] for name in mpl.rcParams if name != "backend"}),
    }  # fmt: skip


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    names = [name for name in before if name != "loggers" and before[name] != after[name]]
    # New loggers come with imports; those that were there keep their settings.
    return names + [f"logger {n}" for n, one in before["loggers"].items() if after["loggers"].get(n) != one]


def _train(folder: Path, **options: Any) -> object:
    return skelrep.train_crossclr(
        walks(4), tiny_config(epochs=1), output_dir=folder / "run", progress=False, **options
    )


def _saved(folder: Path) -> Path:
    MODEL.save_pretrained(folder / "model")
    return folder / "model"


def _clip(folder: Path) -> Path:
    np.save(folder / "a.npy", CLIPS[0])
    return folder / "a.npy"


GOOD: dict[str, Call] = {
    "encode": lambda _: skelrep.encode(CLIPS, MODEL),
    "encode a model in training": lambda _: skelrep.encode(CLIPS, IN_TRAINING),
    "encode with a bar": lambda _: skelrep.encode(CLIPS, MODEL, progress=True),
    "stream": lambda _: StreamingEncoder(MODEL, window=4).push(CLIPS[0]),
    "load_pretrained": lambda folder: skelrep.load_pretrained(_saved(folder)),
    "list_pretrained": lambda _: skelrep.list_pretrained(),
    "save_pretrained": lambda folder: MODEL.save_pretrained(folder),
    "read_clips": lambda folder: skelrep.read_clips(_clip(folder)),
    "inspect_clips": lambda folder: skelrep.inspect_clips(_clip(folder)),
    "as_clips": lambda _: as_clips(CLIPS),
    "store": lambda folder: skelrep.ClipStore.from_clips(as_clips(CLIPS)).save(folder),
    "fill_gaps": lambda _: fill_gaps(CLIPS[0]),
    "choose_bodies": lambda _: choose_bodies(CLIPS[0]),
    "preprocess": lambda _: preprocess(CLIPS, MODEL.config.preprocess),
    "train_crossclr": _train,
    "train_crossclr again": lambda folder: (_train(folder), _train(folder)),
    "finetune": lambda _: skelrep.finetune(SMALL, CLIPS, LABELS, mode="full", epochs=1, progress=False),
    "knn_probe": lambda _: skelrep.knn_probe(VECTORS, LABELS, VECTORS, LABELS),
    "linear_probe": lambda _: skelrep.linear_probe(VECTORS, LABELS, VECTORS, LABELS),
    "doctor": lambda folder: str(skelrep.doctor(_clip(folder), progress=False)),
    "change_points": lambda _: change_points(VECTORS),
    "plot": lambda folder: save_figure(plot_clip(as_clips(CLIPS)[0]), folder / "a.png"),
    "command line": lambda folder: main(["encode", str(_clip(folder)), "-o", str(folder / "o.npz"),
    "--quiet"]),
    "command line, refused": lambda folder: main(["encode", str(folder / "none"), "-o",
    str(folder / "o.npz")]),
}  # fmt: skip
NOT_A_NUMBER = np.full((3, 8, 25, 1), np.nan)
BAD: dict[str, Call] = {
    "encode": lambda _: skelrep.encode([*CLIPS, NOT_A_NUMBER], MODEL),
    "encode, late": lambda _: skelrep.encode([CLIPS[0], CLIPS[1]], MODEL, preprocess=False),
    "encode in training": lambda _: skelrep.encode(CLIPS[:2], IN_TRAINING, preprocess=False),
    "load_pretrained": lambda folder: skelrep.load_pretrained(folder),
    "load a Hub repo": lambda _: skelrep.load_pretrained("no-body/nothing", local_files_only=True),
    "load_classifier": lambda folder: skelrep.load_classifier(_saved(folder)),
    "read_clips": lambda folder: skelrep.read_clips(folder),
    "inspect_clips": lambda _: skelrep.inspect_clips(NOT_A_NUMBER),
    "store": lambda folder: skelrep.ClipStore.open(folder),
    "preprocess": lambda _: preprocess([NOT_A_NUMBER[:2]], MODEL.config.preprocess),
    "train_crossclr": lambda folder: _train(folder, device="nowhere"),
    "train_crossclr, diverging": lambda folder: skelrep.train_crossclr(
        walks(4), tiny_config(learning_rate=1e30, warmup_epochs=0), output_dir=folder / "run", progress=False
    ),
    "finetune": lambda _: skelrep.finetune(SMALL, CLIPS, LABELS[:3]),
    "knn_probe": lambda _: skelrep.knn_probe(VECTORS, LABELS[:2], VECTORS, LABELS),
    "linear_probe": lambda _: skelrep.linear_probe(VECTORS, LABELS, VECTORS * np.nan, LABELS),
    "doctor": lambda folder: skelrep.doctor(folder / "none"),
    "convert": lambda folder: convert(folder / "none.pt", folder),
    "save_pretrained": lambda folder: MODEL.save_pretrained(_clip(folder) / "below a file"),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_calls_leave_the_process_as_it_was(name: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = process_state()
        GOOD[name](tmp_path)
        assert changed(before, process_state()) == []


@pytest.mark.parametrize("name", BAD)
def test_errors_leave_the_process_as_it_was(name: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = process_state()
        with pytest.raises(SkelrepError):
            BAD[name](tmp_path)
        assert changed(before, process_state()) == []


def test_the_look_sees_changes() -> None:
    before = process_state()
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.inference_mode())
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        torch.set_default_dtype(torch.float64)
        stack.callback(torch.set_default_dtype, torch.float32)
        level = logging.getLogger("matplotlib").level
        logging.getLogger("matplotlib").setLevel(logging.ERROR + level)
        stack.callback(logging.getLogger("matplotlib").setLevel, level)
        found = changed(before, process_state())
    assert set(found) == {"gradients", "default dtype", "warnings", "logger matplotlib"}
    assert changed(before, process_state()) == []
