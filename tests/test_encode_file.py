"""`encode_to_file`: a whole file or none; interruptions keep what is done; the rows of `encode` always."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import make_encoder
from interrupted import batches_computed, stopping
from tiny_training import walks

import skelrep
from skelrep import encode_to_file
from skelrep.cli import main
from skelrep.embed.part import PartFile, npy_header
from skelrep.errors import ConfigError, InvalidClipError, OutputError, ShapeError, UnitsWarning

ROOT = Path(__file__).parents[1]
MODEL = make_encoder()
CLIPS = [clip[:, : 5 + n] for n, clip in enumerate(walks(22))]
ROWS = skelrep.encode(CLIPS, MODEL, batch_size=4)  # 6 batches


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "new" / "rows.npy"


def only(target: Path) -> bool:
    return list(target.parent.iterdir()) == [target]


def test_every_way_to_give_clips(target: Path, tmp_path: Path) -> None:
    store = skelrep.ClipStore.from_clips(skelrep.Clip(data=clip) for clip in CLIPS)
    store.save(tmp_path / "store")
    (tmp_path / "folder").mkdir()
    for n, clip in enumerate(CLIPS):
        np.save(tmp_path / "folder" / f"clip{n}.npy", clip)
    for way in (CLIPS, iter(CLIPS), store, tmp_path / "store", str(tmp_path / "folder")):
        rows = encode_to_file(target, way, MODEL, batch_size=4)
        assert isinstance(rows, np.memmap)
        assert not rows.flags.writeable
        np.testing.assert_array_equal(rows, ROWS)
        assert only(target)


@pytest.mark.parametrize("output", ["clip", "bodies", "frames", "joints"])
@pytest.mark.parametrize("count", [0, 1, 4, 9])
def test_every_output_and_number_of_clips(target: Path, output: str, count: int) -> None:
    options = {"output": output, "normalize": True, "batch_size": 4}
    expected = skelrep.encode(CLIPS[:count], MODEL, **options)
    for way in (CLIPS[:count], iter(CLIPS[:count])):
        found = encode_to_file(target, way, MODEL, **options)
        assert found.shape == expected.shape
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("stored", [True, False])
def test_a_row_is_a_window_where_windows_are_asked_for(target: Path, stored: bool) -> None:
    clips = skelrep.ClipStore.from_clips(skelrep.Clip(data=c) for c in CLIPS) if stored else CLIPS
    expected = np.concatenate(skelrep.encode(CLIPS, MODEL, batch_size=4, window=6, stride=3))
    found = encode_to_file(target, clips, MODEL, batch_size=4, window=6, stride=3)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("the disk of the clips fell out")])
@pytest.mark.parametrize("again", [CLIPS, iter])
def test_what_was_done_is_kept(
    target: Path, error: BaseException, again: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(type(error)):
        encode_to_file(target, stopping(CLIPS, error, 14), MODEL, batch_size=4)
    assert sorted(path.name for path in target.parent.iterdir()) == [
        "rows.npy.part", "rows.npy.part.done", "rows.npy.part.json",
    ]  # fmt: skip
    kept = np.flatnonzero(np.fromfile(f"{target}.part.done", "<u4")).tolist()
    if isinstance(error, Exception):
        assert kept == [0, 1, 2]  # the fourth batch was not whole
    if again is CLIPS:  # a list is other work than an iterable without a length
        with pytest.raises(OutputError, match="clips differ"):
            encode_to_file(target, CLIPS, MODEL, batch_size=4)
        return
    computed = batches_computed(monkeypatch)
    np.testing.assert_array_equal(encode_to_file(target, iter(CLIPS), MODEL, batch_size=4), ROWS)
    assert computed == [n for n in range(6) if n not in kept]
    assert only(target)


def interrupted(target: Path, clips: object = None) -> None:
    bad = [*CLIPS[:14], np.full_like(CLIPS[14], np.nan), *CLIPS[15:]] if clips is None else clips
    with pytest.raises(InvalidClipError, match=r"clips\[14\]"):
        encode_to_file(target, bad, MODEL, batch_size=4)


def test_a_bad_clip_is_repaired_and_the_rest_computed(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(target)
    computed = batches_computed(monkeypatch)
    np.testing.assert_array_equal(encode_to_file(target, CLIPS, MODEL, batch_size=4), ROWS)
    assert computed == [3, 4, 5]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"batch_size": 5}, "batch_size differ"),
        ({"normalize": True, "output": "bodies"}, "output, normalize differ"),
        ({"model": make_encoder(seed=1)}, "model differ"),
        ({"clips": CLIPS[:-1]}, "clips differ"),
        ({"clips": [CLIPS[1], *CLIPS[1:]]}, r"rows of other clips: clips\[0\] to clips\[3\]"),
        ({"clips": [*CLIPS[:11], CLIPS[0], *CLIPS[12:]]}, r"other clips: clips\[8\] to clips\[11\]"),
    ],
)
def test_other_work_is_refused_and_can_replace_it(target: Path, change: dict, words: str) -> None:
    interrupted(target)
    call = {"clips": CLIPS, "model": MODEL, "batch_size": 4} | change
    with pytest.raises(OutputError, match=words):
        encode_to_file(target, **call)
    expected = skelrep.encode(**call)
    np.testing.assert_array_equal(encode_to_file(target, resume=False, **call), expected)
    assert only(target)


def test_a_generator_of_other_clips_is_noticed_in_the_middle(target: Path) -> None:
    with pytest.raises(OSError, match="stop"):
        encode_to_file(target, stopping(CLIPS, OSError("stop"), 14), MODEL, batch_size=4)
    other = [*CLIPS[:5], CLIPS[0], *CLIPS[6:]]
    with pytest.raises(OutputError, match=r"clips\[4\] to clips\[7\]"):
        encode_to_file(target, iter(other), MODEL, batch_size=4)


def test_a_damaged_note_is_told(target: Path) -> None:
    interrupted(target)
    Path(f"{target}.part.json").write_text("{")
    with pytest.raises(OutputError, match="cannot be read"):
        encode_to_file(target, CLIPS, MODEL, batch_size=4)
    Path(f"{target}.part.json").write_text("[]")
    with pytest.raises(OutputError, match="other work"):
        encode_to_file(target, CLIPS, MODEL, batch_size=4)


def test_an_older_file_stays_until_the_new_one_is_whole(target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(b"old")
    interrupted(target)
    assert target.read_bytes() == b"old"
    encode_to_file(target, CLIPS, MODEL, batch_size=4)
    assert np.load(target).shape == ROWS.shape


KILLED = """
import os, signal, sys, time
import skelrep
from skelrep.embed.part import PartFile
sys.path.insert(0, sys.argv[2])
from conftest import make_encoder
from tiny_training import walks
clips = [clip[:, : 5 + n] for n, clip in enumerate(walks(22))]
plain = PartFile.write
def write(self, number, *rest):
    plain(self, number, *rest)
    if number == 2:
        time.sleep(1.1)
    if number == 4:
        os.kill(os.getpid(), signal.SIGKILL)
