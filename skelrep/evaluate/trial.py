"""Labelled clips and folds under evaluation, and the record made of what the folds gave.

Axes: N clips, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..clips import Clip
from .protocols import Protocol
from .provenance import digest_clips, digest_folds, machine, now, versions
from .results import Contender, DataSource, EvaluationRecord, ModelSource, SplitSource
from .splits import Fold
from .task import ProbeResult, shares_found


@dataclass(frozen=True, eq=False, kw_only=True)
class Job:
    """One contender under one protocol.

    Attributes:
        contender, source, protocol: go into the record.
        seeds: (R,) of the runs; empty where nothing is random.
        runs: R, or one where nothing is random: each gives a fold's result.
    """

    contender: Contender
    source: ModelSource
    protocol: Protocol
    seeds: tuple[int, ...]
    runs: Sequence[Callable[[Fold], ProbeResult]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Trial:
    """N clips with labels that all take part, and folds of masks (N,).

    Attributes:
        data, split: of the records.
        device: where networks are trained, as asked for.
    """

    clips: Sequence[Clip]
    labels: NDArray[Any]
    folds: Sequence[Fold]
    data: DataSource
    split: SplitSource
    device: str | None = None

    @classmethod
    def of(
        cls, clips: Sequence[Clip], labels: NDArray[Any], folds: Sequence[Fold], *,
        data_name: str, split_name: str, device: str | None,
    ) -> Trial:  # fmt: skip
        """Leave out the clips that no fold uses, and take digests of the rest."""
        used = np.flatnonzero(np.any([train | test for train, test in folds], axis=0))
        kept, y = [clips[n] for n in used.tolist()], labels[used]
        masks = [(train[used], test[used]) for train, test in folds]
        split = SplitSource(
            description=split_name,
            sha256=digest_folds(masks),
            folds=len(masks),
            train=round(float(np.mean([train.sum() for train, _ in masks]))),
            test=int(sum(test.sum() for _, test in masks)),
        )
        data = DataSource(name=data_name, sha256=digest_clips(kept, y.tolist()), clips=len(kept))
        return cls(clips=kept, labels=y, folds=masks, data=data, split=split, device=device)

    def run(self, job: Job, advance: Callable[[], object]) -> EvaluationRecord:
        """Every run on every fold; `advance` is called after each."""
        runs = []
        for run in job.runs:
            results = []
            for fold in self.folds:
                results.append(run(fold))
                advance()
            runs.append(results)
        return self._record(job, runs)

    def _record(self, job: Job, runs: Sequence[Sequence[ProbeResult]]) -> EvaluationRecord:
        classes = np.unique(self.labels)
        counts = [pooled_confusion(results, classes) for results in runs]
        top_5 = [pooled_top_5(results) for results in runs]
        confusion = np.sum(counts, axis=0)
        return EvaluationRecord(
            contender=job.contender,
            protocol=job.protocol.title,
            parameters=job.protocol.to_dict(),
            model=job.source,
            data=self.data,
            split=self.split,
            seeds=job.seeds,
            top_1=tuple(float(np.trace(one) / one.sum()) for one in counts),
            top_5=tuple(share for share in top_5 if share is not None),
            classes=tuple(classes.tolist()),
            per_class={str(name): share for name, share in shares_found(confusion, classes).items()},
            confusion=tuple(map(tuple, confusion.tolist())),
            versions=versions(),
            machine=machine(self.device),
            created=now(),
        )


def pooled_confusion(results: Sequence[ProbeResult], classes: NDArray[Any]) -> NDArray[np.int64]:
    """Counts [true, called] of several folds, among the classes of all: a fold may lack some."""
    total = np.zeros((len(classes), len(classes)), dtype=np.int64)
    for result in results:
        places = np.searchsorted(classes, result.classes)
        total[np.ix_(places, places)] += result.confusion
    return total


def pooled_top_5(results: Sequence[ProbeResult]) -> float | None:
    """Share of all folds' test clips with their class among the best five; None where a fold has none."""
    shares = [result.top_5 for result in results if result.top_5 is not None]
    if len(shares) < len(results):
        return None
    return float(np.average(shares, weights=[result.n_test for result in results]))
