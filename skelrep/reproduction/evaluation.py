"""Last stage: linear evaluation of the frozen vectors; nothing before it looks at test labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets import Split
from ..evaluate import EvaluationRecord
from ..evaluate.jobs import Frozen, frozen_jobs
from ..evaluate.protocols import LinearEvaluation, NearestNeighbours
from ..evaluate.provenance import digest_clips, digest_folds, digest_model
from ..evaluate.results import DataSource, ModelSource, SplitSource
from ..evaluate.trial import Trial
from ..models import SkeletonEncoder
from ..read import ClipStore
from .vectors import JOINTS, MODEL, RANDOM

PROTOCOLS = (LinearEvaluation(), NearestNeighbours(k=1))


def published_trial(store: ClipStore, num_train: int, split: Split) -> Trial:
    """A store's clips and labels, the first `num_train` for training and the others for the test."""
    train = np.arange(len(store)) < num_train
    folds = [(train, ~train)]
    labels: NDArray[Any] = np.array(store.labels)
    return Trial(
        clips=store,
        labels=labels,
        folds=folds,
        data=DataSource(name=split.dataset, sha256=digest_clips(store, store.labels), clips=len(store)),
        split=SplitSource(
            description=split.protocol,
            sha256=digest_folds(folds),
            folds=1,
            train=num_train,
            test=len(store) - num_train,
        ),
    )


def contenders(folder: Path, model: SkeletonEncoder, name: str) -> list[Frozen]:
    """Whose vectors are evaluated: the model's first, then those that it has to beat.

    Args:
        folder: of the vectors.
        model: what was pretrained.
        name: what it is called.
    """
    parts = len(model.views) if model.whitening is None else 1  # a whitened vector has no views any more
    config = model.config.to_dict()
    trained = ModelSource(name=name, weights_sha256=digest_model(model), config=config)
    random = ModelSource(name="random encoder", config=config)

    def vectors(file: str) -> list[NDArray[np.float32]]:
        return [np.load(folder / file, mmap_mode="r")]

    return [
        Frozen(contender="model", source=trained, versions=vectors(MODEL), parts=parts),
        Frozen(contender="random encoder", source=random, versions=vectors(RANDOM), parts=len(model.views)),
        Frozen(contender="raw joints", source=ModelSource(name="raw joints"), versions=vectors(JOINTS)),
    ]


def evaluate_vectors(trial: Trial, frozen: Frozen, seed: int) -> list[EvaluationRecord]:
    """Linear evaluation as published (SGD, the last epoch) and 1-NN; of raw joints ridge and 1-NN.

    Args:
        trial: labels and split.
        frozen: vectors of all clips.
        seed: of the order of SGD, and of the random encoder.

    Returns:
        A record a protocol.
    """
    return [trial.run(job, lambda: None) for job in frozen_jobs(frozen, PROTOCOLS, (seed,), trial.labels)]
