"""Measures encoding and training on one GPU, with and without the optional Triton kernels and CUDA graphs.

python benchmarks/speed_cuda.py                  # on a machine with a GPU; writes results/speed_cuda.json
python benchmarks/speed_cuda.py --device cpu --quick    # does it run? Figures mean nothing

Nobody has run it on a GPU yet. Encoders are checked against the plain one; what cannot be built (no Triton, a
graph that cannot be captured) is listed with its reason instead of a figure.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from cuda_contenders import ENCODE, TRAIN, Call
from machine import machine, stamp, versions
from records import table, write_json
from speed_measure import duration
from speed_turns import Case, ratio, summary

RESULTS = Path(__file__).parent / "results" / "speed_cuda.json"
THREE = ("joint", "motion", "bone")
GROUPS: dict[str, tuple[Case, dict[str, Callable[..., Call]]]] = {
    "encode, batch 512, 20 % of clips with two bodies, one view": (Case(batch=512, bodies="mix"), ENCODE),
    "training step, batch 128, three views, stage 1": (Case("train", bodies="one", views=THREE), TRAIN),
    "training step, batch 128, three views, stage 2": (
        Case("train", bodies="one", views=THREE, stage=2), TRAIN,
    ),
}  # fmt: skip
TOLERANCE = {"float32": 1e-4, "bfloat16": 3e-2}  # of encoding; TF32 is off


def seconds_a_call(call: Call, device: torch.device, calls: int) -> float:
    """Mean time of calls in a row, by CUDA events where there is a GPU."""
    if device.type != "cuda":
        began = time.perf_counter()
        for _ in range(calls):
            call()
        return (time.perf_counter() - began) / calls
    start, stop = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    for _ in range(calls):
        call()
    stop.record()
    stop.synchronize()
    return start.elapsed_time(stop) / 1000 / calls


def build(makers: dict[str, Any], case: Case, device: torch.device) -> tuple[dict[str, Call], dict[str, str]]:
    """Calls that are warm, and reasons why others are missing."""
    calls, missing = {}, {}
    for name, make in makers.items():
        try:
            call = make(case, device)
            for _ in range(3):
                call()
            calls[name] = call
        except Exception as error:  # a benchmark goes on with what it has
            missing[name] = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return calls, missing


def measure(
    title: str, case: Case, makers: dict[str, Any], device: torch.device, rounds: int
) -> dict[str, Any]:
    calls, missing = build(makers, case, device)
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds):
        for name in list(calls)[:: -1 if number % 2 else 1]:
            times[name].append(seconds_a_call(calls[name], device, 10 if device.type == "cuda" else 1))
    plain = next(iter(calls))
    rows = {
        name: summary(found) | {"faster_than_plain": ratio(times[plain], found)}
        for name, found in times.items()
    }
    if case.kind == "encode":
        expected = calls[plain]().float()
        for name, row in rows.items():
            row["deviation"] = float((calls[name]().float() - expected).abs().max() / expected.abs().max())
            row["clips_per_second"] = case.batch / row["median"]
    return {"title": title, "rows": rows, "missing": missing}


def report(group: dict[str, Any]) -> list[str]:
    """Print a group; return contenders that computed something else."""
    lines = [
        [
            name, duration(row["median"]), f"{row.get('clips_per_second', 0):.5g}",
            f"{row['faster_than_plain']:.2f}", f"{row['deviation']:.0e}" if "deviation" in row else "",
        ]
        for name, row in group["rows"].items()
    ]  # fmt: skip
    print(f"\n{group['title']}\n" + table(["", "median", "clips/s", "x plain", "deviation"], lines))
    for name, reason in group["missing"].items():
        print(f"missing: {name} ({reason})")
    return [
        f"{group['title']}: {name} deviates by {row['deviation']:.1e}"
        for name, row in group["rows"].items()
        if "deviation" in row
        and not row["deviation"] <= TOLERANCE["bfloat16" if "bfloat16" in name else "float32"]
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(arguments)
    device = torch.device(args.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        print("speed_cuda.py needs a CUDA device; none is there.", file=sys.stderr)
        return 2
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "none"
    record = {"machine": machine(torch.get_num_threads()) | {"gpu": name}, "versions": versions()} | stamp()
    record["groups"], faults = [], []
    for title, (case, makers) in GROUPS.items():
        if args.quick:
            case = replace(case, batch=4, frames=12, base_channels=2, feature_channels=8, queue_size=16)
        group = measure(title, case, makers, device, 2 if args.quick else args.rounds)
        record["groups"].append(group)
        faults += report(group)
    if not args.quick or args.json:
        write_json(args.json or RESULTS, record)
    for fault in faults:
        print(f"NOT THE SAME FUNCTION: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
