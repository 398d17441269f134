"""Two processes train as one does, and survive what one survives."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from distributed_worker import CASES, train
from tiny_training import log_lines, newest_state, same, same_runs

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
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two processes have compared themselves with one, failed, trained into `run`, and stopped."""
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
    torch.testing.assert_close(two, one, rtol=1e-10, atol=1e-10)


def test_an_error_in_one_process_ends_both(ranks):
    first, second = (rank["errors"] for rank in ranks)
    assert first["bad_clip"].startswith("PeerError: process 1 of 2 failed")
    assert first["bad_clip"].endswith("so this one stops too: ValueError: clip 7 is bad")
    assert second["bad_clip"] == "ValueError: clip 7 is bad"
    assert first["broken_checkpoint"] == "IndexError: pop from empty list"
    assert second["broken_checkpoint"].startswith("PeerError: process 0 of 2 failed")
    assert second["other_config"].startswith("ConfigError: process 1 was called otherwise than process 0")
    assert "(config.seed: 0 there, 1 here)" in second["other_config"]
    assert first["other_config"].startswith("PeerError: process 1 of 2 failed")


def test_a_process_whose_peer_is_gone_says_so(ranks):
    assert ranks[0]["alone"].startswith("another process of this run has ended")


def test_a_group_of_the_caller_is_used_and_left(folder, ranks):
    assert [rank["group left alone"] for rank in ranks] == [True, True]
    assert (folder / "run" / "model.safetensors").exists()
    assert len(log_lines(folder / "run")) == 6


def test_all_stop_where_one_is_asked_to(folder, ranks):
    assert [rank["ended"] for rank in ranks] == ["SystemExit 143"] * 2
    assert newest_state(folder / "stopped")["step"] == 4
    assert same_runs(folder / "gone on", folder / "run")


def test_one_process_goes_on_where_two_stopped(folder, tmp_path):
    shutil.copytree(folder / "stopped", tmp_path / "run")
    train(tmp_path / "run", folder)
    one, two = (newest_state(path)["model"] for path in (tmp_path / "run", folder / "run"))
    torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-5)


def test_a_killed_worker_costs_nothing_in_the_end(folder, tmp_path):
    worker = "--max-restarts", 3, HERE / "distributed_worker.py"
    done = torchrun(*worker, "killed", tmp_path, folder)
    assert done.returncode == 0, done.stderr
    assert "exitcode: -9" in done.stderr
    assert done.stdout.count("trained a model") == 1
    assert same_runs(folder / "run", tmp_path)
