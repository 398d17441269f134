"""How well does a classifier say "unknown"? Some exercises are known, some not; tested on other people.

    python benchmarks/unknown_classes.py --data ../shared/data [--model default] [--json FILE]

A draw takes six tenths of the classes as known and half of the people for training, 8 clips a class; test
clips are those of the other half. The mean over the draws is printed.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
from archives import Archive, read_archive
from numpy.typing import NDArray
from protocols import SETS
from records import percent, provenance, table, write_json

import skelrep
from skelrep.errors import DataWarning

CLIPS_A_CLASS, TRAINING_CLIPS, DRAWS, RATE = 20, 8, 6, 0.1
COLUMNS = ("known called unknown", "unknown found", "AUROC novelty", "AUROC largest probability")


def draw(
    archive: Archive, model: skelrep.SkeletonEncoder, chosen: NDArray, rng: np.random.Generator
) -> list[float]:
    """One draw's four numbers."""
    from sklearn.metrics import roc_auc_score

    labels, people = archive.labels[chosen], archive.subjects[chosen]
    classes = rng.permutation(np.unique(labels))
    known = classes[: len(classes) * 6 // 10]
    trained = np.isin(people, rng.permutation(np.unique(people))[: len(np.unique(people)) // 2])
    train = np.concatenate([np.flatnonzero((labels == k) & trained)[:TRAINING_CLIPS] for k in known])
    clips = [archive.clips[n] for n in chosen]
    classifier = skelrep.finetune(
        model,
        [clips[n] for n in train],
        [str(labels[n]) for n in train],
        unknown=True,
        false_reject_rate=RATE,
        progress=False,
    )
    test = np.flatnonzero(~trained)
    said = classifier.predict_details([clips[n] for n in test])
    new = ~np.isin(labels[test], known)
    return [
        float(said.unknown[~new].mean()),
        float(said.unknown[new].mean()),
        float(roc_auc_score(new, said.novelty)),
        float(roc_auc_score(new, -said.probabilities.max(axis=1))),
    ]


def measure(archive: Archive, model: skelrep.SkeletonEncoder) -> list[list[float]]:
    """All draws of one set."""
    rng = np.random.default_rng(0)
    classes = np.unique(archive.labels)
    chosen = np.concatenate(
        [rng.permutation(np.flatnonzero(archive.labels == k))[:CLIPS_A_CLASS] for k in classes]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # a class with few clips promises less than the rate
        return [draw(archive, model, chosen, rng) for _ in range(DRAWS)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the archives")
    parser.add_argument("--model", default="default", help="for skelrep.load_pretrained")
    parser.add_argument("--json", type=Path, help="write the record here")
    args = parser.parse_args()
    model, rows, record = skelrep.load_pretrained(args.model), [], {}
    for name in SETS:
        archive = read_archive(args.data / f"{name}.npz")
        draws = measure(archive, model)
        record[name] = {"sha256": archive.sha256, "draws": draws}
        rows.append([name, *(percent(float(value)) for value in np.mean(draws, axis=0))])
    print(f"false-reject rate {RATE}, mean of {DRAWS} draws, %\n{table(['', *COLUMNS], rows)}")
    if args.json:
        write_json(args.json, {**provenance(), "columns": COLUMNS, "rate": RATE, "sets": record})


if __name__ == "__main__":
    main()
