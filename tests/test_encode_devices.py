"""Several devices, and several processes under torchrun: the same rows, to the bit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import make_encoder
from interrupted import batches_computed
from tiny_training import walks

import skelrep
from skelrep.embed.ranks import world_size
from skelrep.embed.workers import in_order
from skelrep.errors import ConfigError

ROOT = Path(__file__).parents[1]
CLIPS = [clip[:, : 5 + n] for n, clip in enumerate(walks(30))]


@pytest.mark.parametrize("devices", ["cpu", ["cpu"], ["cpu", "cpu"], [torch.device("cpu")] * 3])
def test_any_number_of_workers_gives_the_same_bits(devices: object) -> None:
    model = make_encoder()
    expected = skelrep.encode(CLIPS, model, batch_size=4)
    np.testing.assert_array_equal(skelrep.encode(CLIPS, model, batch_size=4, device=devices), expected)
    rows = skelrep.encode_stream(iter(CLIPS), model, batch_size=4, device=devices)
    np.testing.assert_array_equal(np.stack(list(rows)), expected)


def test_results_keep_their_order_whoever_is_first() -> None:
    seen: list[str] = []

    def work(worker: str, item: int) -> int:
        time.sleep(0.02 if item % 3 == 0 else 0)
        seen.append(worker)
        return item

    assert list(in_order(work, range(20), ["a", "b"])) == list(range(20))  # type: ignore[arg-type]
    assert set(seen) == {"a", "b"}


def test_a_device_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        skelrep.encode(CLIPS, make_encoder(), device=["cpu", "gpu"])


@pytest.mark.parametrize(("text", "size"), [(None, 1), ("1", 1), ("3", 3), ("0", None), ("many", None)])
def test_world_size(text: str | None, size: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    if text is not None:
        monkeypatch.setenv("WORLD_SIZE", text)
    if size is not None:
        assert world_size() == size
        return
    with pytest.raises(ConfigError, match="WORLD_SIZE"):
        world_size()


def test_processes_that_cannot_be_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="Start all of them with torchrun"):
        skelrep.encode_to_file(tmp_path / "rows.npy", CLIPS, make_encoder())
    assert not list(tmp_path.iterdir())


def start(rank: int, arguments: list[str], port: int, **environment: str) -> subprocess.Popen:
    """One process of two, with the environment that torchrun gives it."""
    names = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=os.environ | names | {"MASTER_PORT": str(port), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def free_port() -> int:
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    skelrep.ClipStore.from_clips(skelrep.Clip(data=clip) for clip in CLIPS).save(tmp_path / "store")
    make_encoder().save_pretrained(tmp_path / "model")
    return tmp_path / "store"


def test_two_processes_write_one_file(store: Path, tmp_path: Path) -> None:
    target = tmp_path / "rows.npy"
    command = ["-m", "skelrep", "encode", str(store), "-o", str(target), "--model", str(tmp_path / "model"),
               "--batch-size", "4"]  # fmt: skip
    port = free_port()
    ranks = [start(rank, command, port) for rank in range(2)]
    said = [process.communicate(timeout=120) for process in ranks]
    assert [process.returncode for process in ranks] == [0, 0], said
    expected = skelrep.encode(store, str(tmp_path / "model"), batch_size=4)
    np.testing.assert_array_equal(np.load(target), expected)
    assert "30 clips -> (30, 24)" in said[0][0]
    assert said[1][0] == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "rows.npy", "store"]


SLOW = """
import sys, time
import numpy as np
import skelrep
from skelrep.embed import workers

store, model, target, rank = sys.argv[1:]
plain = workers.Workers.encode

def slow(self, encoder, batch):
    if rank == "1" and batch.number > 2:
        print("waiting", flush=True)
        time.sleep(60)
    time.sleep(1.1 if batch.number < 2 else 0)  # longer than what a kill may cost
    return plain(self, encoder, batch)

workers.Workers.encode = slow
skelrep.encode_to_file(target, store, model, batch_size=4)
"""


def test_one_of_two_processes_is_killed_and_the_run_goes_on(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, model = tmp_path / "rows.npy", tmp_path / "model"
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    port = free_port()
    ranks = [start(r, [str(script), str(store), str(model), str(target), str(r)], port) for r in range(2)]
    assert ranks[1].stdout is not None
    assert ranks[1].stdout.readline() == "waiting\n"
    ranks[1].send_signal(signal.SIGKILL)
    error = ranks[0].communicate(timeout=60)[1]
    assert ranks[0].returncode == 1
    assert "another process of this run has stopped" in error
    ranks[1].communicate()
    assert not target.exists()
    marks = np.fromfile(tmp_path / "rows.npy.part.done", "<u4")
    assert marks[0]
    assert 1 < np.count_nonzero(marks) < 8
    computed = batches_computed(monkeypatch)
    found = skelrep.encode_to_file(target, store, str(model), batch_size=4)
    assert sorted(computed) == sorted({*range(8)} - {*np.flatnonzero(marks).tolist()})
    np.testing.assert_array_equal(found, skelrep.encode(store, str(model), batch_size=4))


def test_an_archive_is_not_for_several_processes(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    out = str(tmp_path / "out.npz")
    assert skelrep.cli.main(["encode", str(store), "-o", out, "--model", str(tmp_path / "model")]) == 2
    assert "write an .npy only" in capsys.readouterr().err
