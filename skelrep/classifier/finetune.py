"""`finetune`: a classifier for one's own classes from an encoder and labelled clips.

Axes: N clips, D features, K classes.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..clips import Clip
from ..config import AugmentConfig, ModelConfig
from ..embed import encode
from ..errors import ConfigError, EvaluationError
from ..models import SkeletonEncoder
from ..read import ClipStore, as_clips
from ..train.run import own_random_state
from ..train.setup import resolve_device
from .calibrate import Prototypes, fit_prototypes, fit_temperature, fit_threshold
from .classifier import SkeletonClassifier
from .head import ClassWeight, Head, class_weights, fit_head
from .labels import make_folds, number_labels
from .settings import UNKNOWN, ClassifierConfig, FinetuneReport, FinetuneSettings, Mode
from .tune import TuneData, Tuner

DEFAULT = FinetuneSettings()


@dataclass(frozen=True, eq=False, kw_only=True)
class HeldOut:
    """How n clips scored that the scorer had not learned from: logits (n, K), classes (n,), novelty (n,)."""

    logits: Tensor
    y: Tensor
    novelty: Tensor


@dataclass(frozen=True, eq=False, kw_only=True)
class Fitted:
    """What a mode gives: encoder and head, prototypes, and scores of held-out clips."""

    encoder: SkeletonEncoder
    head: Head
    prototypes: Prototypes
    held_out: HeldOut
    best_epoch: int = 0


def finetune(
    model: SkeletonEncoder | str | os.PathLike[str],
    clips: object,
    labels: object,
    *,
    mode: Mode = DEFAULT.mode,
    groups: object = None,
    class_weight: ClassWeight | None = "balanced",
    validation: float = DEFAULT.validation,
    unknown: bool = DEFAULT.unknown,
    false_reject_rate: float = DEFAULT.false_reject_rate,
    C: float = DEFAULT.C,
    epochs: int = DEFAULT.epochs,
    learning_rate: float = DEFAULT.learning_rate,
    weight_decay: float = DEFAULT.weight_decay,
    batch_size: int = DEFAULT.batch_size,
    patience: int = DEFAULT.patience,
    augment: AugmentConfig = DEFAULT.augment,
    seed: int = 0,
    device: str | torch.device | None = None,
    progress: bool | None = None,
) -> SkeletonClassifier:
    """Make a classifier for one's own classes; one clip a class is enough to begin.

    The caller's model and random state are left as they were; the same seed gives the same classifier.

    Args:
        model: a `SkeletonEncoder`, or what `load_pretrained` takes.
        clips: anything `skelrep.encode` takes; at least one a class.
        labels: one a clip, all text or all whole numbers, two classes or more.
        mode: ``"linear"`` fits a logistic head on frozen vectors; ``"full"`` then trains encoder and head
            together, and fits the head again; ``"gradual"`` does so from the top blocks down, in up to four
            phases.
        groups: one a clip, such as the person: no group is both learned from and held out.
        class_weight: ``"balanced"`` makes every class count the same; None every clip.
        validation: share of clips held out, evenly from every class (a class's only clip is not). With
            ``"linear"`` all clips take turns in being held out and the head is then fitted to all of them;
            otherwise these clips stop the training early. 0 holds nothing out.
        unknown: also answer "unknown" for clips unlike all classes.
        false_reject_rate: share of clips of known classes that may be called unknown.
        C: inverse strength of the head's L2 penalty.
        epochs: of ``"full"``; those of ``"gradual"`` in all its phases.
        learning_rate, weight_decay, batch_size: of AdamW.
        patience: epochs without a better held-out loss before a phase ends.
        augment: random changes of the training clips (not with ``"linear"``).
        seed: fixes who is held out, order, augmentation and dropout.
        device: default CUDA where there is one; the classifier stays there.
        progress: show a bar; None shows it in a terminal.

    Returns:
        A classifier with the weights of the best epoch, calibrated on the held-out clips.

    Raises:
        EvaluationError: labels or groups that do not fit the clips, fewer than two classes, or nothing held
            out to measure "unknown" with.
        ShapeError, InvalidClipError: a clip that cannot be used, named by its place.
        ConfigError: an option out of range, or no such device.
        TrainingDivergedError: the loss is not finite.

    Warns:
        DataWarning: too few held-out clips to promise `false_reject_rate`.

    Source:
        Head first, then the encoder: Kumar et al., "Fine-Tuning can Distort Pretrained Features and
        Underperform Out-of-Distribution", ICLR 2022.

    Example:
        >>> random = np.random.default_rng(0)
        >>> clips = [random.normal(kind, 0.3, (3, 20, 25, 1)) for kind in (0, 0, 1, 1)]
        >>> classifier = finetune(SkeletonEncoder(ModelConfig()), clips, ["sit", "sit", "wave", "wave"])
        >>> classifier.predict_proba(clips).shape
        (4, 2)
    """
    settings = FinetuneSettings(
        mode=mode, validation=validation, unknown=unknown, false_reject_rate=false_reject_rate, C=C,
        epochs=epochs, learning_rate=learning_rate, weight_decay=weight_decay, batch_size=batch_size,
        patience=patience, augment=augment, seed=seed,
    )  # fmt: skip
    if class_weight not in ("balanced", None):
        raise ConfigError(f"class_weight is {class_weight!r}; expected 'balanced' or None.")
    target = resolve_device(device)
    encoder = _own_encoder(model, target)
    items = as_clips(clips, recipe=encoder.config.preprocess.recipe_name)
    names, y = number_labels(labels, len(items))
    if unknown and UNKNOWN in names.tolist():
        raise EvaluationError(f"a class is called {UNKNOWN!r}, which is an answer here. Call it otherwise.")
    fold = make_folds(y, settings.validation, settings.seed, groups)
    if unknown and not (fold >= 0).any():
        raise EvaluationError(
            "unknown=True needs clips to hold out, but every class has one clip only. Give two of some class."
        )
    weights = class_weights(torch.from_numpy(y), len(names), class_weight)
    with own_random_state(target):
        fit = fit_linear if mode == "linear" else fit_tuned
        fitted = fit(encoder, items, torch.from_numpy(y), fold, weights, settings, progress)
    return _calibrated(fitted, tuple(names.tolist()), len(items), settings)


def fit_linear(
    encoder: SkeletonEncoder, items: Sequence[Clip], y: Tensor, fold: NDArray[np.int64],
    weights: Tensor, settings: FinetuneSettings, progress: bool | None,
) -> Fitted:  # fmt: skip
    """A head on frozen vectors: each fold is scored by a head fitted to the others, the last sees all."""
    x = torch.as_tensor(encode(items, encoder, batch_size=settings.batch_size, progress=progress))
    logits, far = torch.zeros(len(x), len(weights)), torch.zeros(len(x))
    for number in np.unique(fold[fold >= 0]).tolist():
        held_out = torch.from_numpy(fold == number)
        head = fit_head(x[~held_out], y[~held_out], weights, settings.C)
        near = fit_prototypes(head.standardise(x[~held_out]), y[~held_out], len(weights))
        logits[held_out] = head(x[held_out]).detach()
        far[held_out] = near(head.standardise(x[held_out]))
    head = fit_head(x, y, weights, settings.C)
    scored = torch.from_numpy(fold >= 0)
    return Fitted(
        encoder=encoder,
        head=head,
        prototypes=fit_prototypes(head.standardise(x), y, len(weights)),
        held_out=HeldOut(logits=logits[scored], y=y[scored], novelty=far[scored]),
    )


def fit_tuned(
    encoder: SkeletonEncoder, items: Sequence[Clip], y: Tensor, fold: NDArray[np.int64],
    weights: Tensor, settings: FinetuneSettings, progress: bool | None,
) -> Fitted:  # fmt: skip
    """Encoder and head together, from the best head on frozen vectors; fold 0 stops the training."""
    store = items if isinstance(items, ClipStore) else ClipStore.from_clips(items)
    device = encoder.device
    train, held_out = np.flatnonzero(fold != 0), np.flatnonzero(fold == 0)
    frozen = torch.as_tensor(encode([items[n] for n in train.tolist()], encoder, progress=progress))
    head = fit_head(frozen, y[train], weights, settings.C).to(device)
    data = TuneData(store=store, y=y.to(device), train=train, held_out=held_out, class_weights=weights)
    tuner = Tuner(encoder, head, data, settings)
    best_epoch = tuner.run(progress)
    seen, unseen = tuner.features(train).cpu(), tuner.features(held_out).cpu()
    # Training moves all vectors together faster than the head's bias follows; few steps leave it behind.
    head = fit_head(seen, y[train], weights, settings.C)
    near = fit_prototypes(head.standardise(seen), y[train], len(weights))
    scores = HeldOut(logits=head(unseen).detach(), y=y[held_out], novelty=near(head.standardise(unseen)))
    # The held-out clips have stopped the training and measured the head; where labels are few, the final head
    # needs them, as that of `fit_linear` does.
    everyone, labels = torch.cat([seen, unseen]), torch.cat([y[train], y[held_out]])
    head = fit_head(everyone, labels, weights, settings.C)
    return Fitted(
        encoder=encoder,
        head=head,
        prototypes=fit_prototypes(head.standardise(everyone), labels, len(weights)),
        held_out=scores,
        best_epoch=best_epoch,
    )


def _calibrated(
    fitted: Fitted, classes: tuple[object, ...], clips: int, settings: FinetuneSettings
) -> SkeletonClassifier:
    held_out = fitted.held_out
    right = (held_out.logits.argmax(dim=1) == held_out.y).double()
    threshold = fit_threshold(held_out.novelty, settings.false_reject_rate) if settings.unknown else 0.0
    config = ClassifierConfig(
        model=ModelConfig(encoder=fitted.encoder.config.encoder, preprocess=fitted.encoder.config.preprocess),
        classes=classes,
        temperature=fit_temperature(held_out.logits, held_out.y),
        unknown=settings.unknown,
        threshold=threshold,
        false_reject_rate=settings.false_reject_rate,
        report=FinetuneReport(
            mode=settings.mode,
            clips=clips,
            held_out=len(right),
            accuracy=float(right.mean()) if len(right) else 0.0,
            best_epoch=fitted.best_epoch,
        ),
    )
    return SkeletonClassifier(fitted.encoder, fitted.head, fitted.prototypes, config)


def _own_encoder(model: SkeletonEncoder | str | os.PathLike[str], device: torch.device) -> SkeletonEncoder:
    """A copy to train and to keep, in eval mode; a classifier takes the whole vector."""
    if isinstance(model, SkeletonEncoder):
        own = copy.deepcopy(model).to(device).eval()
        own.truncate_dim = None
        return own
    from ..pretrained import load_pretrained

    return load_pretrained(model, device=device)
