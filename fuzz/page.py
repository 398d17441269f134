"""Put the record of a fuzzing run into docs/threat-model.md: `python -m fuzz.page`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pages import fill  # of the benchmarks, brought in reach by the package

from .run import ROOT

RECORD = ROOT / "benchmarks" / "results" / "fuzz.json"
PAGE = ROOT / "docs" / "threat-model.md"


def main(record: Path = RECORD, page: Path = PAGE) -> None:
    """Replace what stands between the markers."""
    fill(page, "fuzz", table(json.loads(record.read_text())["targets"]))


def table(targets: dict[str, Any]) -> str:
    """A row a target."""
    rows = [
        "| input | files | read whole | refused by | slowest | memory | findings |",
        "|---|---:|---:|---|---:|---:|---:|",
    ]
    for name, record in targets.items():
        refusals = {key: n for key, n in record["outcomes"].items() if key not in ("parsed", "finding")}
        words = ", ".join(f"{key} {n:,}" for key, n in sorted(refusals.items(), key=lambda item: -item[1]))
        rows.append(
            f"| {name} | {record['inputs']:,} | {record['outcomes'].get('parsed', 0):,} | {words} | "
            f"{record['slowest_ms']:.0f} ms | {record['memory_mb']:.0f} MB | {len(record['findings'])} |"
        )
    total = sum(record["inputs"] for record in targets.values())
    found = sum(len(record["findings"]) for record in targets.values())
    rows.append(f"| **all** | {total:,} | | | | | {found} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main()
