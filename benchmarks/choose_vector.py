"""What should the vector be made of? Candidates on tuning subjects only, by three probes.

    python benchmarks/choose_vector.py measure --run runs/second --data ../shared/data --utdmhad utdmhad.npz
    python benchmarks/choose_vector.py docs

`measure` fits each candidate's whitening to the pretraining clips, as `package_default.py weights` does,
probes it in the folds of the protocol "tune" (see `protocols.py`), and writes the record after each. What the
record has of the same weights is not measured again. `docs` makes the table of docs/results.md from it;
`candidates.py` lists what is compared.

The first candidate is the reference. Another one's difference from it is the mean over sets and probes; its
standard error is that of the mean difference over subjects, since the folds hold out people, not clips.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from archives import Archive
from candidates import CANDIDATES, NUISANCES, Candidate
from numpy.typing import NDArray
from pages import fill
from protocols import score
from records import percent, provenance, table, write_json
from vector_features import Features, Sources, pooled_features

import skelrep
from skelrep.evaluate import random_encoder
from skelrep.models.whitening import whitening_from_crops

ROOT = Path(__file__).parents[1]
RECORD = Path("benchmarks/results/choose_vector.json")
COLUMNS = ("linear", "ridge", "1-NN")
SEED = 0  # of the whitening's rotation and of the random encoder
Row = dict[str, Any]


class Study:
    """The encoders, trained and random, and the sets that candidates are measured with.

    Args:
        trained: an encoder with all the blocks that candidates name.
        sources: clips, and where pooled vectors are kept.
    """

    def __init__(self, trained: skelrep.SkeletonEncoder, sources: Sources) -> None:
        self.encoders = {"trained": trained, "random": random_encoder(trained.config, SEED)}
        self.sources = sources

    @functools.cached_property
    def archives(self) -> list[Archive]:
        return self.sources.archives()

    def features(self, candidate: Candidate) -> Features:
        """The candidate's pooled vectors."""
        encoder, nuisance = self.encoders[candidate.weights], NUISANCES[candidate.nuisance]
        return pooled_features(encoder, candidate.blocks, candidate.pooling, nuisance, self.sources)

    def measure(self, candidate: Candidate) -> Row:
        """Accuracies of the candidate: those of each set's clips, and of each subject's."""
        sets, size = vectors(self.features(candidate), candidate)
        scores = {
            archive.name: {p: score(sets[archive.name], archive, "tune", p) for p in COLUMNS}
            for archive in self.archives
        }
        found = {
            name: {p: {"accuracy": s.accuracy, "by_subject": s.by_subject} for p, s in probes.items()}
            for name, probes in scores.items()
        }
        return {"candidate": dataclasses.asdict(candidate), "numbers": size, "sets": found}


def vectors(features: Features, candidate: Candidate) -> tuple[dict[str, NDArray], int]:
    """Every set's vectors, whitened as the candidate says, and their length."""
    if not candidate.size:
        return features.sets, features.first.shape[1]
    crops = (torch.from_numpy(rows).double() for rows in (features.first, features.second))
    mean, matrix = whitening_from_crops(*crops, size=candidate.size, shrinkage=candidate.shrinkage, seed=SEED)
    shift, map_DK = mean.float().numpy(), matrix.float().numpy()
    return {name: (rows - shift) @ map_DK for name, rows in features.sets.items()}, candidate.size


def mean_accuracy(row: Row) -> float:
    """Over sets and probes, each with the same weight."""
    return float(np.mean([s["accuracy"] for probes in row["sets"].values() for s in probes.values()]))


def difference(row: Row, reference: Row) -> tuple[float, float]:
    """Difference of two candidates' `mean_accuracy`, and its standard error over subjects."""
    variances = []
    for name, probes in row["sets"].items():
        gains = by_subject(probes) - by_subject(reference["sets"][name])
        variances.append(gains.var(ddof=1) / len(gains))
    return mean_accuracy(row) - mean_accuracy(reference), float(np.sqrt(np.sum(variances)) / len(variances))


def by_subject(probes: dict[str, Any]) -> NDArray[np.float64]:
    """Each subject's accuracy in one set, the mean over probes."""
    return np.mean([list(probes[p]["by_subject"].values()) for p in COLUMNS], axis=0)


def cells(row: Row, reference: Row) -> list[str]:
    """One line of the table."""
    accuracies = [percent(s["accuracy"]) for probes in row["sets"].values() for s in probes.values()]
    gain, error = difference(row, reference)
    compared = "" if row is reference else f"{100 * gain:+.1f} ± {100 * error:.1f}"
    words = str(Candidate.from_record(row["candidate"]))
    return [words, str(row["numbers"]), *accuracies, percent(mean_accuracy(row)), compared]


def header(row: Row) -> list[str]:
    return ["vector", "numbers", *(f"{s} {p}" for s in row["sets"] for p in COLUMNS), "mean", "difference"]


def fingerprint(encoder: skelrep.SkeletonEncoder) -> str:
    """A name for an encoder's weights."""
    digest = hashlib.sha256()
    for tensor in encoder.state_dict().values():
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()[:16]


def measure(study: Study, record: Path, only: Sequence[int]) -> None:
    """Measure the candidates that the record lacks, in their order."""
    weights = fingerprint(study.encoders["trained"])
    names = [archive.name for archive in study.archives]
    old = json.loads(record.read_text()) if record.exists() else {}
    kept = old["rows"] if old.get("weights") == weights and old.get("sets") == names else []
    done = {Candidate.from_record(row["candidate"]): row for row in kept}
    for number, candidate in enumerate(CANDIDATES):
        if candidate in done or (only and number not in only):
            continue
        done[candidate] = study.measure(candidate)
        rows = [done[c] for c in CANDIDATES if c in done]
        print(*cells(done[candidate], rows[0]), sep="  ", flush=True)
        write_json(record, {**provenance(), "weights": weights, "sets": names, "rows": rows})
    rows = [done[c] for c in CANDIDATES if c in done]
    print(f"\naccuracy in %, tuning folds\n{table(header(rows[0]), [cells(row, rows[0]) for row in rows])}")


def write_docs(record: Path) -> None:
    """Put the table between its markers in docs/results.md."""
    rows = json.loads(record.read_text())["rows"]
    lines = [header(rows[0]), ["---"] * len(header(rows[0])), *(cells(row, rows[0]) for row in rows)]
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    fill(ROOT / "docs" / "results.md", "vector", text)


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("measure", "docs"))
    parser.add_argument("--run", default="runs/second", help="a run's folder, or what load_pretrained takes")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the archives")
    parser.add_argument("--utdmhad", type=Path, metavar="FILE", help="utdmhad.npz of the converter")
    parser.add_argument("--cache", type=Path, default=Path("runs/vectors"), help="for pooled vectors")
    parser.add_argument("--only", type=int, nargs="*", default=[], help="numbers of candidates, from 0")
    parser.add_argument("--record", type=Path, default=RECORD)
    args = parser.parse_args()
    if args.what == "docs":
        write_docs(args.record)
    else:
        study = Study(skelrep.load_pretrained(args.run), Sources(args.data, args.utdmhad, args.cache))
        measure(study, args.record, args.only)


if __name__ == "__main__":
    main()
