"""What should the vector be made of? Feature block x pooling, with the same weights, on tuning subjects only.

    python benchmarks/choose_pooling.py --data ../shared/data --model FOLDER [--json FILE]
    python benchmarks/choose_pooling.py --data ../shared/data --model random --seed 0

`--model random` takes an untrained encoder of the default architecture.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from archives import Archive, read_archive
from numpy.typing import NDArray
from protocols import SETS, score, used_clips
from records import percent, provenance, table, write_json

import skelrep
from skelrep.config import NUM_BLOCKS
from skelrep.evaluate import random_encoder
from skelrep.models.pooling import pool
from skelrep.models.reuse import same_weights
from skelrep.preprocess import preprocess

BLOCKS = (4, 7, 8, 9, 10)
POOLINGS = ("mean", "mean_std", "parts")
COLUMNS = ("linear", "1-NN")
Vector = tuple[int, str]  # feature block and pooling


def every_vector(
    model: skelrep.SkeletonEncoder, x: torch.Tensor, blocks: Sequence[int]
) -> dict[Vector, NDArray]:
    """The vectors of all blocks and poolings from one pass over one-body clips x (N, 3, T, V, 1).

    Each equals `encode` of a model whose config names this block alone, and this ``pooling``.
    """
    pooled: dict[Vector, dict[str, list[torch.Tensor]]] = {v: {} for v in itertools.product(blocks, POOLINGS)}

    def keep(view: str, block: int) -> Callable[[Any, Any, torch.Tensor], None]:
        def hook(_module: Any, _input: Any, maps_BCTV: torch.Tensor) -> None:
            for pooling in POOLINGS:
                pooled[block, pooling].setdefault(view, []).append(pool(maps_BCTV, pooling))

        return hook

    for view, block in itertools.product(model.views, blocks):
        model.encoders[view].blocks[block - 1].register_forward_hook(keep(view, block))
    with torch.inference_mode():
        for batch in x.split(64):
            model(batch)
    return {
        vector: torch.cat([torch.cat(views[view]) for view in model.views], dim=1).numpy()
        for vector, views in pooled.items()
    }


def compare(model: skelrep.SkeletonEncoder, archive: Archive, blocks: Sequence[int]) -> list[dict[str, Any]]:
    """One row a block and pooling."""
    used = used_clips(archive, "tune")
    x = preprocess([archive.clips[n] for n in np.flatnonzero(used)], model.config.preprocess)
    rows = []
    for (block, pooling), vectors in every_vector(copy.deepcopy(model), x, blocks).items():
        features = np.zeros((len(used), vectors.shape[1]), np.float32)
        features[used] = vectors
        accuracy = {probe: score(features, archive, "tune", probe).accuracy for probe in COLUMNS}
        rows.append(
            {"set": archive.name, "block": block, "pooling": pooling, "dim": vectors.shape[1], **accuracy}
        )
    return rows


def main() -> None:
    torch.set_num_threads(2)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the archives")
    parser.add_argument("--model", default="default", help="for skelrep.load_pretrained, or random")
    parser.add_argument("--seed", type=int, default=0, help="of the random encoder")
    parser.add_argument("--blocks", type=int, nargs="+", default=list(BLOCKS))
    parser.add_argument("--json", type=Path, help="write the record here")
    args = parser.parse_args()
    random = args.model == "random"
    model = (
        random_encoder(skelrep.ModelConfig(), args.seed) if random else skelrep.load_pretrained(args.model)
    )
    described = {"name": args.model, "seed": args.seed if random else None, "config": model.config.to_dict()}
    # The pass must reach the last block, whatever the model's own vector is made of.
    model = same_weights(model, dataclasses.replace(model.config.encoder, feature_blocks=(NUM_BLOCKS,)))
    rows, data = [], {}
    for name in SETS:
        archive = read_archive(args.data / f"{name}.npz")
        rows += (found := compare(model, archive, args.blocks))
        data[name] = archive.sha256
        cells = [[percent(v) if isinstance(v, float) else str(v) for v in row.values()] for row in found]
        print(f"\n{args.model}, tuning folds (accuracy %)\n{table(list(found[0]), cells)}", flush=True)
    if args.json:
        write_json(args.json, {**provenance(), "data_sha256": data, "model": described, "rows": rows})


if __name__ == "__main__":
    main()
