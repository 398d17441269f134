"""One process a folder: the second is told, and the first one's death frees the folder."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_training import log_lines, tiny_config, walks

from skelrep.errors import OutputError, SkelrepWarning
from skelrep.train import lock, train_crossclr
from skelrep.train.lock import LOCK_NAME, folder_lock

HOLDER = """
import sys, time
from pathlib import Path
from skelrep.train.lock import folder_lock
with folder_lock(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


def train(folder: Path) -> None:
    train_crossclr(walks(), tiny_config(epochs=1), output_dir=folder, device="cpu")


def test_another_process_is_told_and_its_death_frees_the_folder(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(OutputError, match=rf"is in use: process {holder.pid} on .* is training into it"):
            train(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == [LOCK_NAME]
        holder.send_signal(signal.SIGKILL)
        holder.wait(30)
    assert (tmp_path / LOCK_NAME).exists()  # left, and without meaning
    train(tmp_path)
    assert len(log_lines(tmp_path)) == 2
    assert not (tmp_path / LOCK_NAME).exists()


def test_the_same_process_cannot_take_it_twice_but_again(tmp_path: Path) -> None:
    for _ in range(2):
        with folder_lock(tmp_path / "new"), pytest.raises(OutputError, match="in use"):
            train(tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())


def test_a_file_removed_between_opening_and_locking_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = lock.lock_file, []

    def remove_first(file: object) -> None:
        calls.append(file)
        if len(calls) == 1:
            (tmp_path / LOCK_NAME).unlink()
        real(file)  # type: ignore[arg-type]

    monkeypatch.setattr(lock, "lock_file", remove_first)
    with folder_lock(tmp_path):
        assert len(calls) == 2
        monkeypatch.setattr(lock, "lock_file", real)
        with pytest.raises(OutputError), folder_lock(tmp_path):
            pass


def test_a_file_system_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(file: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "lock_file", unknown)
    with pytest.warns(SkelrepWarning, match="knows no locks"), folder_lock(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_told_before_the_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("skelrep.train.run.Run.step", lambda run: pytest.fail("trained first"))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        with pytest.raises(OutputError, match=r"output_dir .* cannot be written \(Read-only file system\)"):
            train(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("skelrep.train.setup.tempfile.TemporaryFile", refuse)
        with pytest.raises(OutputError, match="Read-only file system"):
            train(tmp_path)
    assert not (tmp_path / "log.jsonl").exists()
