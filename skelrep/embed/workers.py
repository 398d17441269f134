"""Encoders on one device or several, and the rows of batches from them in order.

The caller's thread reads and lays out clips, while one thread a device computes. So a generator of clips
runs in the thread of whoever wrote it, and an interruption leaves no thread behind.
"""

from __future__ import annotations

import copy
import os
import queue
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

import torch
from torch import Tensor

from ..clips import MAX_BODIES
from ..config import PreprocessConfig
from ..device import check_device
from ..errors import ShapeError
from ..models import SkeletonEncoder
from ..models.encoder import Device, Devices
from ..models.fused import FusedEncoder, fused_encoder
from .batches import Batch, network_input
from .options import EncodeOptions
from .precision import warn_of_slow_precision

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 2  # batches a device that are read before their rows are asked for


class Workers:
    """The same encoder on each of some devices.

    Args:
        encoder: the caller's model; computed with, never changed.
        devices: one, a list with a worker for each entry, or None for where the model is.
        options: what is computed.
    """

    def __init__(self, encoder: SkeletonEncoder, devices: Devices, options: EncodeOptions) -> None:
        listed = [devices] if devices is None or isinstance(devices, Device) else list(devices)
        self.config: PreprocessConfig = encoder.config.preprocess
        self.options = options.of_model(encoder)
        self.encoders: list[FusedEncoder] = []
        for number, device in enumerate(listed or [None]):
            own = _on_device(encoder, device, fresh=number > 0)
            self.encoders.append(fused_encoder(own, options.precision))
        # The caller of `encode` and its like, which made these workers.
        warn_of_slow_precision(options.precision, [own.device for own in self.encoders], level=3)
        self._embedding_dim = self.options.truncate_dim or encoder.embedding_dim

    @torch.inference_mode()
    def encode(self, encoder: FusedEncoder, batch: Batch) -> Tensor:
        """The rows of one batch, on the encoder's device."""
        x = network_input(batch, self.config, self.options.preprocess, encoder.device)
        rows = self._forward(encoder, x).float()
        if self.options.truncate_dim is not None:
            rows = rows[..., : self.options.truncate_dim]
        return torch.nn.functional.normalize(rows, dim=-1) if self.options.normalize else rows

    def rows(self, batches: Iterable[Batch]) -> Generator[Tensor]:
        """The rows of many batches, in order, on the CPU."""
        return self._in_order(lambda encoder, batch: self.encode(encoder, batch).cpu(), batches)

    def checked_rows(self, batches: Iterable[Batch]) -> Generator[tuple[int, int, Tensor]]:
        """The number, the checksum and the rows of many batches."""

        def work(encoder: FusedEncoder, batch: Batch) -> tuple[int, int, Tensor]:
            return batch.number, batch.checksum(), self.encode(encoder, batch).cpu()

        return self._in_order(work, batches)

    def _in_order(
        self, work: Callable[[FusedEncoder, Batch], Result], batches: Iterable[Batch]
    ) -> Generator[Result]:
        checked = batches if self.options.preprocess else _of_one_length(batches)
        return in_order(work, checked, self.encoders)

    @torch.inference_mode()
    def no_rows(self) -> Tensor:
        """What no clips give: float32 (0, ...)."""
        match self.options.output:
            case "clip":
                return torch.zeros(0, self._embedding_dim)
            case "bodies":
                return torch.zeros(0, MAX_BODIES, self._embedding_dim)
        first = self.encoders[0]
        one = torch.ones(1, 3, self.config.frames, 25, 1, device=first.device)
        return self._forward(first, one)[:0].cpu()

    def _forward(self, encoder: FusedEncoder, x_NCTVM: Tensor) -> Tensor:
        match self.options.output:
            case "clip":
                return encoder(x_NCTVM)
            case "bodies":
                return encoder.forward_bodies(x_NCTVM)
            case "frames":
                return encoder.forward_features(x_NCTVM).mean(dim=2)
            case "joints":
                return encoder.forward_features(x_NCTVM)


def loaded(model: str | os.PathLike[str] | SkeletonEncoder) -> SkeletonEncoder:
    """A model, by itself or by what `load_pretrained` takes."""
    if isinstance(model, SkeletonEncoder):
        return model
    from ..pretrained import load_pretrained

    return load_pretrained(model)


def _of_one_length(batches: Iterable[Batch]) -> Iterator[Batch]:
    lengths: set[int] = set()
    for batch in batches:
        lengths.update(batch.lengths.tolist())
        if len(lengths) > 1:
            raise ShapeError(
                f"clips have {sorted(lengths)} frames; with preprocess=False all clips need one length. "
                "Leave preprocess=True for raw clips of different lengths."
            )
        yield batch


def in_order(
    work: Callable[[FusedEncoder, Item], Result], items: Iterable[Item], encoders: Sequence[FusedEncoder]
) -> Generator[Result]:
    """``work(encoder, item)`` of every item, in order; each encoder does one at a time.

    A few items are taken ahead of the results. A single item is worked on in the caller's thread. An error of
    `items` is raised after the results of all items before it.
    """
    failures: list[Exception] = []
    source = _until_failure(items, failures)
    first = list(islice(source, 2))
    if len(first) < 2:
        yield from (work(encoders[0], item) for item in first)
    else:
        yield from _in_threads(work, chain(first, source), encoders)
    if failures:
        raise failures[0]


def _in_threads(
    work: Callable[[FusedEncoder, Item], Result], items: Iterable[Item], encoders: Sequence[FusedEncoder]
) -> Iterator[Result]:
    free: queue.SimpleQueue[FusedEncoder] = queue.SimpleQueue()
    for encoder in encoders:
        free.put(encoder)

    def run(item: Item) -> Result:
        encoder = free.get()
        try:
            return work(encoder, item)
        finally:
            free.put(encoder)

    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(len(encoders), thread_name_prefix="skelrep-encode") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(run, item))
                while waiting and (waiting[0].done() or len(waiting) > AHEAD * len(encoders)):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _until_failure(items: Iterable[Item], failures: list[Exception]) -> Iterator[Item]:
    try:
        yield from items
    except Exception as error:
        failures.append(error)


def _on_device(encoder: SkeletonEncoder, device: Device | None, *, fresh: bool) -> SkeletonEncoder:
    """The encoder itself where it is on this device and `fresh` does not ask for a copy."""
    target = encoder.device if device is None else check_device(device)
    return copy.deepcopy(encoder).to(target) if fresh or target != encoder.device else encoder
