"""Put records of single targets into one, which outlives them: `python -m fuzz.merge RECORD.json ...`.

Targets that are fuzzed side by side write a record each (`python -m fuzz.run --target NAME --json FILE`).
Of two records of one target, the one with more inputs stays; delete a target's old record by --replace.
Records of one target that go on where another ends (`--first`) are added up before.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .page import RECORD

Record = dict[str, Any]  # of one target
Targets = dict[str, Record]


def main() -> None:
    """Merge the files into the committed record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("records", nargs="+", type=Path)
    parser.add_argument("--into", type=Path, default=RECORD)
    parser.add_argument("--replace", action="store_true", help="also records of more inputs")
    options = parser.parse_args()
    from .catalogue import TARGETS

    known = json.loads(options.into.read_text()) if options.into.exists() else {"targets": {}}
    for new in joined([_targets(path) for path in options.records]):
        known["targets"] = merged(known["targets"], new, replace=options.replace)
    known["targets"] = {name: known["targets"][name] for name in TARGETS if name in known["targets"]}
    options.into.write_text(json.dumps(known, indent=1) + "\n")


def merged(old: Targets, new: Targets, *, replace: bool) -> Targets:
    """Both; of a target that both hold, the newer one or that of more inputs."""
    better = {
        name: record
        for name, record in new.items()
        if replace or record["inputs"] > old.get(name, {"inputs": 0})["inputs"]
    }
    return old | better


def joined(records: Sequence[Targets]) -> list[Targets]:
    """The records, each that begins with a later input than the first added to the one that ends there.

    Raises:
        SystemExit: one begins where no other ends.
    """
    out = [record for record in records if not _first(record)]
    for record in sorted((record for record in records if _first(record)), key=_first):
        (name,) = record
        before = next((one for one in out if name in one and one[name]["inputs"] == _first(record)), None)
        if before is None:
            raise SystemExit(f"{name}: nothing ends at input {_first(record)}, where a record begins.")
        before[name] = added(before[name], record[name])
    return out


def added(one: Record, next_one: Record) -> Record:
    """What two records of neighbouring inputs of one target say together."""
    outcomes = Counter(one["outcomes"]) + Counter(next_one["outcomes"])
    largest = {key: max(one[key], next_one[key]) for key in ("slowest_ms", "memory_mb")}
    return next_one | largest | {
        "first": one.get("first", 0), "outcomes": dict(outcomes),
        "findings": one["findings"] + next_one["findings"],
        "cpu_seconds": round(one["cpu_seconds"] + next_one["cpu_seconds"], 3),
    }  # fmt: skip


def _first(targets: Targets) -> int:
    return max(record.get("first", 0) for record in targets.values())


def _targets(path: Path) -> Targets:
    """The targets of a record, each with the commit and the versions that it was made with."""
    content = json.loads(path.read_text())
    about = {name: content[name] for name in ("date", "commit") if name in content}
    return {name: record | about for name, record in content["targets"].items()}


if __name__ == "__main__":
    main()
