"""Measures one group of contenders and says whether they computed the same, and whether bars were reached."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from records import table
from speed_contenders import CONTENDERS
from speed_groups import Group
from speed_turns import MIN_ROUNDS, Worker, ratio, summary, take_turns

Record = dict[str, Any]


def measure(group: Group, threads: int, paths: Mapping[str, str]) -> Record:
    """Start the contenders that can be had, warm them, compare their outputs, and let them take turns.

    Returns:
        title, case, and one row a contender: seconds, ratios to all others, deviation of its output, memory.
    """
    names = available(group.contenders, paths)
    outputs: dict[str, NDArray[np.float32]] = {}
    seconds, peaks = {}, {}
    for together in (*((name,) for name in available(group.alone, paths)), tuple(names)):
        with contextlib.ExitStack() as stack:
            workers = {name: warm(name, group, threads, paths, stack, outputs) for name in together}
            seconds |= take_turns(workers, group.budget, group.rounds if group.budget else MIN_ROUNDS)
            peaks |= {name: worker.peak_bytes for name, worker in workers.items()}
    measured = [*names, *available(group.alone, paths)]
    rows = [row(name, names[0], seconds, outputs, peaks, group.case.batch) for name in measured]
    asked = (*group.contenders, *group.alone)
    missing = [CONTENDERS[name].title for name in asked if name not in measured]
    return {
        "title": group.title,
        "case": dataclasses.asdict(group.case),
        "baseline": names[0],
        "alone": list(group.alone),
        "rows": rows,
        "missing": missing,
        "bars": bars(group, rows),
    }


def available(names: tuple[str, ...], paths: Mapping[str, str]) -> list[str]:
    """Those of the contenders that can be had here."""
    return [name for name in names if CONTENDERS[name].available(paths)]


def warm(
    name: str, group: Group, threads: int, paths: Mapping[str, str], stack: contextlib.ExitStack,
    outputs: dict[str, NDArray[np.float32]],
) -> Worker:  # fmt: skip
    """A contender's process after its first run, whose output goes to `outputs` where it is not random."""
    contender = CONTENDERS[name]
    worker = stack.enter_context(Worker(name, group.case, threads, contender.environment, paths))
    worker.run()
    if contender.tolerance is not None:
        outputs[name] = worker.output()
    return worker


def row(
    name: str, baseline: str, seconds: Mapping[str, list[float]], outputs: Mapping[str, NDArray[np.float32]],
    peaks: Mapping[str, int], batch: int,
) -> Record:  # fmt: skip
    found = summary(seconds[name])
    difference = None
    if name in outputs:
        expected = outputs[baseline]
        difference = float(np.abs(outputs[name] - expected).max() / np.abs(expected).max())
    return {
        "contender": name,
        "title": CONTENDERS[name].title,
        **found,
        "clips_per_second": batch / found["median"],
        "faster_than": {other: ratio(theirs, seconds[name]) for other, theirs in seconds.items()},
        "deviation": difference,
        "tolerance": CONTENDERS[name].tolerance,
        "peak_bytes": peaks[name],
    }


def bars(group: Group, rows: list[Record]) -> list[Record]:
    """Every bar whose two contenders were there, with the ratio that was found."""
    by_name = {row["contender"]: row for row in rows}
    found = []
    for bar in group.bars:
        if {bar.contender, bar.against} <= by_name.keys():
            ours, theirs = by_name[bar.contender], by_name[bar.against]
            if bar.measure == "seconds":
                value = ours["faster_than"][bar.against]
            else:
                value = theirs[bar.measure] / max(ours[bar.measure], 1)
            found.append(dataclasses.asdict(bar) | {"value": value})
    return found


def deviating(record: Record) -> list[str]:
    """Contenders that did not compute the same function."""
    return [
        f"{record['title']}: {row['title']} deviates by {row['deviation']:.1e}"
        for row in record["rows"]
        if row["deviation"] is not None and not row["deviation"] <= row["tolerance"]
    ]


def group_table(record: Record) -> str:
    """One group as text."""
    baseline = record["baseline"]
    shipped = next((r["contender"] for r in record["rows"] if r["contender"].endswith("as_shipped")), None)
    head = ["", "median", "quartiles", "clips/s", "x baseline", "x shipped", "deviation", "memory"]
    lines = []
    for one in record["rows"]:
        low, high = one["quartiles"]
        lines.append(
            [
                one["title"],
                duration(one["median"]),
                f"{duration(low)} - {duration(high)}",
                f"{one['clips_per_second']:.4g}",
                f"{one['faster_than'][baseline]:.2f}",
                f"{one['faster_than'][shipped]:.2f}" if shipped else "",
                "" if one["deviation"] is None else f"{one['deviation']:.0e}",
                f"{one['peak_bytes'] / 2**20:.0f} MiB",
            ]
        )
    return f"\n{record['title']}\n" + table(head, lines)


def duration(seconds: float) -> str:
    """Three digits with a unit that suits."""
    if seconds < 1:
        return f"{1000 * seconds:.3g} ms"
    return f"{seconds:.3g} s"
