"""SIGTERM as Ctrl-C: the step is finished, saved, and the program ends as a scheduler expects."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from tiny_training import newest_state, same_runs, tiny_config, walks

from skelrep.cli import main
from skelrep.train import train_crossclr
from skelrep.train.interrupt import EXIT_TERMINATED, USUAL, deferred_interrupt
from skelrep.train.run import Run


@pytest.fixture(autouse=True)
def _usual_handlers() -> Iterator[None]:
    before = {number: signal.signal(number, usual) for number, usual in USUAL.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def send(*numbers: int) -> None:
    for number in numbers:
        os.kill(os.getpid(), number)


@pytest.fixture
def signal_after(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have signals come within the step after `done` steps."""
    step = Run.step

    def prepare(done: int, *numbers: int) -> None:
        def step_and_send(run: Run) -> object:
            if run.done == done:
                send(*numbers)
            return step(run)

        monkeypatch.setattr(Run, "step", step_and_send)

    return prepare


def train(folder: Path) -> None:
    train_crossclr(walks(), tiny_config(views=("joint",)), output_dir=folder, device="cpu")


@pytest.mark.parametrize("numbers", [[signal.SIGTERM], [signal.SIGTERM, signal.SIGTERM, signal.SIGINT]])
def test_sigterm_finishes_the_step_saves_and_exits_with_143(
    tmp_path: Path, signal_after: Callable[..., None], monkeypatch: pytest.MonkeyPatch, numbers: list[int]
) -> None:
    signal_after(3, *numbers)
    with pytest.raises(SystemExit) as caught:
        train(tmp_path / "stopped")
    assert caught.value.code == EXIT_TERMINATED == 128 + signal.SIGTERM
    assert newest_state(tmp_path / "stopped")["step"] == 4
    assert all(signal.getsignal(number) == usual for number, usual in USUAL.items())
    monkeypatch.undo()
    train(tmp_path / "stopped")
    train(tmp_path / "whole")
    assert same_runs(tmp_path / "stopped", tmp_path / "whole")


def test_the_first_signal_decides(tmp_path: Path, signal_after: Callable[..., None]) -> None:
    signal_after(3, signal.SIGINT, signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path)
    assert newest_state(tmp_path)["step"] == 4


def test_a_signal_in_the_last_step_is_not_lost(tmp_path: Path, signal_after: Callable[..., None]) -> None:
    signal_after(5, signal.SIGTERM)
    with pytest.raises(SystemExit):
        train(tmp_path)
    assert newest_state(tmp_path)["step"] == 6


def test_a_second_ctrl_c_stops_within_the_step(tmp_path: Path, signal_after: Callable[..., None]) -> None:
    signal_after(3, signal.SIGINT, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path)
    assert not list((tmp_path / "checkpoints").iterdir())


@pytest.mark.parametrize("mine", [signal.SIG_IGN, lambda *_: None], ids=["ignored", "handled"])
def test_a_handler_of_the_program_stays(mine: signal.Handlers | Callable[..., None]) -> None:
    signal.signal(signal.SIGTERM, mine)
    with deferred_interrupt() as interrupt:
        send(signal.SIGTERM)
        assert not interrupt.requested
        send(signal.SIGINT)
        assert interrupt.requested
    assert signal.getsignal(signal.SIGTERM) == mine


def test_handlers_come_back_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), deferred_interrupt():
        raise ZeroDivisionError
    assert all(signal.getsignal(number) == usual for number, usual in USUAL.items())


def test_the_command_line_exits_with_143(
    tmp_path: Path, signal_after: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clips").mkdir()
    for number, clip in enumerate(walks()):
        np.save(tmp_path / "clips" / f"{number}.npy", clip)
    (tmp_path / "config.json").write_text(json.dumps(tiny_config(epochs=1).to_dict()))
    folders = [str(tmp_path / "clips"), "-o", str(tmp_path / "run")]
    command = ["train", *folders, "--config", str(tmp_path / "config.json"), "--quiet", "--device", "cpu"]
    signal_after(0, signal.SIGTERM)
    assert main(command) == 143
    assert capsys.readouterr().err == (
        "skelrep: terminated; the same command goes on from the last checkpoint\n"
    )
    assert main(command) == 0


def test_other_exits_pass_through_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skelrep.pretrained.list_pretrained", lambda: exec("raise SystemExit(7)"))
    with pytest.raises(SystemExit) as caught:
        main(["info"])
    assert caught.value.code == 7
