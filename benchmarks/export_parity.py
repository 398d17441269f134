"""Export every kind of model, and record how far ONNX Runtime and torch.export are from it.

    python benchmarks/export_parity.py --json benchmarks/results/export_parity.json
    python benchmarks/export_parity.py --page       # docs/export.md from the record

Random weights (every tensor matters), small widths; recipe x pooling x one to three views. One view comes
with the features of the input and of block 5, behind which time is halved, two views with whitening; raw
clips, whose preprocessing does not meet the pooling, come with three views. The figure is the largest
relative error over the clips of `skelrep.export.check`: one body, two, absent ones in one batch, none, a
longer clip. About ten seconds a model on a quiet core; the record grows row by row.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import warnings
from pathlib import Path
from typing import Any, get_args

import torch
from machine import machine, stamp, versions
from pages import fill
from records import write_json
from speed_data import random_encoder

import skelrep
from skelrep.config import VIEWS, EncoderConfig, Pooling, Recipe
from skelrep.export.check import Vectors, require_equal
from skelrep.export.graph import GraphInput
from skelrep.golden import reference_twin

RECORD = Path(__file__).parent / "results" / "export_parity.json"
PAGE = Path(__file__).parents[1] / "docs" / "export.md"
WHITENED = 6  # numbers of a whitened vector
ENGINES = ("ONNX Runtime", "torch.export")
COLUMNS = ("recipe", "pooling", "views", "input")


def kinds(recipes: list[str]) -> list[tuple[str, str, int, str]]:
    """Every combination, and raw clips."""
    prepared = list(itertools.product(recipes, get_args(Pooling), (1, 2, 3), ("prepared",)))
    return prepared + [(recipe, "mean", 3, "raw") for recipe in recipes]


def measure(recipe: Recipe, pooling: Pooling, views: int, takes: GraphInput) -> dict[str, float]:
    """Largest relative errors of one kind of model, by engine."""
    config = EncoderConfig(
        recipe_name=recipe,
        pooling=pooling,
        views=VIEWS[-views:],
        base_channels=4,
        feature_channels=16,
        feature_blocks=(0, 5) if views == 1 else (2,),
        whitening=WHITENED if views == 2 else 0,
    )
    model = random_encoder(config)
    if model.whitening is not None:
        generator = torch.Generator().manual_seed(0)
        model.whitening.mean.normal_(generator=generator)
        model.whitening.matrix.normal_(generator=generator)
    with tempfile.TemporaryDirectory() as folder:
        onnx = skelrep.export_onnx(model, Path(folder) / "model.onnx", input=takes)
    network = skelrep.export_program(model, input=takes).module()

    def compute(clips: Vectors) -> Vectors:
        with torch.no_grad():
            return network(torch.from_numpy(clips)).numpy()

    twin = reference_twin(model)
    return {"ONNX Runtime": onnx, "torch.export": require_equal(compute, twin, takes, "the program")}


def write_page() -> None:
    """Put the record's table between its markers: the worst over one to three views."""
    record = json.loads(RECORD.read_text())
    worst: dict[tuple[str, str, str], list[float]] = {}
    for row in record["rows"]:
        errors = worst.setdefault((row["recipe"], row["pooling"], row["input"]), [0.0] * len(ENGINES))
        errors[:] = [max(old, row[engine]) for old, engine in zip(errors, ENGINES, strict=True)]
    lines = [f"| recipe | pooling | clips | {' | '.join(ENGINES)} |", "|---|---|---|---|---|"]
    lines += [
        f"| {' | '.join(kind)} | {' | '.join(f'{e:.1e}' for e in errors)} |" for kind, errors in worst.items()
    ]
    fill(
        PAGE,
        "export-parity",
        "\n".join(lines) + f"\n\n{record['date'][:10]}, {len(record['rows'])} models.\n",
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipes", nargs="+", choices=get_args(Recipe), default=list(get_args(Recipe)))
    parser.add_argument("--json", type=Path, help="write the record here")
    parser.add_argument("--page", action="store_true", help="write the page from the record, measure nothing")
    args = parser.parse_args()
    if args.page:
        write_page()
        return
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", FutureWarning)  # of torch, about itself
    rows: list[dict[str, Any]] = []
    about = {**stamp(), "machine": machine(1), "versions": versions()}
    for kind in kinds(args.recipes):
        rows.append(dict(zip(COLUMNS, kind, strict=True)) | measure(*kind))
        print(*rows[-1].values(), flush=True)
        if args.json:
            write_json(args.json, about | {"rows": rows})


if __name__ == "__main__":
    main()
