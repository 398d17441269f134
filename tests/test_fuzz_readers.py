"""Thousands of changed files for every reader: our errors or whole clips, and nothing else happens.

`python -m fuzz.run` does the same with any number of inputs, in a process with little memory.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import skelrep
from skelrep.errors import SkelrepError

sys.path.insert(0, str(Path(__file__).parents[1]))
from fuzz import guard
from fuzz.catalogue import TARGETS
from fuzz.guard import Breach, timed, watched
from fuzz.targets import Runner, check_result

# Those that build a model, or write, take milliseconds; the others a fraction of one.
SLOW = ("model config", "classifier config", "safetensors", "checkpoint", "published checkpoint", "train log")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["frames", "people", "bodies", "x", "y", "z", "data", "fps"]), inner
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("name", TARGETS)
def test_changed_files(name: str, tmp_path: Path) -> None:
    runner = Runner(TARGETS[name], tmp_path)
    inputs = 30 if name in SLOW else 200
    outcomes = Counter(runner.run(runner.make(number)) for number in range(inputs))
    assert outcomes.total() == inputs
    assert outcomes["parsed"]  # the seeds are valid: what is attacked is the reader, not its first line
    assert len(outcomes) > 1 or name == "train log"  # which reads as far as its lines are whole


def test_inputs_are_known_by_their_number(tmp_path: Path) -> None:
    one, other = (Runner(TARGETS["json"], tmp_path) for _ in range(2))
    made = [one.make(number) for number in range(300)]
    assert made[::-1] == [other.make(number) for number in reversed(range(300))]  # whatever came before
    assert made[-1] != one.make(299, seed=1)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(content=JSON)
def test_any_json(tmp_path_factory: pytest.TempPathFactory, content: object) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(content))
    with pytest.raises(SkelrepError):
        skelrep.read_clips(path)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    content=st.binary(max_size=200), suffix=st.sampled_from(["npy", "npz", "pkl", "bvh", "csv", "skeleton"])
)
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str) -> None:
    path = tmp_path_factory.getbasetemp() / f"any.{suffix}"
    path.write_bytes(content)
    with pytest.raises(SkelrepError):
        skelrep.read_clips(path)


def _swallows(path: Path) -> None:
    try:
        path.parents[3].joinpath("outside.txt").open().close()
    except Exception:
        return
    except BaseException:
        pass


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda path: Path("/etc/hostname").read_text(), "outside of its folder"),
        (lambda path: path.with_name("new").write_text("x"), "wrote"),
        (lambda path: path.unlink(), "os.remove"),
        (lambda path: os.system("true"), "os.system"),
        (lambda path: subprocess.run(["true"], check=True), "subprocess"),
        (lambda path: exec("a = 1"), "executed text"),
        (_swallows, "outside of its folder"),
    ],
)
def test_the_guard_stops_what_must_not_happen(tmp_path: Path, act, message: str) -> None:
    path = tmp_path / "x"
    path.write_text("x")
    with pytest.raises(Breach, match=message), watched(tmp_path, may_write=False):
        act(path)
    assert path.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_the_guard_lets_a_reader_read_its_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    with watched(tmp_path, may_write=True):
        (tmp_path / "y").write_text((tmp_path / "x").read_text())
        (tmp_path / "y").unlink()


def _spin(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_the_guard_stops_what_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "CPU_SECONDS", 0.05)
    with pytest.raises(Breach, match="took more than"), timed():
        _spin(20)


@pytest.mark.parametrize(
    "fields",
    [
        {"data": np.ones((3, 4, 25, 3), np.float32)}, {"data": np.ones((3, 4, 25, 1))}, {"label": 2**63},
        {"data": np.full((3, 4, 25, 1), np.nan, np.float32)}, {"label": np.int64(3)}, {"fps": float("inf")},
        {"name": 3},
    ],
)  # fmt: skip
def test_clips_that_are_not_whole_are_found(fields: dict[str, object]) -> None:
    whole = {"data": np.ones((3, 4, 25, 1), dtype=np.float32), "name": "a", "label": 1, "fps": 30.0}
    check_result([skelrep.Clip(**whole)])
    with pytest.raises(Breach, match="a clip with"):
        check_result([skelrep.Clip(**whole | fields)])
