"""Checkpoints in the background: when, from which state, and how their failure is told."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_training import newest_state, same, tiny_config, walks

from skelrep.config import PretrainConfig
from skelrep.errors import ConfigError, OutputError
from skelrep.train import train_crossclr, writer
from skelrep.train.checkpoint import find_checkpoints
from skelrep.train.writer import CheckpointWriter, snapshot


def state_at(step: int) -> dict[str, object]:
    return {
        "step": step, "run": {}, "versions": {}, "model": {"w": torch.full((2,), float(step))},
        "optimizer": {}, "monitor": None,
    }  # fmt: skip


def nothing() -> None:
    pass


def no_space() -> None:
    raise OutputError("cannot write: No space left on device.")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What `time.monotonic` says, to be set."""
    now = [0.0]
    monkeypatch.setattr(writer.time, "monotonic", lambda: now[0])
    return now


def test_due_by_steps_and_by_the_clock(tmp_path: Path, clock: list[float]) -> None:
    config = tiny_config(checkpoint_steps=5, checkpoint_minutes=2.0)
    with CheckpointWriter(tmp_path, config, nothing) as writes:
        assert [step for step in range(1, 11) if writes.due(step)] == [5, 10]
        clock[0] = 119.9
        assert not writes.due(3)
        clock[0] = 120.0
        assert writes.due(3)
        writes.save(state_at(3))
        assert not writes.due(4)
        clock[0] = 240.0
        assert writes.due(4)


@pytest.mark.parametrize("minutes", [0, -1.0])
def test_minutes_are_positive(minutes: float) -> None:
    with pytest.raises(ConfigError, match="checkpoint_minutes"):
        PretrainConfig(checkpoint_minutes=minutes)


def test_a_run_by_the_clock_writes_each_step_and_ends_alike(tmp_path: Path) -> None:
    often = tiny_config(checkpoint_minutes=1e-9, keep_checkpoints=9)
    train_crossclr(walks(), often, output_dir=tmp_path / "often", device="cpu")
    train_crossclr(walks(), tiny_config(), output_dir=tmp_path / "once", device="cpu")
    assert [len(find_checkpoints(tmp_path / name / "checkpoints")) for name in ("often", "once")] == [6, 1]
    states = [newest_state(tmp_path / name) for name in ("often", "once")]
    assert same(states[0]["model"], states[1]["model"])


def test_what_is_written_is_the_state_when_it_was_saved(tmp_path: Path) -> None:
    go_on, state = threading.Event(), state_at(7)
    with CheckpointWriter(tmp_path, tiny_config(), lambda: go_on.wait(30) and None) as writes:
        writes.save(state)
        writes.check()  # does not wait
        assert not find_checkpoints(tmp_path)
        state["model"]["w"].add_(100)  # type: ignore[index]
        go_on.set()
        writes.wait()
        assert len(find_checkpoints(tmp_path)) == 1
    assert same(newest_state_of(tmp_path), state_at(7)["model"])


def newest_state_of(folder: Path) -> object:
    return torch.load(find_checkpoints(folder)[0], weights_only=True)["model"]


def test_at_most_one_is_in_flight(tmp_path: Path) -> None:
    running: list[int] = []
    most = []

    def count() -> None:
        running.append(1)
        most.append(len(running))
        running.pop()

    with CheckpointWriter(tmp_path, tiny_config(keep_checkpoints=9), count) as writes:
        for step in range(1, 6):
            writes.save(state_at(step))
    assert most == [1] * 5
    assert len(find_checkpoints(tmp_path)) == 5


@pytest.mark.parametrize("told_by", ["check", "wait", "save", "end"])
def test_a_failure_is_told_at_the_next_chance(tmp_path: Path, told_by: str) -> None:
    writes = CheckpointWriter(tmp_path, tiny_config(), no_space)
    writes.save(state_at(1))
    if told_by == "check":
        writes._writing.exception()  # type: ignore[union-attr]  # until it has failed
    tell = {"check": writes.check, "wait": writes.wait, "save": lambda: writes.save(state_at(2))}
    with pytest.raises(OutputError, match="No space left"), writes:
        tell.get(told_by, nothing)()


def test_a_failure_beside_another_error_is_a_note(tmp_path: Path) -> None:
    error = KeyError("first")
    writes = CheckpointWriter(tmp_path, tiny_config(), no_space)
    writes.save(state_at(1))
    writes.__exit__(KeyError, error, None)
    assert "No space left" in error.__notes__[0]


nested = st.recursive(
    st.integers() | st.none() | st.lists(st.floats(-1, 1), max_size=3).map(torch.tensor),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def tensors_in(state: object) -> list[torch.Tensor]:
    if isinstance(state, torch.Tensor):
        return [state]
    inner = state.values() if isinstance(state, dict) else state if isinstance(state, list) else ()
    return [tensor for one in inner for tensor in tensors_in(one)]


@given(nested)
def test_a_snapshot_is_equal_and_shares_nothing(state: object) -> None:
    copy = snapshot(state)
    assert same(copy, state)
    before = {tensor.data_ptr() for tensor in tensors_in(state) if tensor.numel()}
    assert before.isdisjoint(tensor.data_ptr() for tensor in tensors_in(copy))


def test_a_snapshot_keeps_what_is_shared_and_tells_views_apart() -> None:
    weight = torch.arange(6.0).reshape(2, 3)
    copy = snapshot((weight, weight.detach(), weight.T, weight[:1]))
    assert copy[0] is copy[1]
    assert [tuple(tensor.shape) for tensor in copy] == [(2, 3), (2, 3), (3, 2), (1, 3)]
