import hashlib
import io
import os
import pickle

import pytest
import torch
from tiny_training import same

from skelrep.errors import CheckpointError, DataWarning, OutputError
from skelrep.train.checkpoint import find_checkpoints, load_newest, read_checkpoint, save_checkpoint

RUN = {"config": {"epochs": 3, "checkpoint_steps": 5, "keep_checkpoints": 2, "encoder": {"views": ["joint"]}}}


def state_at(step, run=RUN):
    generator = torch.Generator().manual_seed(step)
    model = {"weight": torch.randn(3, 2, generator=generator), "count": torch.tensor(step)}
    return {
        "step": step,
        "run": run,
        "versions": {},
        "model": model,
        "optimizer": {"state": {0: {"step": 1}}},
        "monitor": None,
    }


def put(folder, data, step):
    """A file of any bytes under the name that fits them."""
    folder.mkdir(exist_ok=True)
    (folder / f"step-{step:08d}-{hashlib.sha256(data).hexdigest()[:12]}.pt").write_bytes(data)


def flip_a_byte(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut_short(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    os.truncate(path, 0)


def test_round_trip_and_name(tmp_path):
    path = save_checkpoint(tmp_path / "new", state_at(500), keep=2)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.name == f"step-00000500-{digest[:12]}.pt"
    loaded = load_newest(tmp_path / "new", RUN)
    assert same({name: loaded[name] for name in state_at(500)}, state_at(500))


def test_none_where_there_is_none(tmp_path):
    (tmp_path / "step-1.pt").write_bytes(b"not one of ours")
    assert load_newest(tmp_path, RUN) is None
    assert load_newest(tmp_path / "absent", RUN) is None


def test_only_the_newest_are_kept(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for step in (1, 2, 3, 10):
        save_checkpoint(tmp_path, state_at(step), keep=2)
    assert [load["step"] for load in map(read_checkpoint, find_checkpoints(tmp_path))] == [10, 3]
    assert len(list(tmp_path.iterdir())) == 3


def zero(path):
    path.write_bytes(bytes(path.stat().st_size))


def replace_with_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [flip_a_byte, cut_short, empty, zero, replace_with_folder])
def test_a_damaged_newest_one_is_passed_over(tmp_path, damage):
    for step in (1, 2):
        save_checkpoint(tmp_path, state_at(step), keep=2)
    damaged = find_checkpoints(tmp_path)[0]
    damage(damaged)
    with pytest.warns(DataWarning, match=damaged.name):
        assert load_newest(tmp_path, RUN)["step"] == 1
    save_checkpoint(tmp_path, state_at(2), keep=2)
    assert load_newest(tmp_path, RUN)["step"] == 2
    assert not damaged.is_file() or read_checkpoint(damaged) is not None


def test_all_damaged(tmp_path):
    for step in (1, 2):
        flip_a_byte(save_checkpoint(tmp_path, state_at(step), keep=2))
    with pytest.warns(DataWarning), pytest.raises(CheckpointError, match="all 2 checkpoints"):
        load_newest(tmp_path, RUN)


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("/tmp/skelrep-bomb",)


def code_in_a_zip():
    buffer = io.BytesIO()
    torch.save({"model": Bomb()}, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data", [pickle.dumps(Bomb()), code_in_a_zip(), b"text", b""], ids=["pickle", "zip", "text", "empty"]
)
def test_foreign_bytes_are_damaged_and_run_no_code(tmp_path, data):
    put(tmp_path, data, step=4)
    with pytest.warns(DataWarning), pytest.raises(CheckpointError):
        load_newest(tmp_path, RUN)
    assert not os.path.exists("/tmp/skelrep-bomb")  # noqa: PTH110


OTHERS = [[1, 2], {"version": 1}, {**state_at(1), "version": 99}, {**state_at(1), "version": 1, "run": []}]


@pytest.mark.parametrize("content", OTHERS)
def test_another_format_is_refused(tmp_path, content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    put(tmp_path, buffer.getvalue(), step=1)
    with pytest.raises(CheckpointError, match="not a checkpoint of format 1"):
        load_newest(tmp_path, RUN)


def test_another_run_is_refused_by_the_names_of_what_differs(tmp_path):
    save_checkpoint(tmp_path, state_at(1), keep=1)
    other = {"config": {**RUN["config"], "epochs": 4, "encoder": {"views": ["joint", "bone"]}}, "init": "ab"}
    with pytest.raises(CheckpointError) as caught:
        load_newest(tmp_path, other)
    for words in ("config.epochs: 3 there, 4 now", "config.encoder.views", "init: None there, 'ab' now"):
        assert words in str(caught.value)


def test_checkpoint_frequency_may_change(tmp_path):
    save_checkpoint(tmp_path, state_at(1), keep=1)
    other = {"checkpoint_steps": 9, "checkpoint_minutes": 1.5, "keep_checkpoints": 1, "on_bad_clip": "skip"}
    assert load_newest(tmp_path, {"config": {**RUN["config"], **other}})


def test_unwritable_folders(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        save_checkpoint(tmp_path / "file", state_at(1), keep=1)
    save_checkpoint(tmp_path, state_at(1), keep=1)

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    with pytest.raises(OutputError, match="old checkpoint"):
        save_checkpoint(tmp_path, state_at(2), keep=1)
