"""Checks that the plain baseline costs what the published code costs, and computes the same.

python benchmarks/check_plain.py CROSSCLR    # a checkout of LinguoLi/CrosSCLR; some minutes on two cores

Training steps are compared at batch 32, to need less time and memory; the allocator is told to keep its
memory in both, because page faults would drown the difference that is looked for.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from machine import machine, stamp, versions
from published import published_step_deviation
from records import write_json
from speed_groups import CHECK_PLAIN
from speed_measure import deviating, group_table, measure

RESULTS = Path(__file__).parent / "results" / "check_plain.json"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("crossclr", help="checkout of the published code")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run?")
    parser.add_argument("--json", type=Path, default=RESULTS)
    args = parser.parse_args(arguments)
    paths = {"crossclr": args.crossclr}
    record = {"machine": machine(args.threads), "versions": versions(), "groups": {}} | stamp()
    faults = []
    for name, group in CHECK_PLAIN.items():
        found = measure(group.quick() if args.quick else group, args.threads, paths)
        if group.case.kind == "train":
            found["step_deviation"] = published_step_deviation(group.case.stage, args.crossclr)
            if not found["step_deviation"] <= 1e-12:
                faults.append(f"{group.title}: losses deviate by {found['step_deviation']:.1e}")
        faults += deviating(found)
        record["groups"][name] = found
        print(group_table(found), flush=True)
    write_json(args.json, record)
    for fault in faults:
        print(f"NOT THE SAME FUNCTION: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
