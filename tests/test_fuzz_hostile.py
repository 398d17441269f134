"""Files made to exhaust, to mislead or to run something: each refused at once, in little memory."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from test_read_arrays import header

import skelrep
from skelrep.errors import CheckpointError, DataWarning, FormatError, ShapeError, SkelrepError
from skelrep.read import npy
from skelrep.read.arrays import read_label_pickle
from skelrep.train.checkpoint import flatten, load_newest
from skelrep.train.log import read_log

MEGABYTE = 1 << 20
ONES = np.ones((3, 4, 25, 1), dtype=np.float32)


@pytest.fixture
def frugal() -> Iterator[None]:
    """The test may take 20 MB and two seconds of processor time."""
    tracemalloc.start()
    start = time.process_time()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 * MEGABYTE
    assert time.process_time() - start < 2


def npz_of(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


LONG_NAME = b"X" + struct.pack("<I", 50_009) + b"x" * 50_000 + b".skeleton" + b"q\x00"
CLAIMS = {
    "a.npy": header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 3, 300, 25, 2), }"),
    "b.npy": header("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 999999999999999999, 99999999)}"),
    "c.npy": header("{'descr': '<f4', 'fortran_order': False, 'shape': (" + "1, " * 70 + "), }") + b"\0" * 4,
    "d.npy": header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 0, 9, 25, 2), }"),
    "a.skeleton": b"1000000000\n1\n",
    "b.skeleton": b"1\n999999999999999999\n72057594037944738 0 1 1 1 1 0 0.02 0.05 2\n25\n",
    "a.bvh": b"HIERARCHY\nROOT Hips\n{\nCHANNELS 0\n}\nMOTION\nFrames: 999999999\nFrame Time: 0.03\n",
    "a.json": b"[" * 100_000,
    "b.json": b'{"data": ' + b"9" * 5000 + b"}",
    "c.json": b'{"frames": [' + b"{}," * 10_000 + b'{"bodies": [{"joints": 1e999}]}]}',
    "wide.csv": b",".join(b"j%d_x,j%d_y" % (n, n) for n in range(3000)) + b"\n1" * 20_000,
    "long.csv": b"frame,joint,x,y\n" + b"".join(b"%d,%d,1,2\n" % (n, n) for n in range(6000)),
    "dict.pkl": b"\x80\x02}q\x00X\x0b\x00\x00\x00annotationsh\x00s.",
    "list.pkl": b"\x80\x02]q\x00h\x00a.",
    "laughs.pkl": b"\x80\x02]q\x00" + b"".join(b"](h%ch%ceq%c" % (n, n, n + 1) for n in range(60)) + b".",
}  # fmt: skip


@pytest.mark.usefixtures("frugal")
@pytest.mark.parametrize("name", CLAIMS)
def test_claims_cost_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(CLAIMS[name])
    with pytest.raises((FormatError, ShapeError)) as caught:
        skelrep.read_clips(tmp_path / name)
    assert len(str(caught.value)) < 2000


@pytest.mark.usefixtures("frugal")
def test_one_long_name_is_not_copied_for_every_clip(tmp_path: Path) -> None:
    names = b"](" + LONG_NAME + b"h\x00" * 20_000 + b"e"
    (tmp_path / "x.pkl").write_bytes(b"\x80\x02" + names + b"](" + b"K\x01" * 20_001 + b"e\x86.")
    found, labels = read_label_pickle(tmp_path / "x.pkl")
    assert (len(found), len(found[-1]), labels[-1]) == (20_001, 50_000, 1)


def test_zip_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npy, "FREE_BYTES", MEGABYTE)
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((20, 3, 300, 25, 2), dtype=np.float32))
    (tmp_path / "a.npz").write_bytes(npz_of(("clips.npy", buffer.getvalue())))
    with pytest.raises(FormatError, match="over 200 times its size"):
        skelrep.read_clips(tmp_path / "a.npz")
    monkeypatch.undo()
    with pytest.raises(SkelrepError, match="holds no body"):
        skelrep.read_clips(tmp_path / "a.npz")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_archives_that_numpy_does_not_write(tmp_path: Path, method: int) -> None:
    buffer = io.BytesIO()
    np.save(buffer, ONES)
    (tmp_path / "a.npz").write_bytes(npz_of(("clip.npy", buffer.getvalue()), method=method))
    with pytest.raises(FormatError, match="in a way that numpy does not write"):
        skelrep.read_clips(tmp_path / "a.npz")


def test_members_and_links_lead_nowhere_else(tmp_path: Path) -> None:
    """Archives are read in place: a member's name is a key, never a path."""
    buffer = io.BytesIO()
    np.save(buffer, ONES)
    (tmp_path / "a.npz").write_bytes(npz_of(("../../escaped.npy", buffer.getvalue())))
    assert skelrep.read_clips(tmp_path / "a.npz")[0].name == "a"
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
    assert not (tmp_path.parents[1] / "escaped.npy").exists()


