"""What a run leaves behind while it trains: log, bar, and now and then a checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Self

from .checkpoint import FOLDER_NAME, State
from .log import LOG_NAME, ProgressBar, StepRecord, TrainingLog
from .run import Run
from .writer import CheckpointWriter


class Keeper:
    """Keeps the records of a run; of several processes only the first has one.

    Args:
        run: where it begins.
        folder: of the run.
        progress: show the bar; None shows it in a terminal.
    """

    def __init__(self, run: Run, folder: Path, progress: bool | None) -> None:
        self._stack = ExitStack()
        self._log = self._stack.enter_context(closing(TrainingLog(folder / LOG_NAME, run.done)))
        self._bar = self._stack.enter_context(closing(ProgressBar(run.total, run.done, progress)))
        writer = CheckpointWriter(folder / FOLDER_NAME, run.config, self._log.sync)
        self._writer = self._stack.enter_context(writer)

    def keep(self, record: StepRecord, last: bool, state: Callable[[], State]) -> None:
        """Remember a step; after the last one, a checkpoint of it lies on the disk.

        Raises:
            OutputError: something could not be written, also a checkpoint of an earlier step.
        """
        self._writer.check()
        self._log.write(record)
        self._bar.update(record)
        if last or self._writer.due(record.step):
            self._writer.save(state())
        if last:
            self._writer.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
