"""Faults of a training: signals, two processes in one folder, NaN."""

from __future__ import annotations

import signal
from pathlib import Path

import torch
from faults import fault, told
from small_training import SAME, child, compared, in_step, train, wait_for
from tiny_training import newest_state

from skelrep.train.checkpoint import find_checkpoints, read_checkpoint
from skelrep.train.run import Run


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
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell put us in the background
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
