"""What should the vector be made of? Feature block x pooling, with the same weights, on tuning subjects only.

    python benchmarks/choose_pooling.py --data ../shared/data --model FOLDER [--json FILE]
    python benchmarks/choose_pooling.py --data ../shared/data --model random --seed 0

`--model random` takes an untrained encoder of the default architecture.
"""

from __future__ import annotations

import argparse
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from archives import Archive, read_archive
from protocols import SETS, score, used_clips
from records import percent, provenance, table, write_json

import skelrep
from skelrep.evaluate import random_encoder
from skelrep.preprocess import preprocess

BLOCKS = (4, 7, 8, 9, 10)
POOLINGS = ("mean", "mean_std", "parts")
COLUMNS = ("linear", "1-NN")


def with_vector(model: skelrep.SkeletonEncoder, block: int, pooling: str) -> skelrep.SkeletonEncoder:
    """The same weights, another vector."""
    encoder = replace(model.config.encoder, feature_block=block, pooling=pooling)
    other = skelrep.SkeletonEncoder(replace(model.config, encoder=encoder))
    other.load_state_dict(model.state_dict())
    return other.eval()


def compare(model: skelrep.SkeletonEncoder, archive: Archive, blocks: list[int]) -> list[dict[str, Any]]:
    """One row a block and pooling."""
    used = used_clips(archive, "tune")
    x = preprocess([archive.clips[n] for n in np.flatnonzero(used)], model.config.preprocess)
    rows = []
    for block, pooling in itertools.product(blocks, POOLINGS):
        vectors = with_vector(model, block, pooling).encode(x, preprocess=False)
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
    model = (
        random_encoder(skelrep.ModelConfig(), args.seed)
        if args.model == "random"
        else skelrep.load_pretrained(args.model)
    )
    rows, data = [], {}
    for name in SETS:
        archive = read_archive(args.data / f"{name}.npz")
        rows += (found := compare(model, archive, args.blocks))
        data[name] = archive.sha256
        cells = [[percent(v) if isinstance(v, float) else str(v) for v in row.values()] for row in found]
        print(f"\n{args.model}, tuning folds (accuracy %)\n{table(list(found[0]), cells)}", flush=True)
    if args.json:
        described = {"name": args.model, "seed": args.seed, "config": model.config.to_dict()}
        write_json(args.json, {**provenance(), "data_sha256": data, "model": described, "rows": rows})


if __name__ == "__main__":
    main()
