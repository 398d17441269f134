"""The training log (one JSON object a line) and the progress bar."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tqdm import tqdm

from ..atomic import atomic_write
from ..errors import OutputError
from ..regular_files import read_regular

LOG_NAME = "log.jsonl"


@dataclass(frozen=True, kw_only=True)
class StepRecord:
    """What one step is remembered by; a line of the log.

    Attributes:
        step, epoch: 1-based.
        stage: 1 each view alone, 2 cross-view mining.
        loss: the sum over views.
        losses, accuracy: a view's loss, and the share of its queries whose own key scored highest.
        lr: learning rate of this step.
        seconds: how long this step took.
        skipped: places of the clips that were left out because they cannot be used; why, says
            ``bad_clips.json``. Not written where there are none.
    """

    step: int
    epoch: int
    stage: int
    loss: float
    losses: dict[str, float]
    accuracy: dict[str, float]
    lr: float
    seconds: float
    skipped: list[int] = field(default_factory=list)

    def to_line(self) -> str:
        """The record as a line of JSON."""
        data = asdict(self)
        if not self.skipped:
            del data["skipped"]
        return json.dumps(data) + "\n"


class TrainingLog:
    """Appends a line a step; opening it drops lines after `step`, so that a resumed run repeats none."""

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        truncate_log(path, step)
        with self._failing_clearly():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab", buffering=0)

    def write(self, record: StepRecord) -> None:
        """Hand one line to the system, so that a killed run loses none.

        Raises:
            OutputError: the line could not be written; no part of it stays.
        """
        with self._failing_clearly():
            line = memoryview(record.to_line().encode())
            before = self._file.tell()
            try:
                while line:  # a disk that fills takes the beginning, and refuses the next call
                    line = line[self._file.write(line) :]
            except OSError:
                with suppress(OSError):
                    self._file.truncate(before)
                raise

    def sync(self) -> None:
        """Bring the lines to the disk, so that a power cut loses none; may be called by another thread."""
        with self._failing_clearly():
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        with self._failing_clearly():
            self._file.close()

    @contextmanager
    def _failing_clearly(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"cannot write {self.path}: {error.strerror or error}. "
                "Check the folder's permissions and free space, or pass another output_dir."
            ) from error


def read_log(path: str | os.PathLike[str]) -> list[StepRecord]:
    """The whole lines of a log, in order; a last line cut short by a killed run is left out."""
    records = []
    for line in read_regular(path).splitlines():
        try:
            record = StepRecord(**json.loads(line))
        except (ValueError, TypeError, RecursionError):
            break
        if not isinstance(record.step, int):
            break
        records.append(record)
    return records


def truncate_log(path: Path, step: int) -> None:
    """Keep the lines up to `step`; a log that is not there, or has none to drop, stays as it is."""
    if not path.is_file():
        return
    kept = "".join(record.to_line() for record in read_log(path) if record.step <= step).encode()
    if kept != path.read_bytes():
        with atomic_write(path) as file:
            file.write(kept)


class ProgressBar:
    """A tqdm bar of steps with loss, accuracy and stage.

    Args:
        total, done: steps of the run, and those already taken.
        shown: None shows it when stderr is a terminal.
    """

    def __init__(self, total: int, done: int, shown: bool | None) -> None:
        disable = None if shown is None else not shown
        self._bar = tqdm(total=total, initial=done, desc="train", unit="step", disable=disable)

    def update(self, record: StepRecord) -> None:
        """Move one step on."""
        accuracy = sum(record.accuracy.values()) / len(record.accuracy)
        self._bar.set_postfix_str(
            f"epoch {record.epoch}, stage {record.stage}, loss {record.loss:.3f}, accuracy {accuracy:.3f}",
            refresh=False,
        )
        self._bar.update()

    def close(self) -> None:
        """Leave the bar where it is."""
        self._bar.close()
