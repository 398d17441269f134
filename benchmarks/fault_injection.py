"""Inject every fault of `faults_*.py` and say what happened.

    python benchmarks/fault_injection.py [--only WORD] [--json benchmarks/results/fault_injection.json]
    python benchmarks/fault_injection.py --docs benchmarks/results/fault_injection.json

The second command puts the table into docs/reliability.md.

Ends with 1 where something else happened than must.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import tempfile
from pathlib import Path

import torch
from faults import FAULTS
from pages import fill
from records import provenance, write_json

ROOT = Path(__file__).parents[1]
VERDICT = {True: "yes", False: "NO", None: "not tried"}


def run_all(only: str) -> list[dict]:
    """Each fault in a folder of its own."""
    rows = []
    for one in FAULTS:
        if only not in f"{one.room} {one.name}":
            continue
        with tempfile.TemporaryDirectory() as folder:
            row = one.run(Path(folder))
            row["observed"] = str(row["observed"]).replace(folder, "")
        rows.append(row)
        print(f"{VERDICT[row['as expected']]:9} {one.room}: {one.name} ({one.how}): {row['observed']}")
    return rows


def write_docs(record: Path) -> None:
    """Put the table into docs/reliability.md."""
    rows = json.loads(record.read_text())["faults"]
    head = ("what", "fault", "injected", "must happen", "did")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [row[name] for name in ("room", "name", "how", "expected")]
        lines.append("| " + " | ".join([*cells, VERDICT[row["as expected"]]]) + " |")
    fill(ROOT / "docs" / "reliability.md", "faults", "\n".join(lines) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", metavar="WORD", help="faults with this in room or name")
    parser.add_argument("--json", type=Path, help="write the record here")
    parser.add_argument("--docs", type=Path, metavar="RECORD", help="only fill the page from this record")
    args = parser.parse_args()
    if args.docs:
        write_docs(args.docs)
        return
    torch.set_num_threads(1)
    for path in sorted(Path(__file__).parent.glob("faults_*.py")):
        importlib.import_module(path.stem)
    rows = run_all(args.only)
    print(f"{sum(row['as expected'] is True for row in rows)} of {len(rows)} as expected")
    if args.json:
        write_json(args.json, {**provenance(), "faults": rows})
    sys.exit(any(row["as expected"] is False for row in rows))


if __name__ == "__main__":
    main()
