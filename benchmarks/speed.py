"""Measures how fast skelrep is, against a plain PyTorch baseline and the engines a user could pick instead.

python benchmarks/speed.py                          # everything: about 15 minutes on two quiet cores
python benchmarks/speed.py --only encode latency    # some groups, into the same record
python benchmarks/speed.py --quick                  # tiny sizes: does it run? Figures mean nothing
python benchmarks/performance_page.py               # docs/performance.md from the record

Contenders run in processes of their own and take turns; outputs are compared in the same run, and a contender
that computes something else makes the command fail. `--crossclr` and `--pyskl` take checkouts of those
projects.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from machine import available_memory, machine, stamp, versions
from records import write_json
from speed_checks import LARGEST_STEP_DEVIATION, step_deviation
from speed_groups import GROUPS, OTHERS, RESULTS, Group
from speed_measure import deviating, group_table, measure

RECORD = RESULTS / "speed.json"
GIB = 2**30


def chosen(only: list[str] | None) -> dict[str, Group]:
    """Groups whose name begins with one of these words."""
    return {name: group for name, group in GROUPS.items() if not only or name.startswith(tuple(only))}


def lacks_memory(group: Group) -> str | None:
    """Why a group cannot run here, if so: processes that swap would be measured instead."""
    available = available_memory()
    if available is None or available >= group.memory:
        return None
    return f"needs {group.memory / GIB:.0f} GiB of free memory, there are {available / GIB:.1f}"


def run(args: argparse.Namespace) -> int:
    record = start_record(args)
    faults: list[str] = []
    for name, group in chosen(args.only).items():
        if args.quick:
            group = group.quick()
        if reason := lacks_memory(group):
            print(f"\n{group.title}: left out, {reason}")
            continue
        found = measure(group, args.threads, args.paths) | stamp()
        if group.case.kind == "train":
            found["step_deviation"] = step_deviation(group.case.stage)
            if not found["step_deviation"] <= LARGEST_STEP_DEVIATION:
                faults.append(f"{group.title}: the step deviates by {found['step_deviation']:.1e}")
        faults += deviating(found)
        print(group_table(found), flush=True)
        record["groups"][name] = found
        if args.json:
            write_json(args.json, record)
    if not args.quick:
        faults += run_others(args.only)
    for fault in faults:
        print(f"FAULT: {fault}", file=sys.stderr)
    return 1 if faults else 0


def run_others(only: list[str] | None) -> list[str]:
    """Scripts that measure what surrounds the network and write records of their own."""
    faults = []
    for name, arguments in OTHERS.items():
        script = Path(__file__).with_name(f"{name}.py")
        if script.exists() and (not only or name.startswith(tuple(only))):
            print(f"\n{script.name}", flush=True)
            if subprocess.run([sys.executable, str(script), *arguments], check=False).returncode:
                faults.append(f"{script.name} failed")
    return faults


def start_record(args: argparse.Namespace) -> dict[str, Any]:
    """A new record, or with `--only` the one that is there, if it is of this machine and these versions."""
    here = {"machine": machine(args.threads), "versions": versions()}
    if args.only and args.json and args.json.exists():
        old = json.loads(args.json.read_text())
        load = {"load_average": None}
        if old["versions"] == here["versions"] and old["machine"] | load == here["machine"] | load:
            return old
    return here | {"groups": {}}


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="+", help=f"beginnings of: {', '.join((*GROUPS, *OTHERS))}")
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes; writes no record unless --json is given"
    )
    parser.add_argument("--json", type=Path, help=f"record to write; default {RECORD.name} in results/")
    parser.add_argument("--crossclr", help="checkout of the published code")
    parser.add_argument("--pyskl", help="checkout of pyskl")
    return parser


def main(arguments: list[str] | None = None) -> int:
    args = parser().parse_args(arguments)
    args.paths = {name: path for name in ("crossclr", "pyskl") if (path := getattr(args, name))}
    if args.json is None and not args.quick:
        args.json = RECORD
    return run(args)


if __name__ == "__main__":
    sys.exit(main())
