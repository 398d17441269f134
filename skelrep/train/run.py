"""One training run's state, moved a step at a time; everything random follows from (seed, step).

Where several processes train, each takes its share of the batch; what the shares make together is the step of
one process.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..augment import augment
from ..config import ModelConfig, PretrainConfig
from ..crossclr import CrosSCLR, StepOutput
from ..errors import ConfigError, TrainingDivergedError
from ..models import SkeletonEncoder
from ..models.synchronised import synchronise
from ..read import ClipStore
from .bad_clips import ClipGuard
from .data import load_batch
from .distributed import Group
from .log import StepRecord
from .optim import build_optimizer, learning_rate, set_learning_rate
from .sampler import Batch, Order, seed_for

ADVICE = (
    "Try a lower learning_rate, more warmup_epochs or precision='float32'; if it happens at the first steps, "
    "look for clips with huge coordinates."
)


class Run:
    """The model, its optimiser and the number of finished steps.

    Args:
        store: the clips.
        config: the run's configuration.
        device: where to train.
        init: a model whose encoders to begin with.
        group: the processes that train together; by default this one alone.
        weights: float64 (N,), how often each clip is trained on, relative to the others; None for alike.

    Attributes:
        done: finished steps.
        total: steps of the whole run.
        guard: looks at the clips of each step before they are used.
    """

    def __init__(
        self,
        store: ClipStore,
        config: PretrainConfig,
        device: torch.device,
        init: SkeletonEncoder | None,
        group: Group | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        self.store, self.config, self.device = store, config, device
        self.group = Group.single() if group is None else group
        self.guard = ClipGuard(store, config.on_bad_clip, self.group)
        self.order = Order(
            seed=config.seed, num_clips=len(store), batch_size=config.batch_size, weights=weights
        )
        self.total = config.epochs * self.order.steps_per_epoch
        self.done = 0
        self.model = build_model(config, len(store), init).to(device).train()
        synchronise(self.model, self.group)
        self.optimizer = build_optimizer(self.model.named_parameters(), config)

    def step(self) -> StepRecord:
        """Take the next step.

        Raises:
            TrainingDivergedError: the loss is not finite; weights have not been moved by it.
            InvalidClipError: a clip cannot be used, see `ClipGuard`; nothing has been moved.
        """
        began, step = time.perf_counter(), self.done + 1
        planned = self.order.batch_at(step)
        batch = replace(planned, clips=self.guard.usable(planned.clips, step))
        stage = stage_of(self.config, batch.epoch)
        lr = learning_rate(self.config, step, self.order.steps_per_epoch)
        x_q, x_k = self._two_crops(step, batch)
        gather = partial(self.group.gather, sizes=self.group.share(len(batch.clips)).sizes)
        with self._autocast():
            output = self.model(x_q, x_k, stage=stage, gather=gather)
        losses, accuracy = to_numbers(output)
        loss = math.fsum(losses.values())
        if not math.isfinite(loss):
            raise TrainingDivergedError(
                f"at step {step} the losses are {losses} (learning rate {lr:.2g}). {ADVICE}"
            )
        self._descend(output.loss, lr)
        self.done = step
        return StepRecord(
            step=step,
            epoch=batch.epoch,
            stage=stage,
            loss=loss,
            losses=losses,
            accuracy=accuracy,
            lr=lr,
            seconds=round(time.perf_counter() - began, 4),
            skipped=np.setdiff1d(planned.clips, batch.clips).tolist(),
        )

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds.

        Raises:
            TrainingDivergedError: some of it is not finite.
        """
        model, optimizer = self.model.state_dict(), self.optimizer.state_dict()
        broken = [name for name, tensor in model.items() if not torch.isfinite(tensor).all()]
        if broken:
            raise TrainingDivergedError(
                f"after step {self.done}, {len(broken)} tensors are not finite, such as {broken[0]}. {ADVICE}"
            )
        return {"step": self.done, "model": model, "optimizer": optimizer}

    def load_state(self, state: dict[str, Any]) -> None:
        """Stand where a checkpoint was written."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.done = state["step"]

    def encoder(self) -> SkeletonEncoder:
        """The query encoders as a model, in eval mode."""
        config = ModelConfig(encoder=self.config.encoder, preprocess=self.config.preprocess)
        return self.model.to_encoder(config).eval()

    def _two_crops(self, step: int, batch: Batch) -> tuple[Tensor, Tensor]:
        here, total = self.group.share(len(batch.clips)).here, len(batch.clips)
        mixes = self.config.augment.part_mix > 0  # then this process's clips need legs from any of the batch
        needed = batch.clips if mixes else batch.clips[here]
        x = load_batch(self.store, needed, self.config.preprocess, self.device)
        everyone, x = (x, x[here]) if mixes else (None, x)
        generator = torch.Generator().manual_seed(seed_for(self.config.seed, "augment", step))
        crop = partial(augment, x, self.config.augment, generator, total=total, first=here.start)
        x_q, x_k = crop(batch=everyone), crop(batch=everyone)
        seed_default_generators(self.device, seed_for(self.config.seed, "dropout", step))
        return x_q, x_k

    def _autocast(self) -> torch.autocast:
        wanted = self.config.precision
        enabled = wanted == "bfloat16" or (wanted == "auto" and self.device.type == "cuda")
        return torch.autocast(self.device.type, torch.bfloat16, enabled=enabled)

    def _descend(self, loss: Tensor, lr: float) -> None:
        set_learning_rate(self.optimizer, lr)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.group.sum_gradients(self.model.parameters())
        self.optimizer.step()


def build_model(config: PretrainConfig, num_clips: int, init: SkeletonEncoder | None) -> CrosSCLR:
    """The contrastive model with the run's first weights, on the CPU so that every device begins alike."""
    queue_size = queue_size_for(config, num_clips)
    seed_default_generators(torch.device("cpu"), seed_for(config.seed, "weights"))
    model = CrosSCLR(config, queue_size=queue_size)
    if init is not None:
        model.load_encoder(init)
    return model


