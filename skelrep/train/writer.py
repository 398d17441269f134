"""When checkpoints are written, and by whom: by a thread, from a copy, while training goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from torch import Tensor

from ..config import PretrainConfig
from .checkpoint import State, save_checkpoint


class CheckpointWriter:
    """Writes checkpoints in the background, at most one at a time; leaving its block waits for the last.

    Args:
        folder: of the checkpoints.
        config: `checkpoint_steps`, `checkpoint_minutes` and `keep_checkpoints`.
        before: called in the background before each, such as to bring the log to the disk: a checkpoint must
            not outlive the lines of its steps.

    Raises:
        OutputError: by any method, that an earlier checkpoint could not be written. Those before it stay.
    """

    def __init__(self, folder: Path, config: PretrainConfig, before: Callable[[], None]) -> None:
        self._folder, self._config, self._before = folder, config, before
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")
        self._writing: Future[Path] | None = None
        self._last = time.monotonic()

    def due(self, step: int) -> bool:
        """Whether a checkpoint is due after this step: by its number, or by the clock."""
        minutes = (time.monotonic() - self._last) / 60
        return step % self._config.checkpoint_steps == 0 or minutes >= self._config.checkpoint_minutes

    def save(self, state: State) -> None:
        """Copy a state and have the copy written; waits for the one before."""
        self.wait()
        self._writing = self._executor.submit(self._write, snapshot(state))
        self._last = time.monotonic()

    def check(self) -> None:
        """Raise the error of a checkpoint that has failed meanwhile; does not wait."""
        if self._writing is not None and self._writing.done():
            self.wait()

    def wait(self) -> None:
        """Wait until the newest checkpoint lies on the disk."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def _write(self, state: State) -> Path:
        self._before()
        return save_checkpoint(self._folder, state, self._config.keep_checkpoints)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.shutdown(wait=True)
        if error is None:
            self.wait()
        elif self._writing is not None and (second := self._writing.exception()) is not None:
            error.add_note(f"The newest checkpoint could not be written either: {second}")


def snapshot(state: Any, copies: dict[object, Tensor] | None = None) -> Any:
    """A copy on the CPU of nested dicts, lists and tensors that later steps cannot reach.

    Tensors that share their memory, as the published heads do, share it in the copy.

    Example:
        >>> import torch
        >>> weight = torch.zeros(2)
        >>> copy = snapshot({"model": [weight, weight], "step": 3})
        >>> _ = weight.add_(1)
        >>> copy["model"][0].tolist(), copy["model"][0] is copy["model"][1], copy["step"]
        ([0.0, 0.0], True, 3)
    """
    copies = {} if copies is None else copies
    if isinstance(state, Tensor):
        key = (state.device, state.data_ptr(), state.shape, state.stride(), state.dtype)
        if key not in copies:
            copies[key] = state.detach().to("cpu", copy=True)
        return copies[key]
    if isinstance(state, dict):
        return {name: snapshot(value, copies) for name, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(snapshot(value, copies) for value in state)
    return state
