"""What checkpoints cost: the default model of three views, its optimiser, and queues of 32768 rows.

    python benchmarks/checkpoint_cost.py [--batch-size 16] [--json benchmarks/results/checkpoint_cost.json]

A checkpoint costs the training the time in which it waits (checking and copying the state), and the machine
the work of the thread that serialises, hashes and writes. The share is the sum of both over the time between
two checkpoints at the default frequency: `checkpoint_steps` or `checkpoint_minutes`, whichever comes first. A
small batch makes steps shorter, and so the share larger than with the default's.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from records import provenance, table, write_json

from skelrep.config import PretrainConfig
from skelrep.read import ClipStore
from skelrep.train.checkpoint import find_checkpoints
from skelrep.train.run import Run
from skelrep.train.trainer import checkpoint_of
from skelrep.train.writer import CheckpointWriter

QUEUE = 32768  # "fixed" caps the queue at half the number of clips


def many_clips(count: int) -> ClipStore:
    """Clips of one frame, so that the queue has its full size."""
    frames = np.random.default_rng(0).normal(0, 0.3, (count, 1, 25, 3)).astype(np.float32)
    none = [None] * count
    return ClipStore(frames, np.arange(count + 1), [""] * count, none, none, [False] * count)


def seconds_of_steps(run: Run, steps: int) -> float:
    """The median time of a step, after one that is not timed."""
    return statistics.median([run.step().seconds for _ in range(steps + 1)][1:])


def cost_of_one(run: Run, folder: Path) -> tuple[float, float]:
    """Seconds that the training waits for a checkpoint, and seconds of work beside it."""
    with CheckpointWriter(folder, run.config, lambda: None) as writer:
        began = time.perf_counter()
        writer.save(checkpoint_of(run, {}, None))
        waited = time.perf_counter() - began
        writer.wait()
        return waited, time.perf_counter() - began - waited


def measure(batch_size: int, steps: int, repeats: int) -> dict[str, float]:
    """Steps and checkpoints of the default model."""
    config = dataclasses.replace(PretrainConfig(), batch_size=batch_size)
    run = Run(many_clips(2 * QUEUE), config, torch.device("cpu"), None)
    step = seconds_of_steps(run, steps)
    with tempfile.TemporaryDirectory() as folder:
        costs = [cost_of_one(run, Path(folder)) for _ in range(repeats)]
        size = find_checkpoints(Path(folder))[0].stat().st_size
    waited, beside = (statistics.median(column) for column in zip(*costs, strict=True))
    between = min(config.checkpoint_steps * step, 60 * config.checkpoint_minutes)
    return {
        "megabytes": size / 1e6,
        "seconds a step": step,
        "seconds waited": waited,
        "seconds beside": beside,
        "seconds between": between,
        "percent": 100 * (waited + beside) / between,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the record here")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    found = measure(args.batch_size, args.steps, args.repeats)
    print(table([*found], [[f"{value:.4g}" for value in found.values()]]))
    if args.json:
        settings = {"batch_size": args.batch_size, "threads": args.threads, "queue": QUEUE}
        write_json(args.json, {**provenance(), **settings, **found})


if __name__ == "__main__":
    main()
