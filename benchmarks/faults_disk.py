"""Faults of the disk that a run is written to."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from faults import NotHereError, fault, told
from small_training import SAME, compared, in_step, train, wait_for

from skelrep.train.checkpoint import find_checkpoints, read_checkpoint


@contextlib.contextmanager
def small_disk(folder: Path, size: str = "16m") -> Iterator[Path]:
    """A file system of its own in memory."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        if subprocess.run(command, capture_output=True, check=False).returncode:
            raise NotHereError("mounting a file system needs root")
    except FileNotFoundError as error:
        raise NotHereError("no mount command") from error
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill_up(folder: Path) -> None:
    """Write until nothing more fits."""
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def wait_for_checkpoint(run: Path, step: int) -> None:
    """Until the writer is done with a checkpoint."""
    wait_for(lambda: any((run / "checkpoints").glob(f"step-{step:08d}-*")))


def after_failing(run: Path, said: str, make_room: Callable[[], object]) -> str:
    """What is left after a write failed, and how the run goes on when there is room."""
    litter = [path.name for path in run.rglob(".*")]
    newest = read_checkpoint(find_checkpoints(run / "checkpoints")[0])
    make_room()
    good = f"last good: step {newest and newest['step']}, left behind: {litter}"
    return f"{said} / {good} / {told(lambda: train(run))} / {compared(run)}"


STAYS = "OutputError; the last checkpoint stays, nothing half-written; with room it ends as without the fault"
NO_ROOM = (
    rf"^OutputError: cannot write .*{{}}.* / last good: step {{}}, left behind: \[\] / no error / {SAME}"
)


@fault(
    "disk", "full while a checkpoint is written", how="a tmpfs filled in step 4, but for 64 KiB",
    expected=STAYS, observed=NO_ROOM.format("No space left on device", 2),
)  # fmt: skip
def full_for_a_checkpoint(folder: Path) -> str:
    with small_disk(folder / "disk") as disk:
        run, filler = disk / "run", disk / "filler"

        def nearly_fill() -> None:
            wait_for_checkpoint(run, 2)
            fill_up(disk)
            os.truncate(filler, filler.stat().st_size - 65536)

        said = in_step(4, nearly_fill, lambda: train(run))
        return after_failing(run, said, filler.unlink)


@fault(
    "disk", "no room for a line of the log", how="RLIMIT_FSIZE is its size in step 5",
    expected=STAYS, observed=NO_ROOM.format("File too large", 4),
)  # fmt: skip
def no_room_for_the_log(folder: Path) -> str:
    run, before = folder / "run", resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit() -> None:
        wait_for_checkpoint(run, 4)
        size = (run / "log.jsonl").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, before[1]))

    try:
        said = in_step(5, limit, lambda: train(run))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    return after_failing(run, said, lambda: None)


@fault(
    "disk", "a read-only output_dir", how="a tmpfs mounted read-only",
    expected="OutputError before the first step",
    observed=r"^OutputError: output_dir .* cannot be written \(Read-only file system\)",
)  # fmt: skip
def read_only(folder: Path) -> str:
    with small_disk(folder / "disk") as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        return in_step(1, lambda: print("a step was taken"), lambda: train(disk))
