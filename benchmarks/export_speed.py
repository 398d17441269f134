"""How fast an exported model is, beside the network that `skelrep.encode` runs.

    python benchmarks/export_speed.py [--json benchmarks/results/export_speed.json]
    python benchmarks/export_speed.py --page       # docs/export.md from the record
    python benchmarks/export_speed.py --quick      # does it run? Figures mean nothing

Prepared clips of 50 frames and one body, embedded weights. All contenders take turns on the same clips,
forwards and backwards, and must give the same vectors. A figure is the median of the rounds; the ratio is the
median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from machine import machine, stamp, versions
from numpy.typing import NDArray
from pages import fill
from records import table, write_json
from speed_data import random_clips

import skelrep
from skelrep.export.check import relative_error
from skelrep.models.fused import fused_encoder
from skelrep.verification import TOLERANCE

RECORD = Path(__file__).parent / "results" / "export_speed.json"
PAGE = Path(__file__).parents[1] / "docs" / "export.md"
BATCHES = {1: 40, 16: 20, 128: 8}  # batch: rounds
FRAMES = 50
OURS = "skelrep"
Call = Callable[[], NDArray[np.float32]]


def contenders(
    model: skelrep.SkeletonEncoder, content: bytes, threads: int, x: torch.Tensor
) -> dict[str, Call]:
    """Calls that embed the clips x, by name."""
    fused, program = fused_encoder(model, "float32"), skelrep.export_program(model).module()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Its threads would spin while the others take their turn.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    feed = {"clips": x.numpy()}
    return {
        OURS: torch.inference_mode()(lambda: fused.forward(x).numpy()),
        "the readable encoder": torch.inference_mode()(lambda: model(x).numpy()),
        "ONNX Runtime": lambda: session.run(None, feed)[0],
        "torch.export": torch.no_grad()(lambda: program(x).numpy()),
    }


def take_turns(calls: Mapping[str, Call], rounds: int) -> dict[str, list[float]]:
    """Seconds of every call; the first round warms up and checks."""
    wanted = calls[OURS]()
    for name, call in calls.items():
        if not (error := relative_error(call(), wanted)) <= TOLERANCE:
            raise SystemExit(f"{name} computes something else: relative error {error:.1e}")
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds):
        for name in list(calls)[:: -1 if number % 2 else 1]:
            began = time.perf_counter()
            calls[name]()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def row(batch: int, seconds: Mapping[str, list[float]]) -> list[dict[str, Any]]:
    """One record a contender."""
    return [
        {
            "batch": batch,
            "contender": name,
            "milliseconds": 1000 * statistics.median(times),
            "clips_per_second": batch / statistics.median(times),
            "ratio": statistics.median(o / t for o, t in zip(seconds[OURS], times, strict=True)),
            "seconds": times,
        }
        for name, times in seconds.items()
    ]


def cells(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Rows as text: contender, clips a batch, milliseconds a batch, clips a second, speed beside ours."""
    return [
        [
            r["contender"],
            str(r["batch"]),
            f"{r['milliseconds']:.1f}",
            f"{r['clips_per_second']:.0f}",
            f"{r['ratio']:.2f}",
        ]
        for r in rows
    ]


def verdict(rows: list[dict[str, Any]]) -> str:
    """Who was the fastest, in a sentence that follows from the record."""
    others = [r for r in rows if r["contender"] != OURS]
    batches = sorted({r["batch"] for r in rows})
    best = [max((r for r in others if r["batch"] == batch), key=lambda r: r["ratio"]) for batch in batches]
    faster = [r for r in best if r["ratio"] > 1]
    if not faster:
        ratios = [r["ratio"] for r in best]
        return (
            "`skelrep.encode` was the fastest at every batch; the best of the others had "
            f"{min(ratios):.2f} to {max(ratios):.2f} of its speed."
        )
    told = ", ".join(
        f"{r['contender']} at batch {r['batch']} ({r['ratio']:.2f} times as fast)" for r in faster
    )
    return f"Faster than `skelrep.encode`: {told}; nothing else."


HEADER = ["", "batch", "ms a batch", "clips a second", "speed beside skelrep"]


def write_page() -> None:
    """Put the record's table between its markers."""
    record = json.loads(RECORD.read_text())
    lines = [
        "| " + " | ".join(line) + " |" for line in (HEADER, ["---"] * len(HEADER), *cells(record["rows"]))
    ]
    where = record["machine"]
    engine = record["versions"].get("onnxruntime")
    note = f"{where['cpu']}, {where['threads']} thread(s); torch {record['versions']['torch']}, "
    note += f"ONNX Runtime {engine}; {record['date'][:10]}; `{record['command']}`.\n"
    fill(PAGE, "export-speed", "\n".join(lines) + f"\n\n{verdict(record['rows'])}\n\n{note}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the record here")
    parser.add_argument("--page", action="store_true", help="write the page from the record, measure nothing")
    parser.add_argument("--quick", action="store_true", help="two rounds of one and two clips")
    args = parser.parse_args()
    if args.page:
        write_page()
        return
    torch.set_num_threads(args.threads)
    warnings.simplefilter("ignore", FutureWarning)  # of torch, about itself
    model = skelrep.load_pretrained("default")
    with tempfile.TemporaryDirectory() as folder:
        skelrep.export_onnx(model, path := Path(folder) / "model.onnx")
        content = path.read_bytes()
    rows: list[dict[str, Any]] = []
    for batch, rounds in ({1: 2, 2: 2} if args.quick else BATCHES).items():
        x = random_clips(batch, FRAMES, "one")[..., :1].contiguous()
        rows += row(batch, take_turns(contenders(model, content, args.threads, x), rounds))
    print(table(HEADER, cells(rows)))
    if args.json:
        record = {**stamp(), "machine": machine(args.threads), "versions": versions(), "rows": rows}
        write_json(args.json, record)


if __name__ == "__main__":
    main()
