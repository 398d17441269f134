"""Fine-tuning of an encoder together with its head: phases, early stopping, the best epoch restored.

Axes: N clips, D features, K classes.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import AdamW
from tqdm.auto import tqdm

from ..augment import augment
from ..errors import TrainingDivergedError
from ..models import STGCN, SkeletonEncoder
from ..read import ClipStore
from ..train.data import load_batch
from ..train.optim import decays, set_learning_rate
from ..train.run import seed_default_generators
from ..train.sampler import Order, seed_for
from .head import Head
from .settings import FinetuneSettings

# First blocks (1-based) of the network's four widths, from the top: what "gradual" sets free phase by phase.
LOWEST_BLOCKS = (10, 8, 5, 1)


@dataclass(frozen=True, eq=False, kw_only=True)
class TuneData:
    """Labelled clips, and who is held out.

    Attributes:
        store: all N clips.
        y: int64 (N,) class numbers, on the device of training.
        train, held_out: int64 places of clips.
        class_weights: float64 (K,).
    """

    store: ClipStore
    y: Tensor
    train: NDArray[np.int64]
    held_out: NDArray[np.int64]
    class_weights: Tensor


class Tuner:
    """An encoder and a head that learn together.

    BN layers keep their running statistics and learn only scale and shift: a small or unbalanced batch then
    cannot shift what every clip's vector means, and training computes the function that is used afterwards.
    """

    def __init__(
        self, encoder: SkeletonEncoder, head: Head, data: TuneData, settings: FinetuneSettings
    ) -> None:
        self.encoder, self.head, self.data, self.settings = encoder, head, data, settings
        self.both = nn.ModuleList([encoder, head])
        self.order = Order(seed=settings.seed, num_clips=len(data.train), batch_size=settings.batch_size)
        self.epoch = self.best_epoch = 0
        self.best_loss = self.held_out_loss()
        self.best_state = copy.deepcopy(self.both.state_dict())

    def run(self, progress: bool | None) -> int:
        """Train through all phases; leaves the best epoch's weights and returns its number.

        Raises:
            TrainingDivergedError: the loss is not finite.
        """
        phases = lowest_blocks(self.encoder.config.encoder.feature_blocks[-1], self.settings.mode)
        epochs = max(1, self.settings.epochs // len(phases))
        bar = tqdm(
            total=epochs * len(phases),
            desc="finetune",
            unit="epoch",
            disable=None if progress is None else not progress,
        )
        with bar:
            for lowest in phases:
                self._phase(lowest, epochs, bar)
        self.both.requires_grad_(True).eval()
        return self.best_epoch

    def _phase(self, lowest: int, epochs: int, bar: tqdm) -> None:
        """Train blocks from `lowest` up until epochs or patience end; then back to the best so far."""
        set_free(self.encoder, lowest)
        optimizer = self._optimizer()
        last_gain = self.epoch
        for number in range(epochs):
            set_learning_rate(optimizer, self.settings.learning_rate * cosine(number, epochs))
            self.epoch += 1
            self._train_epoch(optimizer)
            bar.update()
            if self._keep_if_best():
                last_gain = self.epoch
            elif self.epoch - last_gain >= self.settings.patience:
                break
        self.both.load_state_dict(self.best_state)

    def _train_epoch(self, optimizer: AdamW) -> None:
        first = (self.epoch - 1) * self.order.steps_per_epoch + 1
        for step in range(first, first + self.order.steps_per_epoch):
            clips = self.data.train[self.order.batch_at(step).clips]
            x = load_batch(self.data.store, clips, self.encoder.config.preprocess, self.data.y.device)
            seed = seed_for(self.settings.seed, "augment", step)
            x = augment(x, self.settings.augment, torch.Generator().manual_seed(seed))
            seed_default_generators(x.device, seed_for(self.settings.seed, "dropout", step))
            keep_statistics(self.both.train())
            loss = self._loss(self.head(self.encoder(x)), clips)
            if not math.isfinite(float(loss.detach())):
                raise TrainingDivergedError(
                    f"in epoch {self.epoch} the loss is {float(loss.detach())}; expected a finite number. "
                    f"Try a learning_rate below {self.settings.learning_rate:g}."
                )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    def _keep_if_best(self) -> bool:
        """Remember the weights where the held-out loss fell, or always where nothing is held out."""
        loss = self.held_out_loss()
        if not loss < self.best_loss and len(self.data.held_out):
            return False
        self.best_loss, self.best_epoch = loss, self.epoch
        self.best_state = copy.deepcopy(self.both.state_dict())
        return True

    @torch.no_grad()
    def features(self, clips: NDArray[np.int64]) -> Tensor:
        """Vectors (N, D) of some clips, as the encoder stands."""
        self.both.eval()
        config, device = self.encoder.config.preprocess, self.data.y.device
        size = self.settings.batch_size
        parts = [
            self.encoder(load_batch(self.data.store, clips[start : start + size], config, device))
            for start in range(0, len(clips), size)
        ]
        return torch.cat(parts) if parts else torch.zeros(0, self.encoder.embedding_dim, device=device)

    def held_out_loss(self) -> float:
        """Class-weighted cross-entropy of the held-out clips; infinite where there are none."""
        if not len(self.data.held_out):
            return math.inf
        with torch.no_grad():
            return float(self._loss(self.head(self.features(self.data.held_out)), self.data.held_out))

    def _loss(self, logits_NK: Tensor, clips: NDArray[np.int64]) -> Tensor:
        y = self.data.y[torch.from_numpy(clips).to(self.data.y.device)]
        return nn.functional.cross_entropy(logits_NK, y, self.data.class_weights.to(logits_NK))

    def _optimizer(self) -> AdamW:
        free = [(name, p) for name, p in self.both.named_parameters() if p.requires_grad]
        groups = [
            {"params": [p for n, p in free if decays(n, p)], "weight_decay": self.settings.weight_decay},
            {"params": [p for n, p in free if not decays(n, p)], "weight_decay": 0.0},
        ]
        return AdamW(groups, lr=self.settings.learning_rate)


def lowest_blocks(last_block: int, mode: str) -> Sequence[int]:
    """The lowest trained block of each phase: one phase for ``"full"``, one a width for ``"gradual"``.

    Source:
        Howard, Ruder, "Universal Language Model Fine-tuning for Text Classification", ACL 2018, section 3.3.

    Example:
        >>> lowest_blocks(9, "gradual"), lowest_blocks(9, "full")
        ([8, 5, 1], [1])
    """
    return [1] if mode == "full" else [block for block in LOWEST_BLOCKS if block <= last_block]


def set_free(encoder: SkeletonEncoder, lowest: int) -> None:
    """Let only the blocks from `lowest` (1-based) up learn; the input's norm with the first."""
    encoder.requires_grad_(False)
    for network in encoder.encoders.values():
        stgcn: STGCN = network  # type: ignore[assignment]
        stgcn.blocks[lowest - 1 :].requires_grad_(True)
        stgcn.input_norm.requires_grad_(lowest == 1)


def keep_statistics(module: nn.Module) -> None:
    """Put BN layers into eval mode: they normalise by what they have seen in pretraining."""
    for layer in module.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.eval()


def cosine(number: int, epochs: int) -> float:
    """Share of the learning rate in the 0-based epoch of a phase: from 1 down towards 0."""
    return (1 + math.cos(math.pi * number / epochs)) / 2
