"""Last stage: linear evaluation of the frozen vectors; nothing before it looks at test labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

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


def evaluate_vectors(
    folder: Path, store: ClipStore, num_train: int, split: Split, model: SkeletonEncoder, name: str,
    seed: int, progress: bool | None,
) -> list[EvaluationRecord]:  # fmt: skip
    """Linear evaluation as published (SGD, the last epoch), 1-NN, and the baselines.

    Args:
        folder: of the vectors.
        store: all clips, the first `num_train` of them for training.
        num_train: training clips.
        split: their split.
        model: what was pretrained.
        name: what it is called.
        seed: of the order of SGD, and of the random encoder.
        progress: show a bar.

    Returns:
        A record a contender and protocol, the model's first.
    """
    trial = _trial(store, num_train, split)
    jobs = [
        job
        for frozen in _contenders(folder, model, name)
        for job in frozen_jobs(frozen, PROTOCOLS, (seed,), trial.labels)
    ]
    hidden = None if progress is None else not progress
    with tqdm(total=len(jobs), desc="evaluation", disable=hidden) as bar:
        return [trial.run(job, bar.update) for job in jobs]


def _trial(store: ClipStore, num_train: int, split: Split) -> Trial:
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


def _contenders(folder: Path, model: SkeletonEncoder, name: str) -> Iterator[Frozen]:
    views = len(model.views)
    parts = 1 if model.embedding_dim % views else views
    config = model.config.to_dict()
    trained = ModelSource(name=name, weights_sha256=digest_model(model), config=config)
    random = ModelSource(name="random encoder", config=config)

    def vectors(file: str) -> list[NDArray[np.float32]]:
        return [np.load(folder / file, mmap_mode="r")]

    yield Frozen(contender="model", source=trained, versions=vectors(MODEL), parts=parts)
    yield Frozen(contender="random encoder", source=random, versions=vectors(RANDOM), parts=parts)
    yield Frozen(contender="raw joints", source=ModelSource(name="raw joints"), versions=vectors(JOINTS))
