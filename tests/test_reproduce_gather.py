"""Raw files to a store: what a stop, a power cut or a full disk leaves, and files that hold nothing."""

from __future__ import annotations

import errno

import numpy as np
import pytest
from raw_datasets import motion, ntu_names, stop_reading_at, write_empty_ntu, write_ntu, write_pku
from tiny_training import tiny_config

import skelrep
from skelrep.datasets import find_split, take_inventory
from skelrep.errors import EvaluationError, FormatError, OutputError
from skelrep.read import ClipStore
from skelrep.reproduction import gather
from skelrep.reproduction.recording import RecordingReader

NAMES = ntu_names()


@pytest.fixture
def reader(tmp_path):
    folder = write_ntu(tmp_path / "raw", NAMES)
    write_empty_ntu(folder, "S001C003P003R001A009")
    return RecordingReader(take_inventory(find_split("ntu60-xview"), folder), "fixed")


def gathered(folder, reader):
    return gather.gather(folder, reader, progress=False)


@pytest.mark.parametrize(
    ("name", "cut", "kept"),
    [
        ("gathering.jsonl", 0, 4),
        ("gathering.jsonl", 5, 3),
        ("gathering.f32", 1, 3),
        ("gathering.f32", 10**6, 0),
    ],
)
def test_goes_on_after_what_a_stop_or_a_power_cut_left(name, cut, kept, reader, tmp_path, monkeypatch):
    folder = tmp_path / "store"
    with monkeypatch.context() as patch:
        stop_reading_at(patch, 5)
        with pytest.raises(KeyboardInterrupt):
            gathered(folder, reader)
    part = folder / name
    part.write_bytes(part.read_bytes()[: max(0, part.stat().st_size - cut)])
    read, plain = [], RecordingReader.read
    monkeypatch.setattr(RecordingReader, "read", lambda self, path: read.append(path) or plain(self, path))
    done = gathered(folder, reader)
    assert read == list(reader.inventory.files[kept:])
    assert (done.train, done.test, list(done.notes)) == (8, 4, ["S001C003P003R001A009.skeleton"])
    store = ClipStore.open(folder)
    assert store.names == [path.stem for path in reader.inventory.files if "A009" not in path.name]
    for clip in store:
        expected = skelrep.read_clips(reader.inventory.folder / f"{clip.name}.skeleton")[0]
        np.testing.assert_array_equal(clip.data[..., : expected.data.shape[3]], expected.data)
        assert not clip.data[..., expected.data.shape[3] :].any()
        assert (clip.label, clip.fps) == (expected.label, expected.fps)


def test_a_full_disk_keeps_what_was_read(reader, tmp_path, monkeypatch):
    folder = tmp_path / "store"
    monkeypatch.setattr(gather, "BATCH_FILES", 4)
    plain, calls = gather._append, []

    def append(path, blocks):
        calls.append(path)
        if len(calls) > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        plain(path, blocks)

    with monkeypatch.context() as patch:
        patch.setattr(gather, "_append", append)
        with pytest.raises(OutputError, match=r"gathering\.f32: No space left on device.*goes on from here"):
            gathered(folder, reader)
    assert len((folder / "gathering.jsonl").read_bytes().splitlines()) == 4
    assert gathered(folder, reader).train == 8


def test_a_damaged_file_is_named(reader, tmp_path):
    damaged = reader.inventory.test[1]
    damaged.write_bytes(damaged.read_bytes()[:-200])
    with pytest.raises(FormatError, match=f"{damaged.stem}.*cut short"):
        gathered(tmp_path / "store", reader)


def test_files_without_any_body(reader, tmp_path):
    for path in reader.inventory.files:
        write_empty_ntu(path.parent, path.stem)
    with pytest.raises(EvaluationError, match=r"0 training and 0 test clips could be read.*no body"):
        gathered(tmp_path / "store", reader)


def test_pku_mmd_with_its_own_list(tmp_path):
    raw = write_pku(tmp_path / "raw", ["A01N01-L", "A01N01-M", "A01N02-L"])
    (raw / "cross_subject_v2.txt").write_text("Training:\nA01N01-L, A01N01-M\nTesting:\nA01N02-L")
    config = tiny_config("fixed", views=("joint",), epochs=1, batch_size=4)
    done = skelrep.reproduce(
        "pkummd2-xsub", raw, output_dir=tmp_path / "run", config=config, device="cpu", progress=False
    )
    assert done.table.splitlines()[-1] == "4 training and 2 test clips."
    assert "| SkeletonCLR (joint), published (quoted)" in done.table
    store = ClipStore.open(tmp_path / "run" / "clips")
    assert store.names == [f"{name}/{n}" for name in ("A01N01-L", "A01N01-M", "A01N02-L") for n in (0, 1)]
    assert store.labels == [0, 1] * 3
    expected = np.concatenate([motion(seed, action, frames=6) for seed in range(3) for action in (1, 2)])
    np.testing.assert_allclose(store.frames[:, 0], expected, atol=1e-4)  # as they stand in the files, metres
    assert not store.frames[:, 1].any()
    (raw / "Label" / "final" / "A01N02-L.txt").unlink()
    with pytest.raises(EvaluationError, match=r"no label file for .*A01N02-L\.txt"):
        skelrep.reproduce("pkummd2-xsub", raw, output_dir=tmp_path / "other", config=config)
