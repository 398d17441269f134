"""How long a stranger needs from a clone to an atlas of 2,588 clips, command by command.

    PYTHONPATH=. python benchmarks/stranger.py          # measure, write the record and the page
    PYTHONPATH=. python benchmarks/stranger.py --page   # docs/atlas.md from the record, measure nothing

Clones this repository's HEAD and makes a fresh environment with torch in it (some minutes, not counted). Then
every command runs as it would be typed, with an empty cache of pip: without scikit-learn the map is one of
principal components, with the extra `eval` it is t-SNE. Needs `../shared/data/irds.npz` and a registry.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from machine import machine, stamp, versions
from pages import fill
from records import write_json

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data" / "irds.npz"
RESULT = Path(__file__).parent / "results" / "stranger.json"
PAGE = ROOT / "docs" / "atlas.md"
TORCH = "torch==2.13.0"
COMMANDS = (
    "python -m pip install .",
    "skelrep atlas irds.npz -o atlas.html",
    'python -m pip install ".[eval]"',
    "skelrep atlas irds.npz -o atlas.html",
)


def prepare(folder: Path, data: Path) -> tuple[Path, dict[str, str]]:
    """A clone with the data in it, and the variables under which `python` is a fresh one that has torch."""
    clone, environment = folder / "skelrep", folder / "environment"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    (clone / "irds.npz").symlink_to(data.resolve())
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    subprocess.run([environment / "bin" / "python", "-m", "pip", "install", "--quiet", TORCH], check=True)
    # What this process was told about modules is not what a stranger's shell knows.
    variables = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    path = f"{environment / 'bin'}{os.pathsep}{variables['PATH']}"
    return clone, variables | {"PATH": path, "PIP_NO_CACHE_DIR": "1"}


def run(command: str, folder: Path, variables: dict[str, str]) -> dict[str, Any]:
    """Type a command; seconds of the clock and of the processor, and the last line that it said."""
    before, began = os.times(), time.perf_counter()
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=variables, check=False, capture_output=True, text=True
    )
    seconds, after = time.perf_counter() - began, os.times()
    if done.returncode:
        raise SystemExit(f"{command!r} failed:\n{done.stdout}{done.stderr}")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    said = done.stdout.strip().splitlines()[-1] if command.startswith("skelrep") else ""
    print(f"{seconds:7.1f} s ({used:.1f} s of the processor)  {command}", flush=True)
    return {"command": command, "seconds": round(seconds, 1), "cpu_seconds": round(used, 1), "said": said}


def table(record: dict[str, Any]) -> str:
    """The record as Markdown."""
    lines = ["| typed | seconds | from the start | of the processor | said |", "|---|---|---|---|---|"]
    total = 0.0
    for row in record["commands"]:
        total += row["seconds"]
        cells = (f"`{row['command']}`", f"{row['seconds']:.1f}", f"{total:.1f}", f"{row['cpu_seconds']:.1f}")
        lines.append(f"| {' | '.join(cells)} | {row['said']} |")
    where, found = record["machine"], record["versions"]
    note = f"{where['cpu']}, {where['cores']} cores, load {where['load_average']} at the start; "
    note += f"Python {found['python']}, torch {found['torch']}; {record['date'][:10]}."
    return "\n".join([*lines, "", note, ""])


def measure(data: Path) -> dict[str, Any]:
    """All commands, one after another."""
    about = {**stamp(), "machine": machine(os.cpu_count() or 1), "versions": versions()}
    with tempfile.TemporaryDirectory() as folder:
        clone, variables = prepare(Path(folder), data)
        about["machine"]["load_average"] = round(os.getloadavg()[0], 2)
        return about | {"commands": [run(command, clone, variables) for command in COMMANDS]}


def main() -> None:
    """Measure, write, fill the page."""
    parser = argparse.ArgumentParser(description="From a clone to an atlas, in a fresh environment.")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("-o", "--output", type=Path, default=RESULT)
    parser.add_argument("--page", action="store_true", help="write the page from the record, measure nothing")
    options = parser.parse_args()
    if not options.page:
        write_json(options.output, measure(options.data))
    text = table(json.loads(options.output.read_text()))
    if options.output == RESULT:
        fill(PAGE, "stranger", text)
    print(text)


if __name__ == "__main__":
    main()
