"""The training log: whole lines only, whatever ends the process or fills the disk."""

import json
import os
import resource
from contextlib import contextmanager

import pytest

from skelrep.atomic import atomic_write, remove_remains
from skelrep.errors import OutputError
from skelrep.train.log import StepRecord, TrainingLog, read_log


def record(step):
    return StepRecord(
        step=step,
        epoch=1,
        stage=1,
        loss=0.1 * step,
        losses={"joint": 1.0},
        accuracy={"joint": 0.5},
        lr=1e-3,
        seconds=0,
    )


def test_reopening_the_log_drops_what_will_be_repeated(tmp_path):
    path = tmp_path / "log.jsonl"
    first = TrainingLog(path, 0)
    for step in (1, 2, 3):
        first.write(record(step))
    assert read_log(path) == [record(1), record(2), record(3)]  # before it is closed
    first.close()
    with path.open("a") as file:
        file.write('{"step": 4, "epo')
    second = TrainingLog(path, 2)
    second.write(record(3))
    second.close()
    assert read_log(path) == [record(1), record(2), record(3)]
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 2, 3]


def test_a_log_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"log\.jsonl"):
        TrainingLog(tmp_path / "file" / "log.jsonl", 0)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_disk_that_fills(tmp_path):
    (tmp_path / "log.jsonl").symlink_to("/dev/full")
    log = TrainingLog(tmp_path / "log.jsonl", 0)
    with pytest.raises(OutputError, match="No space left"):
        log.write(record(1))
    log.close()


@contextmanager
def no_larger_files_than(size):
    """Within the block only: pytest's own output may be a file too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_line_that_does_not_fit_leaves_no_part_of_itself(tmp_path):
    log = TrainingLog(tmp_path / "log.jsonl", 0)
    log.write(record(1))
    before = (tmp_path / "log.jsonl").read_bytes()
    with (
        no_larger_files_than(len(before) + 20),
        pytest.raises(OutputError, match=r"log\.jsonl: File too large"),
    ):
        log.write(record(2))
    assert (tmp_path / "log.jsonl").read_bytes() == before
    log.write(record(2))
    log.sync()
    log.close()
    assert read_log(tmp_path / "log.jsonl") == [record(1), record(2)]


def test_a_file_that_does_not_fit_leaves_the_one_before(tmp_path):
    target = tmp_path / "file"
    target.write_bytes(b"before")
    with (
        no_larger_files_than(1000),
        pytest.raises(OutputError, match="File too large"),
        atomic_write(target) as file,
    ):
        file.write(bytes(5000))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert target.read_bytes() == b"before"


def test_remains_of_a_killed_process_go_and_nothing_else(tmp_path):
    with atomic_write(tmp_path / "model"):
        (remains,) = tmp_path.iterdir()
    remains.write_bytes(b"half")
    for name in (".mine", ".mine.tmp", "x.abcdefgh.tmp"):
        (tmp_path / name).write_text("")
    remove_remains(tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [".mine", ".mine.tmp", "model", "x.abcdefgh.tmp"]


def test_an_untouched_log_is_not_rewritten(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text(record(1).to_line())
    before = path.stat().st_ino
    TrainingLog(path, 1).close()
    assert path.stat().st_ino == before
    skipping = StepRecord(**{**json.loads(record(2).to_line()), "skipped": [3]})
    log = TrainingLog(path, 1)
    log.write(skipping)
    log.close()
    assert read_log(path) == [record(1), skipping]
