"""Time and memory of an index of a million vectors on this machine.

    PYTHONPATH=. python benchmarks/index_speed.py --rows 1000000

Random vectors around random centres (Zipf-sized groups). Every search runs in this process on the mapped
files; times are the best and the median of `--repeats`, after one search that brings the files into the
system's cache. "anonymous" is the memory that the process itself needs; mapped pages are the system's to give
and take. `--fill` puts the record between the markers of docs/search.md.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine, stamp, versions
from numpy.typing import NDArray
from pages import fill
from records import table, write_json

from skelrep import Index

RESULT = Path(__file__).parent / "results" / "index_speed.json"
PAGE = Path(__file__).parents[1] / "docs" / "search.md"
BLOCK = 50_000
CENTRES, SPREAD = 2000, 1.0
RECALL_QUERIES = 100


def make_rows(path: Path, count: int, dim: int) -> NDArray[np.float32]:
    """A mapped `.npy` of vectors in groups, as real clips are."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(CENTRES, dim)).astype(np.float32)
    share = 1 / np.arange(1, CENTRES + 1)
    rows = np.lib.format.open_memmap(path, "w+", np.float32, (count, dim))
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        group = rng.choice(CENTRES, size, p=share / share.sum())
        rows[start : start + size] = centres[group] + SPREAD * rng.standard_normal((size, dim), np.float32)
    rows.flush()
    return np.load(path, mmap_mode="r")


def anonymous_mb() -> float:
    """Memory of this process that is no mapped file."""
    found = re.search(r"RssAnon:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1000 if found else float("nan")


@contextmanager
def peak_memory(peaks: dict[str, float], name: str) -> Iterator[None]:
    """Note the most anonymous memory, MB, that is seen while the block runs; looked at 200 times a second."""
    seen, done = [anonymous_mb()], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            seen.append(anonymous_mb())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        peaks[name] = round(max(seen), 1)


def timed(work: Callable[[], Any], repeats: int) -> tuple[Any, dict[str, float]]:
    """The result, and the seconds of some runs."""
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - began)
    return result, {"best": round(min(seconds), 4), "median": round(statistics.median(seconds), 4)}


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Every time in turn."""
    rows = make_rows(folder / "rows.npy", options.rows, options.dim)
    rng = np.random.default_rng(1)
    picked = rng.choice(options.rows, RECALL_QUERIES, replace=False)
    queries = rows[np.sort(picked)] + 0.5 * rng.standard_normal((RECALL_QUERIES, options.dim), np.float32)
    times: dict[str, Any] = {}
    index, times["build from a mapped .npy"] = timed(lambda: Index(rows), 1)
    _, times["save to a folder"] = timed(lambda: index.save(folder / "index"), 1)
    index, times["load"] = timed(lambda: Index.load(folder / "index"), options.repeats)
    index.search(queries[:1])
    memory = {"libraries and the loaded index": round(anonymous_mb(), 1)}
    with peak_memory(memory, "most during exact searches"):
        _, times["search, 1 query"] = timed(lambda: index.search(queries[:1]), options.repeats)
        exact, times["search, 100 queries"] = timed(lambda: index.search(queries), options.repeats)
    recall = {}
    if options.approximate:
        with peak_memory(memory, "most while the approximate index is built"):
            near, times["build approximate"] = timed(index.approximate, 1)
        memory["with the approximate index"] = round(anonymous_mb(), 1)
        for probes in (4, 16, 64):
            key = f"approximate, {probes} probes"
            _, times[f"{key}, 1 query"] = timed(
                lambda probes=probes: near.search(queries[:1], probes=probes), options.repeats
            )
            (_, ids), times[f"{key}, 100 queries"] = timed(
                lambda probes=probes: near.search(queries, probes=probes), options.repeats
            )
            recall[key] = round(float((ids[:, :, None] == exact[1][:, None, :]).any(axis=1).mean()), 4)
    return {"seconds": times, "anonymous memory, MB": memory, "recall of the 10 nearest": recall}


def as_page(record: dict[str, Any]) -> str:
    """The record as Markdown."""
    where = record["machine"]
    lines = [
        f"{record['rows']:,} vectors of {record['dim']} numbers; {where['cpu']}, {where['memory_gb']} GB, "
        f"{record['threads']} thread(s), load {where['load_average']}; best of {record['repeats']} (median).",
        "",
        "| what | seconds | of the 10 nearest, found |",
        "|---|---|---|",
    ]
    for name, spent in record["seconds"].items():
        found = record["recall of the 10 nearest"].get(name.removesuffix(", 100 queries"))
        share = f"{found:.1%}" if found is not None and name.endswith("100 queries") else ""
        lines.append(f"| {name} | {spent['best']:.3g} ({spent['median']:.3g}) | {share} |")
    used = "; ".join(f"{name}: {value:,.0f} MB" for name, value in record["anonymous memory, MB"].items())
    return "\n".join([*lines, "", f"Memory of the process beside mapped files: {used}.", ""])


def main() -> None:
    """Measure, tell, write."""
    parser = argparse.ArgumentParser(description="Time and memory of an index.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-approximate", dest="approximate", action="store_false")
    parser.add_argument("-o", "--output", type=Path, default=RESULT)
    parser.add_argument("--fill", action="store_true", help="write the page's numbers from the record, only")
    options = parser.parse_args()
    if options.fill:
        fill(PAGE, "index speed", as_page(json.loads(options.output.read_text())))
        return
    from threadpoolctl import threadpool_limits

    with tempfile.TemporaryDirectory() as folder, threadpool_limits(options.threads):
        record = measure(options, Path(folder))
    record = {"rows": options.rows, "dim": options.dim, "repeats": options.repeats} | record
    record |= {"threads": options.threads, "machine": machine(options.threads)}
    rows = [[name, f"{s['best']:.4g}", f"{s['median']:.4g}"] for name, s in record["seconds"].items()]
    print(table(["seconds", "best", "median"], rows))
    print(json.dumps({key: record[key] for key in record if key[:4] in ("anon", "reca")}, indent=1))
    write_json(options.output, record | {"provenance": stamp() | versions()})


if __name__ == "__main__":
    main()
