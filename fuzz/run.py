"""Feed changed files to every reader and count what happens; what must not happen is kept and reported.

    python -m fuzz.run --inputs 100000 --json benchmarks/results/fuzz.json [--target NAME] [--seconds 100]

Inputs are numbered: the same seed gives the same ones. With --seconds a run stops in time, and the same
command goes on where it stopped. A worker process reads; it may grow by 512 MiB, and take 5 s of processor
time an input.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import fcntl
import gc
import json
import os
import select
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SILENCE = 60.0  # seconds without a word from the worker before it counts as hanging
REPORT_EVERY = 200
MAX_FINDINGS = 20  # of one target in one run: there is work to do before more are looked for


def main() -> int:
    """Run the targets asked for; 1 if there are findings, 3 if the time was too short."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=1000, help="for each target (default: %(default)s)")
    parser.add_argument("--target", action="append", help="only this one; may be repeated (default: all)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, help="stop after so many, to go on later")
    parser.add_argument("--json", type=Path, help="merge the counts into this file")
    parser.add_argument("--crashes", type=Path, default=Path("fuzz-findings"), help="folder of what is found")
    parser.add_argument("--worker", nargs=2, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is not None:
        work(options.target[0], options.seed, *options.worker)
        return 0
    from .catalogue import TARGETS

    end = time.monotonic() + (options.seconds or 1e9)
    records = _read(options.json)
    for name in options.target or TARGETS:
        if name not in TARGETS:
            parser.error(f"no target {name!r}; there are {', '.join(TARGETS)}")
        before = records.get(name, {})
        record = before if before.get("seed") == options.seed else _empty(options.seed)
        attack(name, record, options, end)
        print(_line(name, record), flush=True)
        records = _merge(options.json, records | {name: record}, name, list(TARGETS))
    mine = [records[name] for name in options.target or TARGETS]
    if any(record["findings"] for record in mine):
        return 1
    return 3 if any(record["inputs"] < options.inputs for record in mine) else 0


def attack(name: str, record: dict[str, Any], options: argparse.Namespace, end: float) -> None:
    """Let workers read inputs until there are enough, the time is over, or too much was found."""
    while record["inputs"] < options.inputs and time.monotonic() < end:
        reason = _one_worker(name, record, options, end)
        if reason:  # it died, or had to: the input it was at is to blame
            _keep(name, record["inputs"], reason, record, options)
            record["inputs"] += 1
        if len(record["findings"]) >= MAX_FINDINGS:
            return


def _one_worker(name: str, record: dict[str, Any], options: argparse.Namespace, end: float) -> str:
    """Count what a worker says; returns why it ended, empty where it was finished or the time was over."""
    command = [sys.executable, "-m", "fuzz.run", "--target", name, "--seed", str(options.seed), "--worker"]
    bounds = [str(record["inputs"]), str(options.inputs)]
    with subprocess.Popen([*command, *bounds], cwd=ROOT, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        try:
            while True:
                ready, _, _ = select.select([worker.stdout], [], [], SILENCE)
                line = worker.stdout.readline() if ready else None
                if line is None:
                    return f"hang: nothing for {SILENCE:.0f} s"
                if not line:
                    return f"crash: the process ended with {worker.wait()}" if worker.wait() else ""
                _count(name, json.loads(line), record, options)
                if time.monotonic() > end or len(record["findings"]) >= MAX_FINDINGS:
                    return ""
        finally:
            worker.kill()


def _count(name: str, said: dict[str, Any], record: dict[str, Any], options: argparse.Namespace) -> None:
    if "finding" in said:
        _keep(name, said["number"], said["finding"], record, options)
    else:
        for outcome, count in said["outcomes"].items():
            record["outcomes"][outcome] = record["outcomes"].get(outcome, 0) + count
        record["cpu_seconds"] = round(record["cpu_seconds"] + said["seconds"], 3)
        record["slowest_ms"] = max(record["slowest_ms"], said["slowest_ms"])
        record["memory_mb"] = max(record["memory_mb"], said["memory_mb"])
    record["inputs"] = max(record["inputs"], said["number"])


def _keep(name: str, number: int, reason: str, record: dict[str, Any], options: argparse.Namespace) -> None:
    from .catalogue import TARGETS
    from .targets import Runner

    place = [line.strip() for line in reason.splitlines() if "/skelrep/" in line][-1:]
    what = f"{reason.strip().splitlines()[-1][:200]} {' '.join(place)}".strip()
    same = [found for found in record["findings"] if place and found["what"].endswith(place[0])]
    if same:  # one fault is enough to know
        same[0]["times"] += 1
        return
    with tempfile.TemporaryDirectory() as folder:
        data = Runner(TARGETS[name], Path(folder)).make(number, options.seed)
    options.crashes.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace(' ', '-')}-{options.seed}-{number}"
    (options.crashes / f"{stem}.bin").write_bytes(data)
    (options.crashes / f"{stem}.txt").write_text(reason)
    record["findings"].append({"input": number, "what": what, "times": 1})
    print(f"  {name} {number}: {what}", flush=True)


def work(name: str, seed: int, first: int, last: int) -> None:
    """A worker: read inputs `first` to `last`, a line of JSON for some of them at a time."""
    import torch

    from .catalogue import TARGETS
    from .guard import limit_memory, peak_memory
    from .targets import Runner

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


def _empty(seed: int) -> dict[str, Any]:
    return {
        "seed": seed, "inputs": 0, "outcomes": {}, "cpu_seconds": 0.0, "slowest_ms": 0.0, "memory_mb": 0.0,
        "findings": [],
    }  # fmt: skip


def _line(name: str, record: dict[str, Any]) -> str:
    outcomes = ", ".join(
        f"{key} {count}" for key, count in sorted(record["outcomes"].items(), key=lambda x: -x[1])
    )
    return (
        f"{name:<21}{record['inputs']:>8} inputs  slowest {record['slowest_ms']:>7.1f} ms  memory "
        f"{record['memory_mb']:>6.1f} MB  findings {len(record['findings'])}  {outcomes}"
    )


def _read(path: Path | None) -> dict[str, Any]:
    return json.loads(path.read_text())["targets"] if path is not None and path.exists() else {}


def _merge(path: Path | None, records: dict[str, Any], name: str, order: list[str]) -> dict[str, Any]:
    """Write one target's record beside those that other runs have written meanwhile."""
    if path is None:
        return records
    from records import provenance, write_json

    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        merged = records | _read(path) | {name: records[name]}
        merged = {known: merged[known] for known in order if known in merged}
        write_json(path, {**provenance(), "targets": merged})
    return merged


if __name__ == "__main__":
    sys.exit(main())
