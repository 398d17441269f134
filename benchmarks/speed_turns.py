"""Contenders in processes of their own that take turns, so that none meets a quieter machine than another."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
MIN_ROUNDS = 3


@dataclasses.dataclass(frozen=True)
class Case:
    """What is computed.

    Attributes:
        kind: ``"encode"`` or ``"train"``.
        batch, frames, bodies: shape of the input, and which clips have a second body.
        views: of the encoder.
        stage: of a training step.
        calls: calls a turn; a turn's time is their mean.
        base_channels, feature_channels, queue_size: widths; the defaults are those of the published model.
        dropout: of the recipe ``"faithful"`` in training; ``"fixed"`` has none.
    """

    kind: str = "encode"
    batch: int = 128
    frames: int = 50
    bodies: str = "two"
    views: tuple[str, ...] = ("joint",)
    stage: int = 1
    calls: int = 1
    base_channels: int = 16
    feature_channels: int = 256
    queue_size: int = 32768
    dropout: float = 0.5


class WorkerError(RuntimeError):
    """A contender's process ended."""


class Worker:
    """One contender in a process: `build`, then as many runs as asked for.

    Args:
        contender: a name of `speed_contenders.CONTENDERS`.
        case: what it computes.
        threads: of OpenMP, MKL and PyTorch.
        environment: added to the process's environment.
        paths: checkouts of other projects, by name.
    """

    def __init__(
        self, contender: str, case: Case, threads: int,
        environment: Mapping[str, str] = {}, paths: Mapping[str, str] = {},
    ) -> None:  # fmt: skip
        self.contender = contender
        count = str(threads)
        variables = {
            "OMP_NUM_THREADS": count,
            "MKL_NUM_THREADS": count,
            "PYTHONPATH": os.pathsep.join((str(HERE.parent), str(HERE))),
        }
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "speed_worker.py")],
            env=os.environ | variables | dict(environment),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
        )  # fmt: skip
        self.peak_bytes = 0
        self.ask(build=contender, case=dataclasses.asdict(case), threads=threads, paths=dict(paths))

    def ask(self, **words: Any) -> dict[str, Any]:
        """Send one line, wait for the answer."""
        with contextlib.suppress(BrokenPipeError):  # the empty answer below tells
            print(json.dumps(words), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            said = self.errors.read()[-3000:]
            self.close()
            raise WorkerError(f"{self.contender} ended at {words}:\n{said}")
        return json.loads(line)

    def run(self) -> float:
        """One turn: seconds a call. Afterwards `peak_bytes` is what the process needed above its model."""
        answer = self.ask(run=True)
        self.peak_bytes = answer["peak_bytes"]
        return answer["seconds"]

    def output(self) -> NDArray[np.float32]:
        """What the last run returned."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "output.npy"
            self.ask(save=str(path))
            return np.load(path)

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def take_turns(workers: Mapping[str, Worker], budget: float, rounds: int) -> dict[str, list[float]]:
    """Seconds of every turn: all workers once a round, every second round backwards.

    Args:
        workers: already warm.
        budget: seconds; after `MIN_ROUNDS` no round begins once they are spent.
        rounds: at most so many.
    """
    seconds: dict[str, list[float]] = {name: [] for name in workers}
    began = time.perf_counter()
    for number in range(rounds):
        if number >= MIN_ROUNDS and time.perf_counter() - began > budget:
            break
        for name in list(workers)[:: -1 if number % 2 else 1]:
            seconds[name].append(workers[name].run())
    return seconds


def summary(seconds: list[float]) -> dict[str, Any]:
    """Median and quartiles with what they were made of."""
    low, median, high = np.quantile(seconds, (0.25, 0.5, 0.75)).tolist()
    return {"median": median, "quartiles": [low, high], "seconds": seconds}


def ratio(baseline: list[float], seconds: list[float]) -> float:
    """How many times faster: the median over rounds of baseline / seconds.

    Of contenders that did not take turns, and may have had other numbers of rounds, the ratio of medians.
    """
    if len(baseline) != len(seconds):
        return float(np.median(baseline) / np.median(seconds))
    return float(np.median(np.divide(baseline, seconds)))
