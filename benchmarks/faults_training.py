"""Faults of a training: damaged checkpoints, signals, two processes in one folder, NaN."""

from __future__ import annotations

import functools
import io
import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from faults import fault, told

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from tiny_training import newest_state, same_runs, tiny_config, walks  # noqa: E402
from watched_training import train_watched  # noqa: E402

from skelrep.config import PretrainConfig  # noqa: E402
from skelrep.train import train_crossclr  # noqa: E402
from skelrep.train.checkpoint import find_checkpoints, read_checkpoint  # noqa: E402
from skelrep.train.run import Run  # noqa: E402

CONFIG = tiny_config(checkpoint_steps=2)
SAME = "ends as if it had not happened"
FALLS_BACK = "DataWarning; goes on from the one before; ends as if it had not happened"


def train(folder: Path, clips: object = None, config: PretrainConfig = CONFIG) -> None:
    """A tiny run of six steps."""
    train_crossclr(walks() if clips is None else clips, config, output_dir=folder, device="cpu")


@functools.cache
def whole_run() -> Path:
    """The same run without a fault."""
    folder = Path(tempfile.mkdtemp(prefix="skelrep-whole-"))
    train(folder)
    return folder


def compared(folder: Path) -> str:
    """Whether a run ended as the one without a fault, bit for bit, and left nothing else behind."""
    litter = [path.name for path in folder.rglob(".*")]
    return SAME if same_runs(folder, whole_run()) and not litter else f"ends differently {litter}"


def in_step(number: int, action: Callable[[], object], train_it: Callable[[], object]) -> str:
    """Train, and do something at the beginning of a step; what was told."""
    step = Run.step

    def step_after(run: Run) -> object:
        if run.done + 1 == number:
            action()
        return step(run)

    Run.step = step_after  # type: ignore[method-assign, assignment]
    try:
        return told(train_it)
    finally:
        Run.step = step  # type: ignore[method-assign]


def stop() -> None:
    """End a run as a crash would."""
    raise ZeroDivisionError("crash")


class Bomb:
    """A pickle that makes a folder when it is loaded."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(Path(tempfile.gettempdir()) / "skelrep-bomb"),)


def flip_a_bit(path: Path) -> None:
    """One bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def replace_with_folder(path: Path) -> None:
    """A folder of that name."""
    path.unlink()
    path.mkdir()


def under_its_digest(data: bytes) -> Callable[[Path], None]:
    """Other bytes, under the name that promises them."""
    import hashlib

    def put(path: Path) -> None:
        path.unlink()
        path.with_name(f"{path.name[:14]}{hashlib.sha256(data).hexdigest()[:12]}.pt").write_bytes(data)

    return put


def zip_with_code() -> bytes:
    """What torch.save makes of a `Bomb`."""
    buffer = io.BytesIO()
    torch.save({"model": Bomb()}, buffer)
    return buffer.getvalue()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut to half its length": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: os.truncate(path, 0),
    "as long, all zero": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "one bit flipped": flip_a_bit,
    "a folder of its name": replace_with_folder,
    "garbage of the right digest": under_its_digest(b"PK\3\4" + bytes(range(256)) * 99),
    "a pickle that runs code, of the right digest": under_its_digest(pickle.dumps(Bomb())),
    "a torch file that runs code, of the right digest": under_its_digest(zip_with_code()),
}


def with_damage(damage: Callable[[Path], object], folder: Path) -> str:
    """Stop after 5 steps, damage the newest of two checkpoints, go on."""
    in_step(6, stop, lambda: train(folder))
    damage(find_checkpoints(folder / "checkpoints")[0])
    said = told(lambda: train(folder))
    if (Path(tempfile.gettempdir()) / "skelrep-bomb").exists():
        return "code was run"
    for path in folder.glob("checkpoints/*/"):
        path.rmdir()
    return f"{said} / {compared(folder)}"


for name, damage in DAMAGES.items():
    fault(
        "checkpoint", f"the newest: {name}", how="after step 5 of 6", expected=FALLS_BACK,
        observed=rf"^DataWarning: checkpoint .* is damaged.*/ {SAME}$",
    )(functools.partial(with_damage, damage))  # fmt: skip


@fault(
    "checkpoint", "all damaged", how="a bit of each flipped", expected="CheckpointError, nothing is trained",
    observed="CheckpointError: all 2 checkpoints",
)  # fmt: skip
def all_damaged(folder: Path) -> str:
    in_step(6, stop, lambda: train(folder))
    for path in find_checkpoints(folder / "checkpoints"):
        flip_a_bit(path)
    return told(lambda: train(folder)).split("; ")[-1]