PartFile.write = write
skelrep.encode_to_file(sys.argv[1], clips, make_encoder(), batch_size=4)
"""


def test_a_kill_costs_about_a_second(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-c", KILLED, str(target), str(ROOT / "tests")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    computed = batches_computed(monkeypatch)
    np.testing.assert_array_equal(encode_to_file(target, CLIPS, MODEL, batch_size=4), ROWS)
    assert computed == [4, 5]


def test_a_full_disk_keeps_what_was_done(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))  # the third batch does not fit
    try:
        with pytest.raises(OutputError, match=r"cannot write .*rows\.npy: .* kept in rows\.npy\.part"):
            encode_to_file(target, CLIPS, MODEL, batch_size=4)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not target.exists()
    np.testing.assert_array_equal(encode_to_file(target, CLIPS, MODEL, batch_size=4), ROWS)


@pytest.mark.parametrize("shape", [(0, 24), (10**12, 2, 24), (7, 50, 25, 768)])
def test_the_head_of_a_file_has_one_length(shape: tuple[int, ...], tmp_path: Path) -> None:
    head = npy_header(shape)
    assert len(head) == 128
    (tmp_path / "head").write_bytes(head)
    with (tmp_path / "head").open("rb") as file:
        assert np.lib.format.read_magic(file) == (1, 0)
        assert np.lib.format.read_array_header_1_0(file) == (shape, False, np.dtype("<f4"))


def test_a_part_that_is_not_whole_is_not_finished(tmp_path: Path) -> None:
    part = PartFile(tmp_path / "x.npy", 2)
    part.prepare({}, resume=True)
    with pytest.raises(OutputError, match="not open"):
        part.write(0, 1, np.zeros((2, 3), np.float32))
    part.open()
    part.write(0, 1, np.zeros((2, 3), np.float32))
    with pytest.raises(ShapeError, match="one length"):
        part.write(1, 1, np.zeros((2, 4), np.float32))
    part.close()
    part.close()
    with pytest.raises(OutputError, match="lacks rows"):
        part.finish(4, np.zeros((0, 3), np.float32))


def test_impossible_targets_and_options(tmp_path: Path, target: Path) -> None:
    (tmp_path / "folder.npy").mkdir()
    (tmp_path / "file").touch()
    for name in ("rows.npz", "folder.npy"):
        with pytest.raises(OutputError, match=r"ends in \.npy"):
            encode_to_file(tmp_path / name, CLIPS, MODEL)
    with pytest.raises(OutputError, match="cannot write"):
        encode_to_file(tmp_path / "file" / "rows.npy", CLIPS, MODEL)
    with pytest.raises(ConfigError, match="batch_size"):
        encode_to_file(target, CLIPS, MODEL, batch_size=0)
    with pytest.warns(UnitsWarning):
        encode_to_file(target, [1000 * CLIPS[0]], MODEL)


def test_the_command_goes_on_and_counts(
    target: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    MODEL.save_pretrained(tmp_path / "model")
    store = tmp_path / "store"
    skelrep.ClipStore.from_clips(skelrep.Clip(data=clip) for clip in CLIPS).save(store)
    command = ["encode", str(store), "-o", str(target), "--model", str(tmp_path / "model"), "--batch-size",
               "4", "--device", "cpu,cpu"]  # fmt: skip
    plain = PartFile.write

    def stop(self: PartFile, number: int, *rest: object) -> None:
        if number == 3:
            raise KeyboardInterrupt
        plain(self, number, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(PartFile, "write", stop)
        assert main(command) == 130
    assert "finished rows are kept" in capsys.readouterr().err
    assert json.loads(Path(f"{target}.part.json").read_text())["clips"] == 22
    computed = batches_computed(monkeypatch)
    assert main([*command, "--no-resume", "--window", "6"]) == 0
    assert f"windows -> ({len(np.load(target))}, 24)" in capsys.readouterr().out
    computed.clear()
    assert main(command) == 0
    assert len(computed) == 6
    np.testing.assert_array_equal(np.load(target), ROWS)
    assert torch.get_num_threads() == 1


def test_a_bad_first_clip_leaves_nothing_behind(target: Path) -> None:
    with pytest.raises(ShapeError):
        encode_to_file(target, iter([np.zeros((50, 25, 3))]), MODEL)
    assert list(target.parent.iterdir()) == []
