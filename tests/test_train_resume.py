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


class PowerCut(Exception):
    pass


def train(folder, config, clips=None, **options):
    return train_crossclr(walks() if clips is None else clips, config, output_dir=folder, device="cpu", **options)


def before_step(monkeypatch, number, action):
    """Do something just before a step is taken."""
    step = Run.step

    def wrapped(run):
        if run.done + 1 == number:
            action()
        return step(run)

    monkeypatch.setattr(Run, "step", wrapped)


def cut_power():
    raise PowerCut


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


# 3 steps an epoch: after step 3 a new epoch and stage 2 begin; 6 lies two steps after a checkpoint.
@pytest.mark.parametrize("stop", [3, 5, 7])
def test_stopped_equals_never_stopped(recipe, uninterrupted, stop, tmp_path, monkeypatch):
    config = tiny_config(recipe, checkpoint_steps=3)
    with monkeypatch.context() as patch, pytest.raises(PowerCut):
        before_step(patch, stop + 1, cut_power)
        train(tmp_path, config)
    assert newest_state(tmp_path)["step"] == stop // 3 * 3
    assert len(log_lines(tmp_path)) == stop
    train(tmp_path, config)
    assert same_runs(tmp_path, uninterrupted)


@pytest.mark.parametrize("recipe", ["fixed"], indirect=True)
def test_killed_while_writing_a_checkpoint(uninterrupted, tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    command = [sys.executable, "-c", KILLED_WHILE_WRITING, str(tmp_path)]
    process = subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False)
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()
    assert newest_state(tmp_path)["step"] == 2
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2  # the second is temporary
    train(tmp_path, tiny_config(checkpoint_steps=2))
    assert same_runs(tmp_path, uninterrupted)
    assert not list((tmp_path / "checkpoints").glob(".*"))


@pytest.mark.parametrize("recipe", ["fixed"], indirect=True)
def test_a_damaged_newest_checkpoint_costs_only_the_steps_since_the_one_before(uninterrupted, tmp_path, monkeypatch):
    config = tiny_config(checkpoint_steps=2)
    with monkeypatch.context() as patch, pytest.raises(PowerCut):
        before_step(patch, 6, cut_power)
        train(tmp_path, config)
    os.truncate(find_checkpoints(tmp_path / "checkpoints")[0], 1000)
    with pytest.warns(DataWarning, match="damaged"):
        train(tmp_path, config)
    assert same_runs(tmp_path, uninterrupted)


@pytest.mark.parametrize("recipe", ["fixed"], indirect=True)
def test_ctrl_c_finishes_the_step_and_saves(uninterrupted, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        before_step(patch, 5, press_ctrl_c)
        train(tmp_path, tiny_config())
    assert newest_state(tmp_path)["step"] == 5
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    train(tmp_path, tiny_config())
    assert same_runs(tmp_path, uninterrupted)


def test_a_second_ctrl_c_stops_at_once():
    with pytest.raises(KeyboardInterrupt), deferred_interrupt() as interrupt:
        press_ctrl_c()
        assert interrupt.requested
        press_ctrl_c()
        pytest.fail("still running")


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
    with pytest.raises(CheckpointError, match=r"config\.preprocess\.frames"):
        config = tiny_config()
        train(uninterrupted, dataclasses.replace(config, preprocess=dataclasses.replace(config.preprocess, frames=8)))
    with pytest.raises(CheckpointError, match=r"data\.digest"):
        train(uninterrupted, tiny_config(), clips=[np.float32(1.01) * clip for clip in walks()])
    assert log_lines(uninterrupted) == before
