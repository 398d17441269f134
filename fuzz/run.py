"""Feed changed files to every reader and count what happens; what must not happen is kept and reported.

    python -m fuzz.run --inputs 100000 --json benchmarks/results/fuzz.json [--target NAME] [--seconds 100]

Inputs are numbered: the same seed gives the same ones. With --seconds a run stops in time, and the same
command goes on where it stopped. With --first several processes share the inputs (`--first 50000 --inputs
100000` reads the second half), and `fuzz.merge` adds them up. A worker process reads (`fuzz.worker`); it may
grow by 512 MiB, and take 5 s of processor time an input.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SILENCE = 60.0  # seconds without a word before a worker counts as hanging, if it was given a processor
MAX_FINDINGS = 20  # of one target in one run: there is work to do before more are looked for


def main() -> int:
    """Run the targets asked for; 1 if there are findings, 3 if the time was too short."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=1000, help="for each target (default: %(default)s)")
    parser.add_argument("--target", action="append", help="only this one; may be repeated (default: all)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first input (default: 0)")
    parser.add_argument("--seconds", type=float, help="stop after so many, to go on later")
    parser.add_argument("--json", type=Path, help="merge the counts into this file")
    parser.add_argument("--crashes", type=Path, default=Path("fuzz-findings"), help="folder of what is found")
    options = parser.parse_args()
    from .catalogue import TARGETS

    end = time.monotonic() + (options.seconds or 1e9)
    records = _read(options.json)
    for name in options.target or TARGETS:
        if name not in TARGETS:
            parser.error(f"no target {name!r}; there are {', '.join(TARGETS)}")
        before = records.get(name, {})
        same = before.get("seed") == options.seed and before.get("first", 0) == options.first
        record = before if same else _empty(options.seed, options.first)
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
    numbers = map(str, (options.seed, record["inputs"], options.inputs))
    command = [sys.executable, "-m", "fuzz.worker", name, *numbers]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        try:
            while True:
                used = _processor_seconds(worker.pid)
                while not select.select([worker.stdout], [], [], SILENCE)[0]:
                    if not _waits(worker.pid) or _processor_seconds(worker.pid) > used + SILENCE:
                        return f"hang: nothing for {SILENCE:.0f} s"
                line = worker.stdout.readline()
                if not line:
                    return f"crash: the process ended with {worker.wait()}" if worker.wait() else ""
                _count(name, json.loads(line), record, options)
                if time.monotonic() > end or len(record["findings"]) >= MAX_FINDINGS:
                    return ""
        finally:
            worker.kill()


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _waits(pid: int) -> bool:
    """Whether a process could go on, and the machine has only no time for it."""
    return _stat(pid)[0] == "R"


def _processor_seconds(pid: int) -> float:
    return sum(map(int, _stat(pid)[11:13])) / os.sysconf("SC_CLK_TCK")


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


def _empty(seed: int, first: int) -> dict[str, Any]:
    return {
        "seed": seed, "first": first, "inputs": first, "outcomes": {}, "cpu_seconds": 0.0,
        "slowest_ms": 0.0, "memory_mb": 0.0, "findings": [],
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
