"""What is to be computed: every contender under every protocol that suits it, as `Job`s.

Axes: N clips, D features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models import SkeletonEncoder
from .protocols import (
    FineTuning,
    FromScratch,
    LinearEvaluation,
    NearestNeighbours,
    Protocol,
    RidgeProbe,
    VectorProtocol,
    Vectors,
)
from .results import Contender, ModelSource
from .splits import Fold
from .task import ProbeResult
from .trial import Job, Trial

# Always shown for raw joints, whatever else is asked for.
RAW_PROTOCOLS = (RidgeProbe(), NearestNeighbours(k=1))


@dataclass(frozen=True, eq=False, kw_only=True)
class Frozen:
    """Vectors to be probed.

    Attributes:
        contender, source: whose.
        versions: float (N, D) each; a random encoder has one a seed, all others one.
        parts: views, whose D / parts numbers stand one after another.
    """

    contender: Contender
    source: ModelSource
    versions: Sequence[NDArray[np.float32]]
    parts: int = 1


def frozen_jobs(
    frozen: Frozen, protocols: Sequence[Protocol], seeds: Sequence[int], labels: NDArray[Any]
) -> Iterator[Job]:
    """Jobs of one contender's vectors: the protocols that take vectors; more and fewer for raw joints."""
    mine = [one for one in protocols if isinstance(one, VectorProtocol)]
    if frozen.contender == "raw joints":
        # SGD's published learning rate is for the size of network features.
        mine = [one for one in mine if not isinstance(one, LinearEvaluation)]
        mine += [one for one in RAW_PROTOCOLS if one not in mine]
    for protocol in mine:
        own = protocol.seeds(seeds)
        many = len(frozen.versions) > 1
        count = max(len(own), len(frozen.versions))
        # An episode a run and an encoder a seed: run r takes the r-th of each, round and round.
        runs = [
            partial(
                _probe_vectors, protocol, frozen.versions[r % len(frozen.versions)], labels,
                frozen.parts, own[r % len(own)] if own else 0,
            )
            for r in range(count)
        ]  # fmt: skip
        yield Job(
            contender=frozen.contender, source=frozen.source, protocol=protocol,
            seeds=own if len(own) == count else tuple(seeds) if many else (), runs=runs,
        )  # fmt: skip


def trained_jobs(
    protocol: Protocol, model: SkeletonEncoder, source: ModelSource, seeds: Sequence[int], trial: Trial
) -> Iterator[Job]:
    """The job of a protocol that trains a network; none for others."""
    contender: Contender = "from scratch"
    run: Callable[[int, Fold], ProbeResult]
    if isinstance(protocol, FineTuning):
        contender, run = "model", partial(_fine_tune, protocol, model, trial)
    elif isinstance(protocol, FromScratch):
        run = partial(_train, protocol, model, trial)
        source = ModelSource(name=contender, config=model.config.to_dict())
    else:
        return
    yield Job(
        contender=contender, source=source, protocol=protocol, seeds=protocol.seeds(seeds),
        runs=[partial(run, seed) for seed in protocol.seeds(seeds)],
    )  # fmt: skip


def _probe_vectors(
    protocol: VectorProtocol, x_ND: NDArray[np.float32], y: NDArray[Any], parts: int, seed: int, fold: Fold
) -> ProbeResult:
    train, test = fold
    vectors = Vectors(
        train_x=x_ND[train], train_y=y[train], test_x=x_ND[test], test_y=y[test], parts=parts
    )  # fmt: skip
    return protocol.run(vectors, seed)


def _fine_tune(
    protocol: FineTuning, model: SkeletonEncoder, trial: Trial, seed: int, fold: Fold
) -> ProbeResult:
    return protocol.run(model, trial.clips, trial.labels, fold, seed, trial.device)


def _train(protocol: FromScratch, model: SkeletonEncoder, trial: Trial, seed: int, fold: Fold) -> ProbeResult:
    return protocol.run(model.config, trial.clips, trial.labels, fold, seed, trial.device)
