"""The pretraining study: short runs of the product's own trainer, one factor changed at a time.

    PYTHONPATH=. python benchmarks/pretraining_study.py --data ../shared/data -o runs/study [--utdmhad FILE]
    python benchmarks/study_page.py runs/study

Each run leaves a folder and a record; a run that was stopped goes on, a finished one is not run again.
Variants are judged on tuning folds (`protocols.py`), by three vectors of the same weights: the mean of the
last block (as published), block 4 by time segments and body parts, and the default's vector (input and block
4, whitened). Those of the comparison, with three seeds, are judged on the held-out people, too.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from archives import Archive, read_archive
from numpy.typing import NDArray
from package_default import NUISANCE
from pretrain_default import from_uiprmd, training_clips
from protocols import Protocol, score, set_files, used_clips
from records import provenance, write_json
from study_variants import COMPARISON, JOINT, VARIANTS, Variant

import skelrep
from skelrep.clips import Clip
from skelrep.config import EncoderConfig, ModelConfig
from skelrep.evaluate import random_encoder
from skelrep.models.reuse import same_weights
from skelrep.preprocess import preprocess

PROBES = ("linear", "1-NN")
WHITENING = 768
VECTORS = ("last block, mean", "block 4, segments x parts", "input and block 4, whitened")


def train(variant: Variant, seed: int, clips: list[Clip], folder: Path) -> skelrep.SkeletonEncoder:
    """Run a variant, or go on with it, or load what it left."""
    if not (folder / "model.safetensors").exists():
        weights = np.array([1.0 if from_uiprmd(clip) else variant.weight_of_others for clip in clips])
        config = dataclasses.replace(variant.config, seed=seed, keep_checkpoints=1)
        skelrep.train_crossclr(clips, config, output_dir=folder, sample_weights=weights, progress=False)
    return skelrep.load_pretrained(str(folder))


def vectors(model: skelrep.SkeletonEncoder, clips: list[Clip]) -> dict[str, skelrep.SkeletonEncoder]:
    """The encoders that give the three vectors of the same weights."""
    config = model.config.encoder

    def made_of(*feature_blocks: int, pooling: str = "parts_std") -> skelrep.SkeletonEncoder:
        changed: EncoderConfig = dataclasses.replace(config, feature_blocks=feature_blocks, pooling=pooling)
        return same_weights(model, changed)

    last, block_4 = made_of(config.blocks, pooling="mean"), made_of(4)
    whitened = skelrep.fit_whitening(made_of(0, 4), clips, size=WHITENING, augment=NUISANCE, progress=False)
    return dict(zip(VECTORS, (last, block_4, whitened), strict=True))


def features(
    model: skelrep.SkeletonEncoder, archive: Archive, used: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Vectors of the used clips at their places among all clips; zero elsewhere."""
    x = preprocess([archive.clips[n] for n in np.flatnonzero(used)], model.config.preprocess)
    rows = model.encode(x, preprocess=False)
    spread = np.zeros((len(used), rows.shape[1]), np.float32)
    spread[used] = rows
    return spread


def judge(
    encoders: dict[str, skelrep.SkeletonEncoder], archives: list[Archive], protocol: Protocol
) -> dict[str, dict[str, dict[str, float]]]:
    """Accuracy by vector, set and probe."""
    return {
        vector: {
            archive.name: {
                probe: score(found, archive, protocol, probe).accuracy
                for found in [features(encoder, archive, used_clips(archive, protocol))]
                for probe in PROBES
            }
            for archive in archives
        }
        for vector, encoder in encoders.items()
    }


def row(
    variant: Variant, seed: int, model: skelrep.SkeletonEncoder, clips: list[Clip], archives: list[Archive]
) -> dict[str, Any]:
    """A finished run's record."""
    encoders = vectors(model, clips)
    found: dict[str, Any] = {"group": variant.group, "name": variant.name, "seed": seed}
    found["tune"] = judge(encoders, archives, "tune")
    if variant.group == "comparison":
        found["report"] = judge(encoders, archives, "report")
    return found | {"config": variant.config.to_dict(), "data": {a.name: a.sha256 for a in archives}}


def random_rows() -> list[Variant]:
    """Untrained encoders beside those of the comparison."""
    names = {1: "random, joint", 3: "random, three views"}
    found = {len(v.config.encoder.views): v for v in COMPARISON}
    return [dataclasses.replace(v, name=names[views]) for views, v in sorted(found.items())]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the archives")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--utdmhad", type=Path, help="archive of UTD-MHAD, where somebody has it")
    parser.add_argument("--only", default="", help="variants whose folder's name holds this")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    clips = training_clips(args.data)
    archives = [read_archive(path) for path in set_files(args.data, args.utdmhad)]
    for variant in (*random_rows(), *VARIANTS):
        for seed in variant.seeds:
            folder = args.output / variant.folder(seed)
            record = folder.with_suffix(".json")
            if args.only not in folder.name or record.exists():
                continue
            start = time.monotonic()
            if variant.name.startswith("random"):
                config = ModelConfig(encoder=variant.config.encoder, preprocess=JOINT.preprocess)
                model = random_encoder(config, seed)
            else:
                model = train(variant, seed, clips, folder)
            trained = time.monotonic()
            found = row(variant, seed, model, clips, archives)
            write_json(record, provenance() | found)
            print(
                f"{folder.name}: trained {trained - start:.0f} s, judged {time.monotonic() - trained:.0f} s"
            )


if __name__ == "__main__":
    main()
