"""Fine-tuning the default weights against training the same architecture from scratch, on the same labels.

    PYTHONPATH=. python benchmarks/finetune_default.py --data ../shared/data -o runs/finetune [--utdmhad FILE]
    PYTHONPATH=. python benchmarks/finetune_default.py --data ../shared/data -o runs/finetune --page

Held-out people of `protocols.py`; 10 % of the training labels (drawn by seed, class by class) and all of
them (one seed: from scratch on IRDS takes most of an hour on one core). Both are trained by
`skelrep.evaluate`: fine-tuning for at most 40 passes, stopped by a fifth of its training clips; from scratch
for 100, on all of them. Each cell is a record and is not computed twice.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from archives import Archive, read_archive
from pages import fill, markdown_table
from protocols import set_files, splits
from records import percent, provenance, write_json

import skelrep
from skelrep.evaluate import finetune_evaluation, scratch_evaluation

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "benchmarks" / "results" / "finetune_default.json"
CONTENDERS = ("fine-tuned", "frozen, linear", "from scratch")
SHARES = {0.1: (0, 1, 2), 1.0: (0,)}


def cell(contender: str, archive: Archive, share: float, seed: int) -> dict[str, Any]:
    """Train one network on a share of the labels, and test it."""
    (split,) = splits(archive, "report")
    model = skelrep.load_pretrained("default")
    start = time.monotonic()
    if contender == "from scratch":
        encoder = dataclasses.replace(model.config.encoder, whitening=0)
        config = dataclasses.replace(model.config, encoder=encoder)
        found = scratch_evaluation(config, archive.clips, archive.labels, split, share=share, seed=seed)
    else:
        mode = "full" if contender == "fine-tuned" else "linear"
        found = finetune_evaluation(
            model, archive.clips, archive.labels, split, share=share, seed=seed, mode=mode
        )
    return {
        "contender": contender,
        "set": archive.name,
        "sha256": archive.sha256,
        "share": share,
        "seed": seed,
        "n_train": found.n_train,
        "n_test": found.n_test,
        "accuracy": found.accuracy,
        "seconds": round(time.monotonic() - start, 1),
    }


def cells(archives: list[Archive]) -> Iterator[tuple[str, Archive, float, int]]:
    """Contender, set, share of labels and seed: what takes minutes before what takes hours."""
    for share, seeds in SHARES.items():
        for seed in seeds:
            for archive in sorted(archives, key=lambda archive: len(archive.clips)):
                for contender in CONTENDERS:
                    yield contender, archive, share, seed


def compute(archives: list[Archive], folder: Path) -> None:
    """Every cell that has no record yet."""
    for contender, archive, share, seed in cells(archives):
        path = (
            folder / f"{archive.name}-{share:g}-{contender.replace(', ', ' ').replace(' ', '-')}-{seed}.json"
        )
        if not path.exists():
            found = cell(contender, archive, share, seed)
            write_json(path, found)
            print(f"{path.stem}: {percent(found['accuracy'])} % in {found['seconds']} s", flush=True)


def page(rows: list[dict[str, Any]]) -> str:
    """A row a set and share of labels, a column a contender."""
    lines = []
    for name in dict.fromkeys(row["set"] for row in rows):
        for share in SHARES:
            these = [row for row in rows if (row["set"], row["share"]) == (name, share)]
            if not these:
                continue
            values = [[row["accuracy"] for row in these if row["contender"] == c] for c in CONTENDERS]
            clips = round(np.mean([row["n_train"] for row in these]))
            lines.append([name, f"{100 * share:g} %", str(clips), *(percent(v) if v else "" for v in values)])
    return markdown_table(["set", "labels", "training clips", *CONTENDERS], lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the archives")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the cells' records")
    parser.add_argument("--utdmhad", type=Path, help="archive of UTD-MHAD, where somebody has it")
    parser.add_argument("--page", action="store_true", help="join the records and fill docs/results.md")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if not args.page:
        compute([read_archive(path) for path in set_files(args.data, args.utdmhad)], args.output)
        return
    rows = [json.loads(path.read_text()) for path in sorted(args.output.glob("*.json"))]
    write_json(RECORD, provenance() | {"rows": rows})
    fill(ROOT / "docs" / "results.md", "finetune", page(rows))


if __name__ == "__main__":
    main()
