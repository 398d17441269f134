"""What checkpoints cost: the default model of three views, its optimiser, and queues of 32768 rows.

    python benchmarks/checkpoint_cost.py [--batch-size 16] [--json benchmarks/results/checkpoint_cost.json]
    python benchmarks/checkpoint_cost.py --docs benchmarks/results/checkpoint_cost.json

A checkpoint costs the training the time in which it waits (checking and copying the state), and the machine
the work of the thread that serialises, hashes and writes. The share is the sum of both over the time between
two checkpoints at the default frequency: `checkpoint_steps` or `checkpoint_minutes`, whichever comes first. A
small batch makes steps shorter, and so the share larger than with the default's.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from pages import fill
from records import provenance, table, write_json

from skelrep.config import PretrainConfig
from skelrep.read import ClipStore
from skelrep.train.checkpoint import find_checkpoints
from skelrep.train.run import Run
from skelrep.train.trainer import checkpoint_of
from skelrep.train.writer import CheckpointWriter

ROOT = Path(__file__).parents[1]
MEASURED = (
    "megabytes",
    "seconds a step",
    "seconds waited",
    "seconds beside",
    "seconds between",
    "percent",
)
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
    percent = 100 * (waited + beside) / between
    return dict(zip(MEASURED, (size / 1e6, step, waited, beside, between, percent), strict=True))


def write_docs(record: Path) -> None:
    """Put the table into docs/reliability.md."""
    found = json.loads(record.read_text())
    settings = {name: str(found[name]) for name in ("batch_size", "threads")}
    numbers = {name: f"{found[name]:.3g}" for name in MEASURED}
    row = settings | numbers
    lines = [" | ".join(row), "|".join(["---"] * len(row)), " | ".join(row.values())]
    fill(ROOT / "docs" / "reliability.md", "cost", "".join(f"| {line} |\n" for line in lines))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the record here")
    parser.add_argument("--docs", type=Path, metavar="RECORD", help="only fill the page from this record")
    args = parser.parse_args()
    if args.docs:
        write_docs(args.docs)
        return
    torch.set_num_threads(args.threads)
    found = measure(args.batch_size, args.steps, args.repeats)
    print(table([*found], [[f"{value:.4g}" for value in found.values()]]))
    if args.json:
        settings = {"batch_size": args.batch_size, "threads": args.threads, "queue": QUEUE}
        write_json(args.json, {**provenance(), **settings, **found})


if __name__ == "__main__":
    main()
