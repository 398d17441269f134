"""`probe`: one call for a model's results, the baselines beside them.

Axes: N clips, D features.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm.auto import tqdm

from ..embed import encode
from ..embed.workers import loaded
from ..errors import EvaluationError
from ..models import SkeletonEncoder
from ..read import as_clips
from .baselines import random_encoder, raw_joints
from .jobs import Frozen, frozen_jobs, trained_jobs
from .protocols import FineTuning, FromScratch, Protocol, VectorProtocol, find_protocols
from .provenance import digest_model
from .results import EvaluationRecord, ModelSource
from .splits import Fold, as_folds
from .task import as_labels, number_test
from .trial import Trial

Baseline = Literal["random encoder", "raw joints", "from scratch"]
BASELINES: tuple[Baseline, ...] = get_args(Baseline)


def probe(
    model: SkeletonEncoder | str | os.PathLike[str],
    clips: object,
    labels: ArrayLike,
    split: Fold | Iterable[Fold],
    *,
    protocols: Sequence[str | Protocol] = ("linear", "ridge", "knn"),
    baselines: Sequence[Baseline] = BASELINES,
    seeds: Sequence[int] = (0, 1, 2),
    model_name: str | None = None,
    data_name: str = "own clips",
    split_name: str = "own split",
    batch_size: int = 64,
    device: str | None = None,
    progress: bool | None = None,
) -> list[EvaluationRecord]:
    """Evaluate a model on labelled clips, with what it has to beat beside it.

    Args:
        model: a `SkeletonEncoder`, or what `load_pretrained` takes.
        clips: anything `skelrep.encode` takes.
        labels: (N,) one a clip, all text or all whole numbers.
        split: training and test masks, boolean (N,), or such pairs for several folds, whose test clips are
            counted together: `by_subject`, `by_column`, `between_sets`, `k_fold`, `subject_folds`.
        protocols: names in `PROTOCOLS`, or records with parameters of their own.
        baselines: ``"random encoder"`` of the same architecture, one a seed; ``"raw joints"``
            (`raw_joints`; ridge and 1-NN at least, never SGD, whose learning rate is for network features);
            ``"from scratch"``, supervised training beside every fine-tuning, on the same labels.
        seeds: of everything random: order of SGD, draws of labels, random encoders, fine-tuning.
        model_name, data_name, split_name: for tables and records; `model_name` is by default what was given
            for `model`, where it is a name.
        batch_size: clips a forward pass.
        device: where networks compute; by default where the model is, and for training CUDA where there is
            one.
        progress: show a bar; None shows it in a terminal.

    Returns:
        A record a contender and a protocol: the model's first.

    Raises:
        EvaluationError: labels, split, protocols or baselines that cannot be evaluated, found before anything
            is computed.
        MissingDependencyError: a protocol needs scikit-learn.
        ShapeError, InvalidClipError: a clip that cannot be used.

    Example:
        >>> random = np.random.default_rng(0)
        >>> clips = [random.normal(n % 2, 0.3, (3, 20, 25, 1)) for n in range(8)]
        >>> split = np.arange(8) < 4, np.arange(8) >= 4
        >>> from skelrep.config import ModelConfig
        >>> records = probe(SkeletonEncoder(ModelConfig()), clips, [0, 1] * 4, split, protocols=["1-nn"])
        >>> [(record.contender, record.protocol) for record in records]
        [('model', '1-NN'), ('random encoder', '1-NN'), ('raw joints', '1-NN'), ('raw joints', 'ridge')]
    """
    _check_choice(baselines, seeds)
    wanted = _with_scratch(find_protocols(protocols), baselines)
    encoder = loaded(model)
    items = as_clips(clips, recipe=encoder.config.preprocess.recipe_name)
    y = as_labels("labels", labels, len(items))
    folds = as_folds(split, len(items))
    _check_folds(y, folds, wanted)
    trial = Trial.of(items, y, folds, data_name=data_name, split_name=split_name, device=device)
    source = ModelSource(
        name=model_name or ("own model" if isinstance(model, SkeletonEncoder) else str(model)),
        commit=encoder.commit_hash or "",
        weights_sha256=digest_model(encoder),
        config=encoder.config.to_dict(),
    )
    vectors: Iterable[Frozen] = ()
    if any(isinstance(one, VectorProtocol) for one in wanted) or "raw joints" in baselines:
        vectors = _contenders(encoder, source, trial, wanted, baselines, seeds, batch_size, progress)
    jobs = [job for one in vectors for job in frozen_jobs(one, wanted, seeds, trial.labels)]
    jobs += [job for one in wanted for job in trained_jobs(one, encoder, source, seeds, trial)]
    total = sum(len(job.runs) for job in jobs) * len(folds)
    with tqdm(total=total, desc="probe", disable=None if progress is None else not progress) as bar:
        records = [trial.run(job, bar.update) for job in jobs]
    return sorted(records, key=lambda record: ("model", *BASELINES).index(record.contender))


def _contenders(
    model: SkeletonEncoder, source: ModelSource, trial: Trial, protocols: Sequence[Protocol],
    baselines: Sequence[Baseline], seeds: Sequence[int], batch_size: int, progress: bool | None,
) -> Iterator[Frozen]:  # fmt: skip
    """Vectors of the model and of the baselines that have any."""

    def vectors(encoder: SkeletonEncoder) -> NDArray[np.float32]:
        found = encode(trial.clips, encoder, batch_size=batch_size, device=trial.device, progress=progress)
        return np.asarray(found)

    # A whitened or shortened vector has no views any more; vectors of baselines have them always.
    views = len(model.views)
    whole = model.whitening is None and model.truncate_dim is None
    if any(isinstance(one, VectorProtocol) for one in protocols):
        yield Frozen(contender="model", source=source, versions=[vectors(model)], parts=views if whole else 1)
        if "random encoder" in baselines:
            random = [random_encoder(model.config, seed).to(model.device) for seed in seeds]
            yield Frozen(
                contender="random encoder",
                source=ModelSource(name="random encoder", config=model.config.to_dict()),
                versions=[vectors(one) for one in random],
                parts=views,
            )
    if "raw joints" in baselines:
        joints = raw_joints(trial.clips)
        yield Frozen(contender="raw joints", source=ModelSource(name="raw joints"), versions=[joints])


def _with_scratch(protocols: Sequence[Protocol], baselines: Sequence[Baseline]) -> tuple[Protocol, ...]:
    """Training from scratch beside every fine-tuning, on its share of labels, where none is asked for."""
    asked = {one.share for one in protocols if isinstance(one, FromScratch)}
    shares = [one.share for one in protocols if isinstance(one, FineTuning) and one.share not in asked]
    beside = [FromScratch(share=share) for share in shares]
    return tuple(dict.fromkeys((*protocols, *(beside if "from scratch" in baselines else ()))))


def _check_choice(baselines: Sequence[str], seeds: Sequence[int]) -> None:
    unknown = [name for name in baselines if name not in BASELINES]
    if unknown:
        raise EvaluationError(
            f"there is no baseline {unknown[0]!r}; expected some of {', '.join(BASELINES)}."
        )
    if not seeds or len(set(seeds)) < len(seeds) or min(seeds) < 0:
        raise EvaluationError(f"seeds are {list(seeds)}; expected one or more different numbers, 0 or above.")


def _check_folds(labels: NDArray[Any], folds: Sequence[Fold], protocols: Sequence[Protocol]) -> None:
    """Find what cannot be evaluated before hours are spent on what can."""
    for train, test in folds:
        number_test(labels[test], np.unique(labels[train]))
        for protocol in protocols:
            protocol.check(labels[train])
