"""Evaluation of whole networks: fine-tuned from a model's weights, and trained from nothing beside it.

Axes: N clips, D features, K classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.optim import AdamW
from tqdm.auto import tqdm

from ..augment import augment
from ..classifier import finetune
from ..classifier.finetune import DEFAULT
from ..classifier.head import Head
from ..classifier.labels import number_labels
from ..classifier.settings import FinetuneSettings, Mode
from ..classifier.tune import cosine
from ..clips import Clip
from ..config import ModelConfig
from ..embed import encode
from ..errors import TrainingDivergedError
from ..models import SkeletonEncoder
from ..read import ClipStore, as_clips
from ..train.data import load_batch
from ..train.optim import decays, set_learning_rate
from ..train.run import own_random_state, seed_default_generators
from ..train.sampler import Order, seed_for
from ..train.setup import resolve_device
from .baselines import random_encoder
from .few_labels import draw_share
from .splits import Fold, check_fold
from .task import ProbeResult, as_labels, number_test, scored_result


def finetune_evaluation(
    model: SkeletonEncoder,
    clips: object,
    labels: ArrayLike,
    split: Fold,
    *,
    share: float = 1.0,
    mode: Mode = "full",
    epochs: int = 40,
    learning_rate: float = DEFAULT.learning_rate,
    validation: float = 0.2,
    seed: int = 0,
    device: str | torch.device | None = None,
    progress: bool | None = False,
) -> ProbeResult:
    """Fine-tune a model on training clips (`skelrep.finetune`) and test it on test clips.

    Args:
        model: it is left as it is.
        clips: anything `skelrep.encode` takes.
        labels: (N,) one a clip, all text or all whole numbers.
        split: training and test masks, boolean (N,).
        share: of the training clips that keep their label (`draw_share`): 0.01, 0.05 and 0.1 are the field's
            semi-supervised protocols.
        mode, epochs, learning_rate, validation: as in `skelrep.finetune`; held-out clips that choose the
            epoch are taken from the training clips.
        seed: fixes share, order, augmentation and dropout.
        device: default CUDA where there is one.
        progress: show a bar; None shows it in a terminal.

    Raises:
        EvaluationError: labels or masks that do not fit.
        ShapeError, InvalidClipError, ConfigError, TrainingDivergedError: as `skelrep.finetune`.

    Example:
        >>> random = np.random.default_rng(0)
        >>> clips = [random.normal(kind, 0.3, (3, 20, 25, 1)) for kind in (0, 1, 0, 1)]
        >>> split = np.array([True, True, False, False]), np.array([False, False, True, True])
        >>> encoder = SkeletonEncoder(ModelConfig())
        >>> finetune_evaluation(encoder, clips, [0, 1, 0, 1], split, mode="linear").n_test
        2
    """
    items = as_clips(clips, recipe=model.config.preprocess.recipe_name)
    y, train, test = _sides(items, labels, split, share, seed)
    classifier = finetune(
        model,
        [items[n] for n in train.tolist()],
        y[train],
        mode=mode,
        epochs=epochs,
        learning_rate=learning_rate,
        validation=validation,
        seed=seed,
        device=device,
        progress=progress,
    )
    scores = classifier.predict_proba([items[n] for n in test.tolist()])
    classes = classifier.classes_
    return scored_result(classes, number_test(y[test], classes), scores, n_train=len(train))


def scratch_evaluation(
    config: ModelConfig,
    clips: object,
    labels: ArrayLike,
    split: Fold,
    *,
    share: float = 1.0,
    epochs: int = 100,
    learning_rate: float = 2e-3,
    weight_decay: float = 1e-4,
    batch_size: int = 32,
    seed: int = 0,
    device: str | torch.device | None = None,
    progress: bool | None = False,
) -> ProbeResult:
    """Train the same architecture with labels from random weights, and test the last epoch.

    AdamW with cosine decay and the augmentation of fine-tuning; BN learns its statistics; no clip is held
    out of the training clips.

    Args:
        config: architecture and preprocessing.
        clips, labels, split, share: as in `finetune_evaluation`.
        epochs, learning_rate, weight_decay, batch_size: of the training.
        seed: fixes share, weights, order, augmentation and dropout.
        device: default CUDA where there is one.
        progress: show a bar; None shows it in a terminal.

    Raises:
        EvaluationError: labels or masks that do not fit, or fewer than two training clips.
        ShapeError, InvalidClipError: a clip that cannot be used.
        TrainingDivergedError: the loss is not finite.
    """
    items = as_clips(clips, recipe=config.preprocess.recipe_name)
    y, train, test = _sides(items, labels, split, share, seed)
    classes, train_y = number_labels(y[train], len(train))
    settings = FinetuneSettings(
        epochs=epochs,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        batch_size=batch_size,
        seed=seed,
    )
    target = resolve_device(device)
    encoder = random_encoder(config, seed).to(target)
    head = Head(encoder.embedding_dim, len(classes)).to(target)
    store = ClipStore.from_clips([items[n] for n in train.tolist()])
    with own_random_state(target):
        _train(encoder, head, store, torch.from_numpy(train_y).to(target), settings, progress)
    vectors = encode([items[n] for n in test.tolist()], encoder, progress=progress)
    with torch.no_grad():
        scores = head.cpu()(torch.as_tensor(vectors)).double().numpy()
    return scored_result(classes, number_test(y[test], classes), scores, n_train=len(train))


def _train(
    encoder: SkeletonEncoder, head: Head, store: ClipStore, y_N: Tensor, settings: FinetuneSettings,
    progress: bool | None,
) -> None:  # fmt: skip
    """All epochs; encoder and head are then in eval mode."""
    both = nn.ModuleList([encoder, head]).train()
    optimizer = _optimizer(both, settings)
    order = Order(seed=settings.seed, num_clips=len(store), batch_size=settings.batch_size)
    off = None if progress is None else not progress
    for epoch in tqdm(range(settings.epochs), "from scratch", unit="epoch", disable=off):
        set_learning_rate(optimizer, settings.learning_rate * cosine(epoch, settings.epochs))
        first = epoch * order.steps_per_epoch + 1
        for step in range(first, first + order.steps_per_epoch):
            clips = order.batch_at(step).clips
            x = load_batch(store, clips, encoder.config.preprocess, y_N.device)
            seed = seed_for(settings.seed, "augment", step)
            x = augment(x, settings.augment, torch.Generator().manual_seed(seed))
            seed_default_generators(x.device, seed_for(settings.seed, "dropout", step))
            loss = nn.functional.cross_entropy(head(encoder(x)), y_N[torch.from_numpy(clips)])
            _descend(loss, optimizer, epoch)
    _settle(encoder.eval(), store, settings.batch_size, y_N.device)
    head.eval()


@torch.no_grad()
def _settle(encoder: SkeletonEncoder, store: ClipStore, batch_size: int, device: torch.device) -> None:
    """Measure BN statistics of the training clips anew: running ones lag behind where steps were few.

    Source:
        Wu, Johnson, "Rethinking 'Batch' in BatchNorm", 2021, section 3 ("precise" statistics).
    """
    norms = [layer for layer in encoder.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    momenta = [layer.momentum for layer in norms]
    for layer in norms:
        layer.reset_running_stats()
        layer.momentum = None  # the plain mean over batches
        layer.train()
    for start in range(0, len(store), batch_size):
        clips = np.arange(start, min(start + batch_size, len(store)))
        encoder(load_batch(store, clips, encoder.config.preprocess, device))
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum
        layer.eval()


def _descend(loss: Tensor, optimizer: AdamW, epoch: int) -> None:
    if not math.isfinite(float(loss.detach())):
        raise TrainingDivergedError(
            f"in epoch {epoch + 1} from scratch the loss is {float(loss.detach())}; expected a finite "
            "number. Try a lower learning_rate."
        )
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _optimizer(both: nn.Module, settings: FinetuneSettings) -> AdamW:
    named = list(both.named_parameters())
    decayed = {
        "params": [p for n, p in named if decays(n, p)], "weight_decay": settings.weight_decay
    }  # fmt: skip
    free = {"params": [p for n, p in named if not decays(n, p)], "weight_decay": 0.0}
    return AdamW([decayed, free], lr=settings.learning_rate)


def _sides(
    items: Sequence[Clip], labels: ArrayLike, split: Fold, share: float, seed: int
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """Labels of all clips, places of the training clips that keep theirs, and of the test clips."""
    y = as_labels("labels", labels, len(items))
    train_mask, test_mask = check_fold(split, len(items))
    train, test = np.flatnonzero(train_mask), np.flatnonzero(test_mask)
    return y, train[draw_share(y[train], share, seed)], test
