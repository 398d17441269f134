"""Put the records of the fuzzing runs into docs/threat-model.md: `python -m fuzz.page`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pages import fill  # of the benchmarks, brought in reach by the package

from .run import ROOT

RECORD = ROOT / "benchmarks" / "results" / "fuzz.json"
GUIDED = RECORD.with_name("atheris.json")  # what libFuzzer did, as `fuzz.atheris_all` writes it
PAGE = ROOT / "docs" / "threat-model.md"


def main(record: Path = RECORD, guided: Path = GUIDED, page: Path = PAGE) -> None:
    """Replace what stands between the markers."""
    fill(page, "fuzz", table(json.loads(record.read_text())["targets"]))
    fill(page, "atheris", guided_table(json.loads(guided.read_text())["targets"]))


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


def guided_table(targets: dict[str, Any]) -> str:
    """A row a target, in the order of the catalogue's table."""
    rows = ["| input | seconds | files | kept | edges | findings |", "|---|---:|---:|---:|---:|---:|"]
    for name, record in targets.items():
        rows.append(
            f"| {name} | {record['seconds']} | {_count(record['inputs'])} | {_count(record['kept'])} | "
            f"{_count(record['coverage'])} | {int(record['exit_code'] != 0)} |"
        )
    total = sum(record["inputs"] or 0 for record in targets.values())
    found = sum(record["exit_code"] != 0 for record in targets.values())
    seconds = sum(record["seconds"] for record in targets.values())
    rows.append(f"| **all** | {seconds:,} | {total:,} | | | {found} |")
    return "\n".join(rows) + "\n"


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"


if __name__ == "__main__":
    main()
