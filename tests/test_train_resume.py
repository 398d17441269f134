"""A run that was stopped, killed or interrupted ends as one that never was."""

import dataclasses
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_training import log_lines, newest_state, same_runs, tiny_config, walks

from skelrep.errors import CheckpointError, DataWarning
from skelrep.train import train_crossclr
from skelrep.train.checkpoint import find_checkpoints
from skelrep.train.interrupt import deferred_interrupt
from skelrep.train.run import Run

KILLED_WHILE_WRITING = """
import os, signal, sys
from tiny_training import tiny_config, walks
from skelrep.train import train_crossclr

replace, output_dir = os.replace, sys.argv[1]
def replace_or_die(source, target):
    if "step-00000004" in str(target):
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)
os.replace = replace_or_die
train_crossclr(walks(), tiny_config(checkpoint_steps=2), output_dir=output_dir, device="cpu")
"""


class PowerCutError(Exception):
    pass


def train(folder, config, clips=None, **options):
    return train_crossclr(
        walks() if clips is None else clips, config, output_dir=folder, device="cpu", **options
    )


def train_and_stop(folder, config, monkeypatch, *, done, by):
    """Train, and do something just after `done` steps."""
    step = Run.step

    def step_or_stop(run):
        if run.done == done:
            by()
        return step(run)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "step", step_or_stop)
        train(folder, config)


def cut_power():
    raise PowerCutError


def press_ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(scope="module", params=["fixed", "faithful"])
def recipe(request):
    return request.param


@pytest.fixture(scope="module")
def uninterrupted(recipe, tmp_path_factory):
    folder = tmp_path_factory.mktemp(recipe)
    train(folder, tiny_config(recipe))
    return folder


@pytest.fixture(autouse=True)
def usual_sigint_handler():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


# 2 steps an epoch, a checkpoint after each: 2 is where stage 2 begins, 5 lies one step after a checkpoint.
@pytest.mark.parametrize("stop", [2, 5])
def test_stopped_equals_never_stopped(recipe, uninterrupted, stop, tmp_path, monkeypatch):
    config = tiny_config(recipe, checkpoint_steps=2)
    with pytest.raises(PowerCutError):
        train_and_stop(tmp_path, config, monkeypatch, done=stop, by=cut_power)
    assert newest_state(tmp_path)["step"] == stop // 2 * 2
    assert len(log_lines(tmp_path)) == stop
    train(tmp_path, config)
    assert same_runs(tmp_path, uninterrupted)


@pytest.mark.parametrize("recipe", ["fixed"], indirect=True)
def test_killed_while_writing_a_checkpoint(uninterrupted, tmp_path):
    path, threads = os.pathsep.join([str(Path(__file__).parent), *sys.path]), str(torch.get_num_threads())
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": threads}
    command = [sys.executable, "-c", KILLED_WHILE_WRITING, str(tmp_path)]
    process = subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False)
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()
    assert newest_state(tmp_path)["step"] == 2
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2  # the second is temporary
    train(tmp_path, tiny_config(checkpoint_steps=2))
    assert same_runs(tmp_path, uninterrupted)
    assert not list((tmp_path / "checkpoints").glob(".*"))


@pytest.mark.parametrize("recipe", ["fixed"], indirect=True)
def test_a_damaged_newest_checkpoint_costs_only_the_steps_since_the_one_before(
    uninterrupted, tmp_path, monkeypatch
):
    config = tiny_config(checkpoint_steps=2)
    with pytest.raises(PowerCutError):
        train_and_stop(tmp_path, config, monkeypatch, done=5, by=cut_power)
    os.truncate(find_checkpoints(tmp_path / "checkpoints")[0], 1000)
    with pytest.warns(DataWarning, match="damaged"):
        train(tmp_path, config)
    assert same_runs(tmp_path, uninterrupted)


@pytest.mark.parametrize("recipe", ["fixed"], indirect=True)
def test_ctrl_c_finishes_the_step_and_saves(uninterrupted, tmp_path, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        train_and_stop(tmp_path, tiny_config(), monkeypatch, done=4, by=press_ctrl_c)
    assert newest_state(tmp_path)["step"] == 5
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    train(tmp_path, tiny_config())
    assert same_runs(tmp_path, uninterrupted)


def press_twice(presses):
    with deferred_interrupt() as interrupt:
        for _ in range(2):
            press_ctrl_c()
            presses.append(interrupt.requested)


def test_a_second_ctrl_c_stops_at_once():
    presses = []
    with pytest.raises(KeyboardInterrupt):
        press_twice(presses)
    assert presses == [True]


def test_a_handler_of_the_caller_stays():
    calls = []

    def mine(*_arguments):
        calls.append(1)

    signal.signal(signal.SIGINT, mine)
    with deferred_interrupt() as interrupt:
        press_ctrl_c()
        assert not interrupt.requested
    assert calls == [1]


def test_other_threads_are_left_alone():
    entered = []

    def work():
        with deferred_interrupt() as interrupt:
            entered.append(interrupt.requested)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert entered == [False]


@pytest.mark.parametrize("recipe", ["fixed"], indirect=True)
def test_a_finished_run_is_returned_as_it_is(uninterrupted, monkeypatch):
    monkeypatch.setattr(Run, "step", lambda run: pytest.fail("trained again"))
    before, log = (uninterrupted / "model.safetensors").read_bytes(), log_lines(uninterrupted)
    (uninterrupted / "model.safetensors").unlink()  # as if killed between the last checkpoint and the model
    model = train(uninterrupted, tiny_config(keep_checkpoints=1))
    assert not model.training
    assert (uninterrupted / "model.safetensors").read_bytes() == before
    assert log_lines(uninterrupted) == log


@pytest.mark.parametrize("recipe", ["fixed"], indirect=True)
def test_another_run_in_the_same_folder_is_refused(uninterrupted):
    before = log_lines(uninterrupted)
    with pytest.raises(CheckpointError, match=r"config\.epochs: 3 there, 4 now"):
        train(uninterrupted, tiny_config(epochs=4))
    shorter = dataclasses.replace(tiny_config().preprocess, frames=8)
    with pytest.raises(CheckpointError, match=r"config\.preprocess\.frames"):
        train(uninterrupted, tiny_config(preprocess=shorter))
    with pytest.raises(CheckpointError, match=r"data\.digest"):
        train(uninterrupted, tiny_config(), clips=[np.float32(1.01) * clip for clip in walks()])
    assert log_lines(uninterrupted) == before
