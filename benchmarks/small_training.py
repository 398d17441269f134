"""Tiny trainings to inject faults into, and what to compare them with."""

from __future__ import annotations

import functools
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from faults import told

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from tiny_training import same_runs, tiny_config, walks  # noqa: E402
from watched_training import train_watched  # noqa: E402

from skelrep.config import PretrainConfig  # noqa: E402
from skelrep.train import train_crossclr  # noqa: E402
from skelrep.train.run import Run  # noqa: E402

CONFIG = tiny_config(checkpoint_steps=2)
SAME = "ends as if it had not happened"


def train(folder: Path, clips: object = None, config: PretrainConfig = CONFIG) -> None:
    """A tiny run of six steps."""
    train_crossclr(walks() if clips is None else clips, config, output_dir=folder, device="cpu")


@functools.cache
def whole_run() -> Path:
    """The same run without a fault."""
    folder = Path(tempfile.mkdtemp(prefix="skelrep-whole-"))
    train(folder)
    return folder


def compared(folder: Path) -> str:
    """Whether a run ended as the one without a fault, bit for bit, and left nothing else behind."""
    litter = [path.name for path in folder.rglob(".*")]
    return SAME if same_runs(folder, whole_run()) and not litter else f"ends differently {litter}"


def in_step(number: int, action: Callable[[], object], train_it: Callable[[], object]) -> str:
    """Train, and do something at the beginning of a step; what was told."""
    step = Run.step

    def step_after(run: Run) -> object:
        if run.done + 1 == number:
            action()
        return step(run)

    Run.step = step_after  # type: ignore[method-assign, assignment]
    try:
        return told(train_it)
    finally:
        Run.step = step  # type: ignore[method-assign]


def stop() -> None:
    """End a run as a crash would."""
    raise ZeroDivisionError("crash")


def child(folder: Path, slow_disk: float = 0.0) -> multiprocessing.process.BaseProcess:
    """The run in a process of its own."""
    process = multiprocessing.get_context("spawn").Process(
        target=train_watched, args=(folder, "fixed", 2, slow_disk)
    )
    process.start()
    return process


def wait_for(there: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    deadline = time.monotonic() + 120
    while not there() and time.monotonic() < deadline:
        time.sleep(0.001)