@fault(
    "checkpoint", "of another run", how="other epochs", expected="CheckpointError names the field",
    observed=r"^CheckpointError: .*config\.epochs: 3 there, 4 now",
)  # fmt: skip
def of_another_run(folder: Path) -> str:
    in_step(3, stop, lambda: train(folder))
    return told(lambda: train(folder, config=tiny_config(epochs=4)))


def child(folder: Path, slow_disk: float = 0.0) -> multiprocessing.process.BaseProcess:
    """The run in a process of its own."""
    process = multiprocessing.get_context("spawn").Process(
        target=train_watched, args=(folder, "fixed", 2, slow_disk)
    )
    process.start()
    return process


def wait_for(there: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    deadline = time.monotonic() + 120
    while not there() and time.monotonic() < deadline:
        time.sleep(0.001)


@fault(
    "signals", "SIGKILL while a checkpoint is being written", how="its temporary file was there",
    expected="half a file is left, cleared and repeated; ends as if it had not happened",
    observed=rf"exit code -9, half-written True / no error / {SAME}",
)  # fmt: skip
def killed_while_writing(folder: Path) -> str:
    process = child(folder, slow_disk=0.5)
    wait_for(lambda: any(folder.glob("checkpoints/.step-00000004*")))
    process.kill()
    process.join()
    half = any(folder.glob("checkpoints/.step-*.tmp"))
    return (
        f"exit code {process.exitcode}, half-written {half} / {told(lambda: train(folder))} / "
        f"{compared(folder)}"
    )


@fault(
    "signals", "SIGTERM", how="sent to the process after a step",
    expected="a checkpoint of the step, exit code 143; ends as if it had not happened",
    observed=rf"exit code 143, saved True / no error / {SAME}",
)  # fmt: skip
def terminated(folder: Path) -> str:
    process = child(folder)
    wait_for(lambda: (folder / "log.jsonl").exists() and bool((folder / "log.jsonl").read_bytes()))
    process.terminate()
    process.join()
    saved = newest_state(folder)["step"] == len((folder / "log.jsonl").read_text().splitlines())
    return f"exit code {process.exitcode}, saved {saved} / {told(lambda: train(folder))} / {compared(folder)}"


@fault(
    "signals", "SIGINT (Ctrl-C)", how="within step 4",
    expected="a checkpoint of step 4, KeyboardInterrupt; ends as if it had not happened",
    observed=rf"^KeyboardInterrupt:, saved step 4 / no error / {SAME}",
)  # fmt: skip
def interrupted(folder: Path) -> str:
    said = in_step(4, lambda: signal.raise_signal(signal.SIGINT), lambda: train(folder))
    step = newest_state(folder)["step"]
    return f"{said}, saved step {step} / {told(lambda: train(folder))} / {compared(folder)}"


@fault(
    "folder", "a second process trains into it", how="while the first trains",
    expected="OutputError names the first; the first ends as if it had not happened",
    observed=rf"^OutputError: .* is in use: process \d+ on .* / {SAME}",
)  # fmt: skip
def second_process(folder: Path) -> str:
    process = child(folder, slow_disk=1.0)
    wait_for(lambda: (folder / "log.jsonl").exists())
    said = told(lambda: train(folder))
    process.join()
    return f"{said} / {compared(folder)}"


@fault(
    "numbers", "the loss becomes NaN", how="NaN in a projection head before step 5",
    expected="TrainingDivergedError names the last good checkpoint, which is whole",
    observed=r"^TrainingDivergedError: .*at step 5 the losses are .* / last good: step 4",
)  # fmt: skip
def nan_loss(folder: Path) -> str:
    heads: list[torch.nn.Module] = []
    build = Run.__init__

    def remember(run: Run, *arguments: object) -> None:
        build(run, *arguments)  # type: ignore[arg-type]
        heads.append(run.model.query_heads)

    def poison() -> None:
        with torch.no_grad():
            next(heads[0].parameters()).fill_(float("nan"))

    Run.__init__ = remember  # type: ignore[method-assign, assignment]
    try:
        said = in_step(5, poison, lambda: train(folder))
    finally:
        Run.__init__ = build  # type: ignore[method-assign]
    state = read_checkpoint(find_checkpoints(folder / "checkpoints")[0])
    return f"{said} / last good: step {state and state['step']}"
