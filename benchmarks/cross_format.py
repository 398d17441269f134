"""How much of a vector survives a change of format: one motion written in every format and read back.

python benchmarks/cross_format.py [--model default] [--output benchmarks/results/formats.json]

For each format and each of the six public recordings of tests/data: the cosine of the vector of the clip that
was read back and that of the original; the same after the mean of the six originals is subtracted, which is
what tells motions apart; and how often the nearest original is the right one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from records import provenance, table, write_json

import skelrep

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from format_writers import every_format, write_openpose  # noqa: E402


def sources(folder: Path, x: np.ndarray) -> dict[str, tuple[object, dict[str, object]]]:
    """Every format, and the guess from 2D, which is none."""
    flat = write_openpose(folder / "flat", x, three=False)
    return every_format(folder, x) | {"openpose 2D, lifted": (flat, {"lift_2d": True})}


def read_back(x: np.ndarray) -> dict[str, tuple[skelrep.Clip, object]]:
    """Format -> the clip and its report."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {}
        for name, (source, options) in sources(Path(folder), x).items():
            clips, report = skelrep.inspect_clips(source, **options)
            found[name] = (clips[0], report)
    return found


def joint_errors(clip: skelrep.Clip, x: np.ndarray, measured: tuple[str, ...]) -> tuple[float, float]:
    """Largest distance of measured, and of all joints, millimetres, about each one's hips."""
    y = clip.data[..., 0].transpose(1, 2, 0)
    if y.shape != x.shape:
        return float("nan"), float("nan")
    middle = [(p[:, 12:13] + p[:, 16:17]) / 2 for p in (x, y)]
    distance = 1000 * np.linalg.norm((y - middle[1]) - (x - middle[0]), axis=2).max(axis=0)
    return float(max(distance[skelrep.layout.JOINT_NAMES.index(name)] for name in measured)), float(
        distance.max()
    )


def similarities(
    model: skelrep.SkeletonEncoder, originals: list[skelrep.Clip], written: list
) -> dict[str, dict]:
    """Format -> the three numbers."""
    reference = skelrep.encode(originals, model)
    middle = reference.mean(axis=0)
    out = {}
    for name in written[0]:
        vectors = skelrep.encode([clips[name][0] for clips in written], model)
        centred = unit(vectors - middle) @ unit(reference - middle).T
        cosines = (unit(vectors) * unit(reference)).sum(axis=1)
        out[name] = {
            "cosine_mean": float(cosines.mean()), "cosine_min": float(cosines.min()),
            "centred_mean": float(np.diag(centred).mean()), "centred_min": float(np.diag(centred).min()),
            "nearest_is_right": float((centred.argmax(axis=1) == np.arange(len(centred))).mean()),
        }  # fmt: skip
    return out


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def main() -> None:
    """Write, read, embed, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--model", default="default", help="beside random weights; left out when it is not there"
    )
    parser.add_argument("--output", default=str(ROOT / "benchmarks" / "results" / "formats.json"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    originals = skelrep.read_clips(ROOT / "tests" / "data" / "uiprmd_clips.npz")
    arrays = [clip.data[..., 0].transpose(1, 2, 0).astype(np.float64) for clip in originals]
    written = [read_back(x) for x in arrays]
    torch.manual_seed(0)
    models = {"random weights, seed 0": skelrep.SkeletonEncoder(skelrep.ModelConfig()).eval()}
    try:
        models[Path(options.model).name] = skelrep.load_pretrained(options.model)
    except skelrep.errors.WeightsNotFoundError:
        print(f"no weights {options.model!r}: only random ones are measured", file=sys.stderr)
    results = {name: similarities(model, originals, written) for name, model in models.items()}
    readers = {}
    for name in written[0]:
        errors = [
            joint_errors(w[name][0], x, w[name][1].measured) for w, x in zip(written, arrays, strict=True)
        ]
        report = written[0][name][1]
        readers[name] = {
            "layout": report.layout, "axes": report.axes, "unit": report.unit,
            "measured": len(report.measured),
            "fit": round(float(np.mean([w[name][1].fit for w in written])), 3),
            "error_measured_mm": round(max(e[0] for e in errors), 1),
            "error_all_mm": round(max(e[1] for e in errors), 1),
        }  # fmt: skip
    for model, formats in results.items():
        rows = [
            (name, f"{r['cosine_mean']:.4f}", f"{r['cosine_min']:.4f}", f"{r['centred_min']:.3f}",
            f"{r['nearest_is_right']:.2f}")
            for name, r in formats.items()
        ]  # fmt: skip
        print(
            f"\n{model}\n"
            + table(("format", "cosine", "smallest", "centred, smallest", "nearest right"), rows)
        )
    write_json(options.output, {"provenance": provenance(), "readers": readers, "similarities": results})


if __name__ == "__main__":
    main()
