"""How long an atlas takes to make, to open and to move, on real clips, in a headless Chromium.

    PYTHONPATH=.:tests python benchmarks/atlas_speed.py          # measure, write the record and the page
    PYTHONPATH=.:tests python benchmarks/atlas_speed.py --page   # docs/atlas.md from the record

Needs `../shared/data`, a Chromium, and playwright. Makes the page of `irds.npz` (2,588 clips) as a stranger
would, with `skelrep atlas`, and the page of all archives there; opens each in turns, each time in a new
browser; drags the map about. Writes a record, and the table of `docs/atlas.md` from it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from browser import chromium, open_page
from machine import machine, stamp, versions
from pages import fill
from records import write_json

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
RESULT = Path(__file__).parent / "results" / "atlas_speed.json"
PAGE = ROOT / "docs" / "atlas.md"
SOURCES = {"irds.npz": "irds.npz", "all archives": "."}
FRAME = 1000 / 60
RECORD_FRAMES = """
() => {
  window.frames_ = [];
  const next = (now) => { window.frames_.push(now); window.framesLeft_ = requestAnimationFrame(next); };
  requestAnimationFrame(next);
}
"""


def make_page(source: Path, target: Path) -> dict[str, Any]:
    """Run `skelrep atlas`, from the start of the process to its end."""
    command = [sys.executable, "-m", "skelrep", "atlas", str(source), "-o", str(target)]
    began, cpu = time.perf_counter(), os.times()
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    after = os.times()
    used = after.children_user + after.children_system - cpu.children_user - cpu.children_system
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(used, 1),
        "megabytes": round(target.stat().st_size / 1e6, 1),
        "said": done.stdout.strip().replace(str(target), "ATLAS.html"),
    }


def open_once(path: Path) -> dict[str, float]:
    """Milliseconds until the map can be used, and until the whole file is read; then of frames in a drag."""
    with chromium() as browser:
        page = open_page(browser, path)
        page.wait_for_load_state("load")
        times: dict[str, float] = page.evaluate(
            """() => ({
              usable: performance.getEntriesByName('atlas-ready')[0].startTime,
              whole: performance.getEntriesByType('navigation')[0].loadEventEnd,
            })"""
        )
        return times | drag(page)


def drag(page: Any, seconds: float = 4.0) -> dict[str, float]:
    """Drag the map in circles; the times between frames, and the page's own work for each."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.mouse.move(640, 400)
    page.mouse.down()
    page.evaluate(RECORD_FRAMES)
    before, began, step = work_of(session), time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        step += 1
        page.mouse.move(640 + 12 * (step % 20), 400 + 7 * (step % 31))
    frames = page.evaluate("() => { cancelAnimationFrame(window.framesLeft_); return window.frames_; }")
    work = work_of(session) - before
    page.mouse.up()
    gaps = sorted(b - a for a, b in itertools.pairwise(frames))
    return {
        "frame_median": statistics.median(gaps),
        "frame_p95": gaps[int(0.95 * len(gaps))],
        "in_time": sum(gap < 1.5 * FRAME for gap in gaps) / len(gaps),
        "work": 1000 * work / len(frames),
    }


def work_of(session: Any) -> float:
    """Processor seconds of the page's main thread."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(metric["value"]) for metric in metrics if metric["name"] == "TaskDuration")


def measure(repeats: int, only: list[str]) -> dict[str, Any]:
    """Make every page, then open them in turns."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder) / f"{n}.html" for n, name in enumerate(only)}
        for name, path in paths.items():
            found[name] = {"made": make_page(DATA / SOURCES[name], path), "opened": []}
        for _ in range(repeats):
            for name, path in paths.items():
                found[name]["opened"].append(open_once(path))
    return found


def table(record: dict[str, Any]) -> str:
    """The record as a table in Markdown."""
    head = (
        "clips", "page", "made in", "usable after", "whole after", "frame, median", "frame, 95 %",
        "on time", "work a frame",
    )  # fmt: skip
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name, one in record["pages"].items():
        opened = {key: statistics.median(run[key] for run in one["opened"]) for key in one["opened"][0]}
        cells = (
            f"{int(one['made']['said'].split()[0]):,} ({name})",
            f"{one['made']['megabytes']} MB",
            f"{one['made']['seconds']} s",
            *(f"{opened[key] / 1000:.2f} s" for key in ("usable", "whole")),
            *(f"{opened[key]:.1f} ms" for key in ("frame_median", "frame_p95")),
            f"{opened['in_time']:.0%}",
            f"{opened['work']:.1f} ms",
        )
        lines.append(f"| {' | '.join(cells)} |")
    where, repeats = record["machine"], len(one["opened"])
    note = f"{where['cpu']}, {where['cores']} cores, load {where['load_average']} at the end; "
    note += f"medians of {repeats} openings; {record['date'][:10]}."
    return "\n".join([*lines, "", note, ""])


def main() -> None:
    """Measure, write, fill the page."""
    parser = argparse.ArgumentParser(description="How fast an atlas is made, opened and moved.")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=SOURCES, default=list(SOURCES))
    parser.add_argument("-o", "--output", type=Path, default=RESULT)
    parser.add_argument("--page", action="store_true", help="write the page from the record, measure nothing")
    options = parser.parse_args()
    if not options.page:
        pages = measure(options.repeats, options.only)
        about = {"machine": machine(int(os.environ.get("OMP_NUM_THREADS", "0"))), "versions": versions()}
        write_json(options.output, {"pages": pages} | about | stamp())
    text = table(json.loads(options.output.read_text()))
    if options.output == RESULT:
        fill(PAGE, "atlas", text)
    print(text)


if __name__ == "__main__":
    main()
