"""The process that reads broken files and may die of it: `python -m fuzz.worker TARGET SEED FIRST LAST`.

It says what came of them on stdout, a line of JSON for many inputs or for one finding; `fuzz.run` listens.
"""

from __future__ import annotations

import collections
import contextlib
import gc
import json
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

import torch

from .catalogue import TARGETS
from .guard import limit_memory, peak_memory
from .targets import Runner

REPORT_EVERY = 200


def work(name: str, seed: int, first: int, last: int) -> None:
    """A worker: read inputs `first` to `last`, a line of JSON for some of them at a time."""
    torch.set_num_threads(1)
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory, prefix="skelrep-fuzz-") as folder:
        runner = Runner(TARGETS[name], Path(folder))
        for number in range(min(12, last)):  # what is imported or cached at first use belongs to no input
            with contextlib.suppress(BaseException):
                runner.run(runner.make(number, seed))
        gc.collect()
        limit_memory()
        base, tally = peak_memory(), _Tally()
        for number in range(first, last):
            tally.count(_read_one(runner, number, seed))
            if (number + 1) % REPORT_EVERY == 0 or number + 1 == last or tally.overdue():
                _say(
                    {
                        "number": number + 1,
                        "memory_mb": round((peak_memory() - base) / 2**20, 1),
                        **tally.take(),
                    }
                )


def _read_one(runner: Any, number: int, seed: int) -> tuple[str, float]:
    data = runner.make(number, seed)
    start = time.process_time()
    try:
        outcome = runner.run(data)
    except BaseException as error:  # whatever it is, it is what this program looks for
        if isinstance(error, KeyboardInterrupt):
            raise
        outcome = "finding"
        _say({"number": number, "finding": traceback.format_exc(limit=-12)[-6000:]})
        del error
        gc.collect()
    return outcome, time.process_time() - start


class _Tally:
    """Counts since the last report."""

    def __init__(self) -> None:
        self._outcomes: collections.Counter[str] = collections.Counter()
        self._seconds = self._slowest = 0.0
        self._since = time.monotonic()

    def count(self, result: tuple[str, float]) -> None:
        outcome, seconds = result
        self._outcomes[outcome] += 1
        self._seconds += seconds
        self._slowest = max(self._slowest, seconds)

    def overdue(self) -> bool:
        return time.monotonic() - self._since > 2

    def take(self) -> dict[str, Any]:
        out = {
            "outcomes": dict(self._outcomes),
            "seconds": self._seconds,
            "slowest_ms": round(1000 * self._slowest, 1),
        }
        self.__init__()  # type: ignore[misc]
        return out


def _say(record: dict[str, Any]) -> None:
    os.write(1, (json.dumps(record) + "\n").encode())


if __name__ == "__main__":
    work(sys.argv[1], *map(int, sys.argv[2:]))