@pytest.mark.parametrize("name", ["clip.npy", "clip.csv", "w_0001_keypoints.json"])
def test_pipes_and_devices_in_a_folder_do_not_hang(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(FormatError, match="is a pipe"):
        skelrep.read_clips(tmp_path / name)
    if name != "clip.csv":  # in a folder, a table that is none is passed over
        with pytest.raises(FormatError, match="is a pipe"):
            skelrep.read_clips(tmp_path)
    (tmp_path / "endless.npy").symlink_to("/dev/zero")
    with pytest.raises(FormatError, match="a device"):
        skelrep.read_clips(tmp_path / "endless.npy")


@pytest.mark.parametrize("name", ["../frames.npy", "..", "", "a\0b", "\ud800", "/etc/passwd", "fifo"])
def test_a_store_names_files_of_its_own_folder(tmp_path: Path, name: str) -> None:
    skelrep.ClipStore.from_clips(skelrep.read_clips(ONES)).save(tmp_path / "store")
    np.save(tmp_path / "frames.npy", np.ones((4, 1, 25, 3), dtype=np.float32))
    os.mkfifo(tmp_path / "store" / "fifo")
    place = tmp_path / "store" / "clipstore.json"
    place.write_text(json.dumps(json.loads(place.read_text()) | {"frames": name}))
    with pytest.raises(FormatError, match=r"names the file|is a pipe"):
        skelrep.ClipStore.open(tmp_path / "store")


@pytest.mark.parametrize("column", [{"labels": [2**63]}, {"labels": [True]}, {"fps": [1e999]}, {"fps": [-1]}])
def test_a_store_holds_numbers_that_arrays_can_hold(tmp_path: Path, column: dict[str, object]) -> None:
    skelrep.ClipStore.from_clips(skelrep.read_clips(ONES)).save(tmp_path)
    place = tmp_path / "clipstore.json"
    place.write_text(json.dumps(json.loads(place.read_text()) | column))
    with pytest.raises(FormatError, match="names must be text"):
        skelrep.ClipStore.open(tmp_path)


def _label_pickle(folder: Path) -> Path:
    np.save(folder / "X_data.npy", ONES[None])
    (folder / "X_label.pkl").write_bytes(pickle.dumps((["a"], [2**63])))
    return folder / "X_data.npy"


def _npz(folder: Path) -> Path:
    x = np.zeros((1, 4, 150), dtype=np.float32) + 1
    np.savez(folder / "a.npz", x_train=x, y_train=np.array([2**63], dtype=np.uint64))
    return folder / "a.npz"


@pytest.mark.parametrize("write", [_label_pickle, _npz])
def test_labels_beyond_64_bits_are_refused(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    with pytest.raises(FormatError, match="class numbers"):
        skelrep.read_clips(write(tmp_path))


def test_long_doubles_that_are_no_numbers(tmp_path: Path) -> None:
    x = np.zeros((4, 17, 3), dtype=np.longdouble)
    x.view(np.uint8)[:] = 0xFF
    np.save(tmp_path / "a.npy", x)
    with pytest.raises(SkelrepError):
        skelrep.read_clips(tmp_path / "a.npy")


@pytest.mark.parametrize(
    "line", [b"\xff", b'{"step": ' + b"[" * 100_000, b"[]", b'{"step": 1}', b"9" * 5000, b"null", b'"a"']
)
def test_a_log_is_read_as_far_as_it_is_whole(tmp_path: Path, line: bytes) -> None:
    whole = {
        "step": 1,
        "epoch": 1,
        "stage": 1,
        "loss": 1,
        "losses": {},
        "accuracy": {},
        "lr": 1,
        "seconds": 1,
    }
    text = json.dumps(whole).encode()
    (tmp_path / "log.jsonl").write_bytes(text + b"\n" + line + b"\n" + text + b"\n")
    assert [record.step for record in read_log(tmp_path / "log.jsonl")] == [1]
    (tmp_path / "log.jsonl").write_bytes(text.replace(b'"step": 1', b'"step": "1"'))
    assert read_log(tmp_path / "log.jsonl") == []


def test_a_checkpoint_that_holds_itself(tmp_path: Path) -> None:
    from fuzz.seeds_own import checkpoints  # brought in reach by test_fuzz_readers

    loop: dict[str, object] = {}
    loop["a"] = loop
    assert len(flatten(loop)) == 1
    for content in checkpoints()[1:3]:
        (tmp_path / f"step-00000003-{hashlib.sha256(content).hexdigest()[:12]}.pt").write_bytes(content)
        with pytest.raises(CheckpointError):
            load_newest(tmp_path, {"config": {"epochs": 3}})


def test_damage_that_zip_files_quote(tmp_path: Path) -> None:
    whole = npz_of(("clip.npy", b"\x93NUMPY" + b"a" * 9000), method=zipfile.ZIP_STORED)
    (tmp_path / "a.npz").write_bytes(
        whole.replace(b"\x08\x00\x00\x00clip.npy", b"\x70\x17\x00\x00clip.npy", 1)
    )
    with pytest.raises(FormatError) as caught:
        skelrep.read_clips(tmp_path / "a.npz")
    assert len(str(caught.value)) < 1000


def test_a_checkpoint_on_several_disks(tmp_path: Path) -> None:
    content = npz_of(("data.pkl", b"N."))
    locator = b"PK\x06\x07" + struct.pack("<LQL", 0, 0, 9)
    end = content.rindex(b"PK\x05\x06")
    content = content[:end] + locator + content[end:]
    (tmp_path / f"step-00000003-{hashlib.sha256(content).hexdigest()[:12]}.pt").write_bytes(content)
    with (
        pytest.warns(DataWarning, match="damaged"),
        pytest.raises(CheckpointError, match="all 1 checkpoints"),
    ):
        load_newest(tmp_path, {})
