"""Two processes train as one does, and survive what one survives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from distributed_worker import CASES
from tiny_training import same, same_runs

HERE = Path(__file__).parent


def torchrun(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run two processes to their end."""
    paths = os.pathsep.join([str(HERE), str(HERE.parent), *sys.path])
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.run(
        [*command, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two processes have compared themselves with one, failed, and trained into `run`."""
    folder = tmp_path_factory.mktemp("two")
    done = torchrun(HERE / "distributed_worker.py", "compare", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def ranks(folder: Path) -> list[dict]:
    return [torch.load(folder / f"rank-{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.mark.parametrize("case", CASES)
def test_two_processes_equal_one(case, ranks):
    one, two, other = ranks[0]["cases"][case]["one"], *(rank["cases"][case]["two"] for rank in ranks)
    assert same(two, other)  # the processes agree bit for bit
    assert one["losses"] == pytest.approx(two["losses"]) if not one["losses"] else True
    torch.testing.assert_close(two, one, rtol=1e-10, atol=1e-10)


def test_an_error_in_one_process_ends_both(ranks):
    first, second = (rank["errors"] for rank in ranks)
    assert (
        first["bad_clip"]
        == "PeerError: process 1 of 2 failed, so this one stops too: ValueError: clip 7 is bad"
    )
    assert second["bad_clip"] == "ValueError: clip 7 is bad"
    assert first["broken_checkpoint"] == "IndexError: pop from empty list"
    assert second["broken_checkpoint"].startswith("PeerError: process 0 of 2 failed")
    assert (
        "process 1 was called otherwise than process 0 (config.seed: 0 there, 1 here)"
        in first["other_config"]
    )
    assert second["other_config"].startswith("ConfigError: process 1")


def test_a_group_of_the_caller_is_used_and_left(folder, ranks):
    assert [rank["group left alone"] for rank in ranks] == [True, True]
    assert (folder / "run" / "model.safetensors").exists()


def test_a_killed_worker_and_a_stopped_one_cost_nothing_in_the_end(folder, tmp_path):
    done = torchrun("--max-restarts", 3, HERE / "distributed_worker.py", "suffer", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Signal 9 (SIGKILL)" in done.stderr or "exitcode: -9" in done.stderr
    assert same_runs(folder / "run", tmp_path)
