"""Clips and configurations small enough to train on within a second, and ways to compare runs."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from skelrep.config import EncoderConfig, PreprocessConfig, PretrainConfig
from skelrep.train.checkpoint import find_checkpoints


def walks(count: int = 10, seed: int = 0, bodies: int = 1) -> list[np.ndarray]:
    """Random poses in slow random motion, 12 to 29 frames, float32 (3, T, 25, bodies), about a metre tall."""
    rng = np.random.default_rng(seed)
    return [
        (
            0.3 * rng.normal(size=(3, 1, 25, bodies))
            + 0.02 * rng.normal(size=(3, int(rng.integers(12, 30)), 25, bodies)).cumsum(axis=1)
        ).astype(np.float32)
        for _ in range(count)
    ]


def tiny_config(
    recipe: str = "fixed", *, views: tuple[str, ...] = ("joint", "motion"), **changes: Any
) -> PretrainConfig:
    """2 steps an epoch on 10 clips; stage 2 from the second of 3 epochs, where there are two views."""
    base = PretrainConfig.recipe(recipe)
    tiny = {
        "encoder": EncoderConfig(
            recipe_name=recipe,
            views=views,
            base_channels=4,
            feature_channels=16,
            dropout=0.5 if recipe == "faithful" else 0.0,
        ),
        "preprocess": PreprocessConfig(recipe_name=recipe, frames=16),
        "batch_size": 8,
        "epochs": 3,
        "cross_view_epoch": 2,
        "queue_size": 8,
        "projection_dim": 8,
        "warmup_epochs": 1,
        "decay_epoch": 2,
        "checkpoint_steps": 100,
    }
    return dataclasses.replace(base, **(tiny | changes))


def log_lines(folder: Path) -> list[dict[str, Any]]:
    """The log without the times."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


def newest_state(folder: Path) -> dict[str, Any]:
    """The content of the newest checkpoint."""
    return torch.load(find_checkpoints(folder / "checkpoints")[0], weights_only=True)


def same(a: Any, b: Any) -> bool:
    """Whether two nested states are equal, tensors bit for bit."""
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


def same_runs(a: Path, b: Path) -> bool:
    """Whether two output folders hold the same weights, queues, optimiser, log and model, bit for bit."""
    one, other = newest_state(a), newest_state(b)
    states = all(same(one[name], other[name]) for name in ("step", "model", "optimizer"))
    files = (a / "model.safetensors").read_bytes() == (b / "model.safetensors").read_bytes()
    return states and files and log_lines(a) == log_lines(b)
