"""What are frozen vectors worth? A model beside raw joints and random encoders, on held-out subjects.

    python benchmarks/evaluate_default.py --data ../shared/data --model default [--json out.json]

`--protocol report` (default) trains probes on the choosing subjects and tests on people seen by nobody;
`--protocol tune` uses folds inside the choosing subjects, for choosing between models. See `protocols.py`.
Rows: raw joints; encoders of the same architecture with random weights (three seeds: mean ± deviation),
without and with the same whitening (fitted, as the model's, to the pretraining clips); the model without its
whitening, the parts of single views in that, and the model. `--model none` prints the baselines alone.
`--utdmhad FILE` adds UTD-MHAD (see `protocols.py`).
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import functools
import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from archives import Archive, read_archive
from numpy.typing import NDArray
from package_default import NUISANCE
from pretrain_default import PAIRS, SINGLE, training_clips
from protocols import PROBES, SETS, Protocol, Score, score, splits, used_clips
from records import percent, provenance, table, write_json

import skelrep
from skelrep.evaluate import random_encoder, raw_joints
from skelrep.models.reuse import same_weights
from skelrep.preprocess import preprocess

SEEDS = (0, 1, 2)
RAW_FRAMES = 32
DEFAULT_PRETRAINED_ON = (*SINGLE, PAIRS)
Row = dict[str, Any]


def part_features(
    model: skelrep.SkeletonEncoder, x: torch.Tensor, used: NDArray[np.bool_]
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The whole vector and each view's part of it, as (N, D) with zero rows where a clip is not used."""
    vectors = model.encode(x, preprocess=False)
    parts = [("all views", vectors)]
    if len(model.views) > 1 and not model.config.encoder.whitening:
        parts += zip(model.views, np.split(vectors, len(model.views), axis=1), strict=True)
    for part, rows in parts:
        yield part, spread(rows, used)


def spread(rows: NDArray[np.float32], used: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Rows of the used clips back at their places among all clips."""
    features = np.zeros((len(used), rows.shape[1]), np.float32)
    features[used] = rows
    return features


def encoders(
    model: skelrep.SkeletonEncoder | None, config: skelrep.ModelConfig, data: Path
) -> Iterator[tuple[str, skelrep.SkeletonEncoder]]:
    """The rows' names and encoders, one after another."""
    whitened = config.encoder.whitening
    plain = dataclasses.replace(config, encoder=dataclasses.replace(config.encoder, whitening=0))
    for seed in SEEDS:
        yield "random encoder", random_encoder(plain, seed)
    if whitened:
        for seed in SEEDS:
            yield "random encoder, whitened", random_and_whitened(plain, seed, whitened, data)
    if model is not None and whitened:
        yield "model without whitening", same_weights(model, plain.encoder)
    if model is not None:
        yield "model", model


@functools.cache
def random_and_whitened(
    plain: skelrep.ModelConfig, seed: int, size: int, data: Path
) -> skelrep.SkeletonEncoder:
    """A random encoder with the whitening that the model has, of its own vectors."""
    clips = training_clips(data)
    return skelrep.fit_whitening(random_encoder(plain, seed), clips, size=size, augment=NUISANCE)


def evaluate_set(
    model: skelrep.SkeletonEncoder | None,
    config: skelrep.ModelConfig,
    archive: Archive,
    protocol: Protocol,
    data: Path,
) -> list[Row]:
    """Every row of one set's table; a row holds one `Score` a probe and a seed."""
    used = used_clips(archive, protocol)
    clips = [archive.clips[n] for n in np.flatnonzero(used)]
    features = {("raw joints", "coordinates"): [spread(raw_joints(clips, frames=RAW_FRAMES), used)]}
    x = preprocess(clips, config.preprocess)
    for name, encoder in encoders(model, config, data):
        for part, vectors in part_features(encoder, x, used):
            features.setdefault((name, part), []).append(vectors)
    rows: list[Row] = []
    for (name, part), versions in features.items():
        scores = {probe: [score(v, archive, protocol, probe) for v in versions] for probe in PROBES}
        rows.append({"row": name, "part": part, "dim": versions[0].shape[1], "scores": scores})
    return rows


def set_table(rows: list[Row]) -> str:
    """Accuracies in percent, a column a probe."""
    cells = [
        [r["row"], r["part"], str(r["dim"]), *(percent([s.accuracy for s in r["scores"][p]]) for p in PROBES)]
        for r in rows
    ]
    return table(["", "vector", "dim", *PROBES], cells)


def set_record(archive: Archive, protocol: Protocol, rows: list[Row]) -> dict[str, Any]:
    """One set's part of the JSON record."""
    results = copy.deepcopy(rows)
    for row in results:
        row["seeds"] = list(SEEDS) if row["row"].startswith("random") else None
        row["scores"] = {p: [vars(s) for s in scores] for p, scores in row["scores"].items()}
        if row["seeds"]:  # classes and subjects of 24 random parts are nobody's reading
            for one in itertools.chain(*row["scores"].values()):
                del one["per_class"], one["by_subject"]
    held_out = sorted({str(s) for _, test in splits(archive, protocol) for s in archive.subjects[test]})
    return {"set": archive.name, "sha256": archive.sha256, "test_subjects": held_out, "rows": results}


def in_pretraining(name: str, model: str, pretrained_on: list[str] | None) -> str:
    """Whether the model saw the clips of this set, test subjects included, without their labels."""
    if pretrained_on is None and model not in ("default", "none"):
        return "unknown"
    if model == "none":
        return "no"
    return "yes" if name in (DEFAULT_PRETRAINED_ON if pretrained_on is None else pretrained_on) else "no"


def sizes(rows: list[Row]) -> str:
    one: Score = rows[0]["scores"]["1-NN"][0]
    return f"{one.n_train} training clips a split, {one.n_test} test clips"


def main() -> None:
    torch.set_num_threads(2)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the archives")
    parser.add_argument("--model", default="default", help="for skelrep.load_pretrained, or none")
    parser.add_argument("--protocol", choices=("report", "tune"), default="report")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--utdmhad", type=Path, metavar="FILE", help="utdmhad.npz of the converter")
    parser.add_argument("--pretrained-on", nargs="*", metavar="SET", help="sets seen without labels")
    parser.add_argument("--json", type=Path, help="write the record here")
    args = parser.parse_args()
    model = None if args.model == "none" else skelrep.load_pretrained(args.model)
    config = skelrep.ModelConfig() if model is None else model.config
    started, records = time.monotonic(), []
    print(f"model {args.model}, protocol {args.protocol}; accuracy in %, random encoders over seeds {SEEDS}")
    files = [args.data / f"{name}.npz" for name in args.sets]
    for file in [*files, args.utdmhad] if args.utdmhad else files:
        archive, name = read_archive(file), file.stem
        rows = evaluate_set(model, config, archive, args.protocol, args.data)
        seen = in_pretraining(name, args.model, args.pretrained_on)
        print(f"\n{name}: {sizes(rows)}; clips in pretraining, without labels: {seen}")
        print(set_table(rows), flush=True)
        records.append({**set_record(archive, args.protocol, rows), "in_pretraining": seen})
    if args.json:
        described = {"name": args.model, "commit": model and model.commit_hash, "config": config.to_dict()}
        seconds = round(time.monotonic() - started)
        record = {
            **provenance(),
            "seconds": seconds,
            "protocol": args.protocol,
            "model": described,
            "sets": records,
        }
        write_json(args.json, record)


if __name__ == "__main__":
    main()