def queue_size_for(config: PretrainConfig, num_clips: int) -> int:
    """Rows of each queue: as configured under ``"faithful"``, else at most half as many as there are clips.

    Raises:
        ConfigError: stage 2 is to mine more neighbours than the queue has rows.
    """
    size = config.queue_size
    if config.recipe_name == "fixed":
        size = min(size, max(2, num_clips // 2))
    mines = len(config.encoder.views) > 1 and config.cross_view_epoch <= config.epochs
    if mines and config.top_k > size:
        raise ConfigError(
            f"top_k is {config.top_k}, but with {num_clips} clips the queue holds {size} rows. Lower top_k, "
            "raise queue_size, or give more clips."
        )
    return size


def stage_of(config: PretrainConfig, epoch: int) -> int:
    """1, or 2 (cross-view mining) from `cross_view_epoch` on where there are views to mine from."""
    return 2 if len(config.encoder.views) > 1 and epoch >= config.cross_view_epoch else 1


def to_numbers(output: StepOutput) -> tuple[dict[str, float], dict[str, float]]:
    """Losses and accuracies of each view as plain numbers, fetched from the device in one go."""
    tensors = [*output.losses.values(), *output.accuracy.values()]
    numbers = torch.stack([tensor.detach().float() for tensor in tensors]).tolist()
    losses = dict(zip(output.losses, numbers, strict=False))
    accuracy = dict(zip(output.accuracy, numbers[len(losses) :], strict=True))
    return losses, accuracy


def seed_default_generators(device: torch.device, seed: int) -> None:
    """Seed the generators that initialisation and dropout draw from; only within `own_random_state`."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.default_generators[device.index].manual_seed(seed)


@contextmanager
def own_random_state(device: torch.device) -> Iterator[None]:
    """Gradients on, and the caller's random state put back afterwards."""
    devices = [device.index] if device.type == "cuda" else []
    with (
        torch.random.fork_rng(devices, device_type="cuda"),
        torch.inference_mode(False),
        torch.enable_grad(),
    ):
        yield
