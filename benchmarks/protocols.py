"""The splits and probes of every benchmark here, so that numbers of different scripts can stand side by side.

Three sets, each with a *tune* protocol (folds inside the training subjects: choose by these) and a *report*
protocol (never looked at while choosing):

- IRDS, 9 gestures. Choosing subjects are 101-104, 201-206, 301-304; report trains on all their clips and
  tests on all clips of the other 16 subjects. Tune: 3 folds of the choosing subjects. No clip is left out,
  the 12 of quality "poor" included.
- UI-PRMD (Kinect), 10 exercises. Report trains on correct executions of odd subjects and tests on *incorrect*
  ones of even subjects. Tune: the same between odd subjects, one held out a fold (5 folds).
- UTD-MHAD, 27 actions, where somebody has it (it is in no repository of ours): report trains on odd subjects
  and tests on even ones. Tune: odd subjects, one held out a fold (4 folds).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from archives import Archive
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from skelrep.evaluate import ProbeResult, by_subject, knn_probe, linear_probe, ridge_probe, subject_folds

Protocol = Literal["tune", "report"]
Split = tuple[NDArray[np.bool_], NDArray[np.bool_]]

PROBES = {
    "linear": partial(linear_probe, C=0.1),
    "ridge": partial(ridge_probe, alpha=1000.0),
    "1-NN": partial(knn_probe, k=1),
    "20-NN": partial(knn_probe, k=20, temperature=0.07),
}
IRDS_CHOOSING = [f"{s}" for s in (*range(101, 105), *range(201, 207), *range(301, 305))]
UIPRMD_TRAINING = ["s01", "s03", "s05", "s07", "s09"]
SETS = ("irds", "uiprmd_kinect")
UTD_MHAD = "utdmhad"


@dataclass(frozen=True, eq=False)
class Score:
    """Outcome of one probe over the splits of a protocol; accuracy counts every test clip once."""

    accuracy: float
    per_class: dict[str, float]
    by_subject: dict[str, float]
    n_train: int
    n_test: int


def set_files(data: Path, utdmhad: Path | None) -> list[Path]:
    """The archives of the sets in a folder, and that of UTD-MHAD where somebody has it."""
    return [*(data / f"{name}.npz" for name in SETS), *([utdmhad] if utdmhad else [])]


def splits(archive: Archive, protocol: Protocol) -> list[Split]:
    """Training and test masks of a set under a protocol."""
    if archive.name == "irds":
        return _irds(archive.subjects, protocol)
    if archive.name == UTD_MHAD:
        return _utdmhad(archive.subjects, protocol)
    return _uiprmd(archive.subjects, archive.columns["quality"], protocol)


def used_clips(archive: Archive, protocol: Protocol) -> NDArray[np.bool_]:
    """Clips that are in any split; the others need no encoding."""
    return np.any([train | test for train, test in splits(archive, protocol)], axis=0)


def score(features: NDArray, archive: Archive, protocol: Protocol, probe: str) -> Score:
    """Probe features (N, D) of all clips of an archive; rows outside the splits are not looked at."""
    results: list[tuple[ProbeResult, NDArray[np.bool_]]] = []
    y = archive.labels
    # On a busy machine BLAS threads wait for each other: one is up to ten times faster than two.
    with threadpool_limits(1):
        for train, test in splits(archive, protocol):
            results.append((PROBES[probe](features[train], y[train], features[test], y[test]), test))
    found = np.concatenate([r.predictions == archive.labels[test] for r, test in results])
    labels = np.concatenate([archive.labels[test] for _, test in results])
    subjects = np.concatenate([archive.subjects[test] for _, test in results])
    return Score(
        accuracy=float(found.mean()),
        per_class={str(c): float(found[labels == c].mean()) for c in np.unique(labels)},
        by_subject={str(s): float(found[subjects == s].mean()) for s in np.unique(subjects)},
        n_train=round(np.mean([r.n_train for r, _ in results])),
        n_test=len(found),
    )


def _irds(subjects: NDArray, protocol: Protocol) -> list[Split]:
    if protocol == "tune":
        return list(subject_folds(subjects, 3, among=IRDS_CHOOSING))
    rest = sorted(set(subjects.tolist()) - set(IRDS_CHOOSING))
    return [by_subject(subjects, held_out=rest)]


def _uiprmd(subjects: NDArray, quality: NDArray, protocol: Protocol) -> list[Split]:
    correct = quality == "correct"
    if protocol == "tune":
        folds = subject_folds(subjects, len(UIPRMD_TRAINING), among=UIPRMD_TRAINING)
        return [(train & correct, test & ~correct) for train, test in folds]
    odd = np.isin(subjects, UIPRMD_TRAINING)
    return [(odd & correct, ~odd & ~correct)]


def _utdmhad(subjects: NDArray, protocol: Protocol) -> list[Split]:
    odd = subjects % 2 == 1
    if protocol == "tune":
        training = sorted(set(subjects[odd].tolist()))
        return list(subject_folds(subjects, len(training), among=training))
    return [(odd, ~odd)]
