"""Let libFuzzer at one reader after another, and record it: `python -m fuzz.atheris_all --seconds 300`.

Needs atheris (`pip install atheris`). Targets that are in the record already are passed over, so that a run
that was stopped goes on. What it finds lies in the folder `--artifacts`.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from .run import ROOT

RECORD = ROOT / "benchmarks" / "results" / "atheris.json"
STATISTICS = {
    "inputs": r"number_of_executed_units: (\d+)", "kept": r"new_units_added: +(\d+)",
    "coverage": r"cov: (\d+)",
    "slowest_s": r"slowest_unit_time_sec: +(\d+)", "peak_rss_mb": r"peak_rss_mb: +(\d+)",
}  # fmt: skip


def main() -> int:
    """Run the targets that the record lacks; 1 if there are findings."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=300, help="for each target (default: %(default)s)")
    parser.add_argument("--target", action="append", help="only this one; may be repeated (default: all)")
    parser.add_argument("--json", type=Path, default=RECORD)
    parser.add_argument("--artifacts", type=Path, default=Path("fuzz-findings"))
    options = parser.parse_args()
    from .catalogue import TARGETS

    options.artifacts.mkdir(parents=True, exist_ok=True)
    wanted = options.target or list(TARGETS)
    for name in wanted:
        if name not in recorded(options.json):
            new = attack(name, options.seconds, options.artifacts.resolve())
            _write(options.json, name, new, list(TARGETS))
            print(name, new, flush=True)
    return int(any(recorded(options.json)[name]["exit_code"] for name in wanted))


def _write(path: Path, name: str, new: dict[str, Any], order: list[str]) -> None:
    """Write one target beside those that other runs have written meanwhile."""
    from records import provenance, write_json

    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = recorded(path) | {name: new}
        done = {known: done[known] for known in order if known in done}
        write_json(path, {**provenance(), "targets": done})


def recorded(path: Path) -> dict[str, Any]:
    """The targets of a record; none where there is no record yet."""
    targets: dict[str, Any] = json.loads(path.read_text())["targets"] if path.exists() else {}
    return targets


def attack(name: str, seconds: int, artifacts: Path) -> dict[str, Any]:
    """What libFuzzer says at its end; an exit code other than 0 means that it found something."""
    options = [f"-max_total_time={seconds}", "-max_len=65536", "-seed=1", "-print_final_stats=1"]
    place = f"-artifact_prefix={artifacts}/{name.replace(' ', '-')}-"
    command = [sys.executable, "-m", "fuzz.atheris_readers", "--target", name, *options, place]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    return {"seconds": seconds, "exit_code": ran.returncode, **statistics(ran.stderr)}


def statistics(text: str) -> dict[str, int | None]:
    """The last number that libFuzzer printed of each kind."""
    found = {name: re.findall(pattern, text) for name, pattern in STATISTICS.items()}
    return {name: int(numbers[-1]) if numbers else None for name, numbers in found.items()}


if __name__ == "__main__":
    sys.exit(main())
