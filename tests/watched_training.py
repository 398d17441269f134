"""Tiny trainings that leave a trace of every step, to be killed and compared (benchmarks/kill_test.py)."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tiny_training import log_lines, newest_state, same, tiny_config, walks
from tqdm import tqdm

from skelrep.clips import Clip
from skelrep.config import PretrainConfig
from skelrep.crossclr import CrosSCLR
from skelrep.read import ClipStore
from skelrep.train import KnnMonitor, train_crossclr
from skelrep.train.run import Run

SCENARIOS: dict[str, PretrainConfig] = {
    "fixed": tiny_config("fixed"),
    "faithful": tiny_config("faithful"),
    "bad clips": tiny_config("fixed", on_bad_clip="skip"),
    "monitor": tiny_config("fixed", views=("joint",)),
}
WITNESS = "witness.jsonl"


def train_watched(folder: Path, scenario: str, cadence: int, slow_disk: float = 0.0) -> None:
    """Train a scenario in this process, with a checkpoint every `cadence` steps and flushes made slower."""
    torch.set_num_threads(1)
    # The usual one is shared between processes, and stays when one is killed.
    tqdm.set_lock(threading.RLock())
    warnings.simplefilter("ignore")
    slow_down_flushes(slow_disk)
    leave_traces(folder / WITNESS)
    config = dataclasses.replace(SCENARIOS[scenario], checkpoint_steps=cadence)
    train_crossclr(
        clips_of(scenario, folder),
        config,
        output_dir=folder,
        monitor=monitor_of(scenario),
        device="cpu",
        progress=False,
    )


def clips_of(scenario: str, folder: Path) -> object:
    """The scenario's clips; the bad ones lie in a store on disk, as checked clips would be refused."""
    if scenario != "bad clips":
        return walks()
    store, place = ClipStore.from_clips([Clip(data=clip) for clip in walks()]), folder.parent / "store"
    store.frames[store.offsets[3], 0, 4, 0] = np.nan
    store.frames[store.offsets[6] : store.offsets[7]] = 0
    if not place.exists():
        store.save(place)
    return ClipStore.open(place)


def monitor_of(scenario: str) -> KnnMonitor | None:
    """Labelled clips, where the scenario watches some."""
    if scenario != "monitor":
        return None
    return KnnMonitor(clips=walks(4, seed=9), labels=["walk", "walk", "sit", "sit"])


def slow_down_flushes(seconds: float) -> None:
    """Let every flush to the disk of this process take longer."""
    flush = os.fsync

    def slow(descriptor: int) -> None:
        time.sleep(seconds)
        flush(descriptor)

    os.fsync = slow


def leave_traces(path: Path) -> None:
    """Have every step of this process append what it sees: crops (with them clips, order), random state."""
    forward, step = CrosSCLR.forward, Run.step
    doing = {"step": 0}

    def watched_step(run: Run) -> Any:
        doing["step"] = run.done + 1
        return step(run)

    def watched_forward(model: CrosSCLR, x_query: torch.Tensor, x_key: torch.Tensor, **rest: Any) -> Any:
        crops = digest(x_query) + digest(x_key)
        taken = {"step": doing["step"], "process": os.environ.get("RANK", "0")}
        line = {**taken, "crops": crops, "random state": digest(torch.get_rng_state())}
        with path.open("a") as file:
            file.write("\n" + json.dumps(line))  # begins the line: a kill may have cut the one before short
        return forward(model, x_query, x_key, **rest)

    replace_methods(((CrosSCLR, "forward", watched_forward), (Run, "step", watched_step)))


def replace_methods(methods: tuple[tuple[type, str, Callable[..., Any]], ...]) -> None:
    """Put other methods into classes, for good: only in processes that end with the training."""
    for kind, name, method in methods:
        setattr(kind, name, method)


def digest(tensor: torch.Tensor) -> str:
    """Sixteen hex digits of a tensor's bytes."""
    return hashlib.sha256(tensor.detach().contiguous().numpy().tobytes()).hexdigest()[:16]


def witness(folder: Path) -> list[dict[str, Any]]:
    """What the steps saw, in the order they were taken; lines that a kill cut short are left out."""
    found = []
    for line in (folder / WITNESS).read_text().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def differences(folder: Path, reference: Path) -> tuple[list[str], int]:
    """In what a run differs from the uninterrupted one, and how many steps it took more than once."""
    mine, theirs = newest_state(folder), newest_state(reference)
    parts = ("step", "model", "optimizer", "monitor")
    found = [name for name in parts if not same(mine[name], theirs[name])]
    files = ("model.safetensors", "config.json", "bad_clips.json")
    found += [name for name in files if read(folder / name) != read(reference / name)]
    if log_lines(folder) != log_lines(reference):
        found.append("log.jsonl")
    seen = {step_of(line): line for line in witness(reference)}
    steps = witness(folder)
    if any(line != seen[step_of(line)] for line in steps) or {step_of(line) for line in steps} != set(seen):
        found.append("order, crops or random state")
    litter = [path.name for path in folder.rglob(".*")]
    taken = [line["step"] for line in steps if line["process"] == "0"]
    return found + litter, len(taken) - len(set(taken))


def step_of(line: dict[str, Any]) -> tuple[int, str]:
    """Which step, and which process's part of it."""
    return line["step"], line["process"]


def read(path: Path) -> bytes | None:
    """A file's bytes; None for none."""
    return path.read_bytes() if path.exists() else None
