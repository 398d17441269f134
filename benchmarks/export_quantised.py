"""What int8 costs: exported models quantised by ONNX Runtime, on tuning subjects only.

    python benchmarks/export_quantised.py --json benchmarks/results/export_quantised.json
    python benchmarks/export_quantised.py --page       # docs/export.md from the record

Variants: weights as int8 with activations quantised as they come (dynamic), and both as int8 after a look
at the bundled clips (static). Beside the float file: relative error of a vector (median), nearest neighbours
kept, ten nearest neighbours found again, probes, size and time. A variant is worth shipping when 99 % of the
nearest neighbours stay and no probe loses more than half a point; the record says which are.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from archives import Archive, read_archive
from machine import machine, stamp, versions
from numpy.typing import NDArray
from onnxruntime import quantization
from pages import fill
from protocols import SETS, score, used_clips
from records import percent, table, write_json

import skelrep
from skelrep.demo import load_demo_clips
from skelrep.preprocess import preprocess

RECORD = Path(__file__).parent / "results" / "export_quantised.json"
PAGE = Path(__file__).parents[1] / "docs" / "export.md"
PROBES = ("linear", "1-NN")
NEIGHBOURS = 10
KEPT, LOST = 0.99, 0.005  # of nearest neighbours; of a probe's accuracy
Features = NDArray[np.float32]


class Calibration(quantization.CalibrationDataReader):
    """The bundled clips, one after another."""

    def __init__(self, config: skelrep.PreprocessConfig) -> None:
        clips = preprocess(load_demo_clips(), config).numpy()
        self.feeds: Iterator[dict[str, Features]] = iter([{"clips": clip[None]} for clip in clips])

    def get_next(self) -> dict[str, Features] | None:
        return next(self.feeds, None)


def variants(model: skelrep.SkeletonEncoder, folder: Path) -> dict[str, Path]:
    """The float file and its quantised variants."""
    paths = {name: folder / f"{name}.onnx" for name in ("float32", "int8 dynamic", "int8 static")}
    skelrep.export_onnx(model, paths["float32"])
    ready = folder / "ready.onnx"
    quantization.quant_pre_process(paths["float32"], ready, skip_symbolic_shape=True)
    quantization.quantize_dynamic(ready, paths["int8 dynamic"], per_channel=True)
    quantization.quantize_static(
        ready, paths["int8 static"], Calibration(model.config.preprocess), per_channel=True
    )
    return paths


def open_session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def encode(path: Path, x: Features, batch: int = 64) -> tuple[Features, float]:
    """Vectors of prepared clips, and seconds of processor time a clip."""
    session = open_session(path)
    began = time.process_time()
    parts = [session.run(None, {"clips": x[i : i + batch]})[0] for i in range(0, len(x), batch)]
    return np.concatenate(parts), (time.process_time() - began) / len(x)


def neighbours(vectors: Features) -> NDArray[np.int64]:
    """The ten nearest others of each vector by cosine, nearest first."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -np.inf)
    return np.argsort(-similarity, axis=1, kind="stable")[:, :NEIGHBOURS]


def compare(vectors: Features, wanted: Features) -> dict[str, float]:
    """Vectors beside those of the float file."""
    found, expected = neighbours(vectors), neighbours(wanted)
    again = [len(set(a) & set(b)) / NEIGHBOURS for a, b in zip(found, expected, strict=True)]
    gaps = np.linalg.norm(vectors - wanted, axis=1) / np.linalg.norm(wanted, axis=1)
    return {
        "error": float(np.median(gaps)),
        "nearest_kept": float((found[:, 0] == expected[:, 0]).mean()),
        "recall_10": float(np.mean(again)),
    }


def measure(
    paths: dict[str, Path], archive: Archive, config: skelrep.PreprocessConfig
) -> list[dict[str, Any]]:
    """One row a variant on one set."""
    used = used_clips(archive, "tune")
    x = preprocess([archive.clips[n] for n in np.flatnonzero(used)], config).numpy()
    rows: list[dict[str, Any]] = []
    wanted = None
    for name, path in paths.items():
        vectors, seconds = encode(path, x)
        wanted = vectors if wanted is None else wanted
        features = np.zeros((len(used), vectors.shape[1]), np.float32)
        features[used] = vectors
        probes = {probe: score(features, archive, "tune", probe).accuracy for probe in PROBES}
        size = path.stat().st_size
        rows.append(
            {
                "set": archive.name,
                "variant": name,
                "clips": len(x),
                "bytes": size,
                "ms_a_clip": 1000 * seconds,
            }
            | compare(vectors, wanted)
            | {"probes": probes}
        )
        lost = max(rows[0]["probes"][probe] - probes[probe] for probe in PROBES)
        rows[-1]["holds"] = bool(rows[-1]["nearest_kept"] >= KEPT and lost <= LOST)
    return rows


HEADER = ["", "set", "kB", "ms a clip", "error", "nearest kept", "recall@10", *PROBES, "holds"]


def cells(rows: list[dict[str, Any]]) -> list[list[str]]:
    return [
        [
            r["variant"], r["set"], f"{r['bytes'] / 1000:.0f}", f"{r['ms_a_clip']:.2f}", f"{r['error']:.1e}",
            percent(r["nearest_kept"]), percent(r["recall_10"]), *(percent(r["probes"][p]) for p in PROBES),
            "yes" if r["holds"] else "no",
        ]
        for r in rows
    ]  # fmt: skip


def write_page() -> None:
    """Put the record's table between its markers."""
    record = json.loads(RECORD.read_text())
    lines = [
        "| " + " | ".join(line) + " |" for line in (HEADER, ["---"] * len(HEADER), *cells(record["rows"]))
    ]
    fill(PAGE, "export-quantised", "\n".join(lines) + f"\n\n{record['date'][:10]}; `{record['command']}`.\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the archives")
    parser.add_argument("--model", default="default", help="for skelrep.load_pretrained")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--json", type=Path, help="write the record here")
    parser.add_argument("--page", action="store_true", help="write the page from the record, measure nothing")
    args = parser.parse_args()
    if args.page:
        write_page()
        return
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of torch and ONNX Runtime, about themselves
    logging.disable(logging.WARNING)
    model = skelrep.load_pretrained(args.model)
    rows, data = [], {}
    with tempfile.TemporaryDirectory() as folder:
        paths = variants(model, Path(folder))
        for name in args.sets:
            archive = read_archive(args.data / f"{name}.npz")
            data[name] = archive.sha256
            rows += measure(paths, archive, model.config.preprocess)
    print(table(HEADER, cells(rows)))
    if args.json:
        about = {"machine": machine(1), "versions": versions(), "data_sha256": data, "model": args.model}
        write_json(args.json, stamp() | about | {"rows": rows})


if __name__ == "__main__":
    main()
