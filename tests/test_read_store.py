"""`ClipStore`: ragged clips in one array; saved whole or not at all; opened only when whole."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelrep import atomic
from skelrep.clips import Clip
from skelrep.errors import FormatError, InvalidClipError, OutputError, ShapeError
from skelrep.read import ClipStore, read_clips
from skelrep.read.store_files import INDEX_NAME

UIPRMD = Path(__file__).parent / "data" / "uiprmd_clips.npz"


def make_clips(sizes: list[tuple[int, int]]) -> list[Clip]:
    rng = np.random.default_rng(0)
    return [
        Clip(
            data=rng.normal(size=(3, t, 25, m)).astype(np.float32),
            name=f"clip{n}",
            label=n if n % 2 else None,
            fps=30.0 if n % 3 else None,
        )
        for n, (t, m) in enumerate(sizes)
    ]


def assert_same(store: ClipStore, clips: Sequence[Clip]) -> None:
    assert len(store) == len(clips)
    for one, clip in zip(store, clips, strict=True):
        bodies = clip.data.shape[3]
        np.testing.assert_array_equal(one.data[..., :bodies], clip.data)
        assert not one.data[..., bodies:].any()
        assert one.data.flags.c_contiguous
        assert (one.name, one.label, one.fps) == (clip.name, clip.label, clip.fps)


@given(sizes=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 2)), max_size=6))
def test_any_clips_come_back(sizes):
    clips = make_clips(sizes)
    store = ClipStore.from_clips(iter(clips))
    assert_same(store, clips)
    assert store.frames.dtype == np.float32
    assert store.frames.shape == (sum(t for t, _ in sizes), max((m for _, m in sizes), default=1), 25, 3)
    assert store.offsets.dtype == np.int64
    assert store.offsets.tolist() == [sum(t for t, _ in sizes[:n]) for n in range(len(sizes) + 1)]


@pytest.mark.parametrize("mmap", [True, False])
@pytest.mark.parametrize("sizes", [[], [(5, 1)], [(5, 1), (3, 2), (8, 1)]])
def test_saved_stores_come_back(tmp_path, mmap, sizes):
    clips = make_clips(sizes)
    ClipStore.from_clips(clips).save(tmp_path / "deep" / "store")
    store = ClipStore.open(tmp_path / "deep" / "store", mmap=mmap)
    assert_same(store, clips)
    assert isinstance(store.frames, np.memmap) == (mmap and bool(sizes))
    assert store.labels == [clip.label for clip in clips]


def test_real_clips_and_python_sequences(tmp_path):
    clips = read_clips(UIPRMD)
    store = ClipStore.from_clips(clips)
    store.save(tmp_path)
    assert_same(ClipStore.open(str(tmp_path)), clips)
    assert [clip.name for clip in store[1:3]] == [clip.name for clip in clips[1:3]]
    assert store[-1].name == clips[-1].name
    with pytest.raises(IndexError):
        store[6]


def test_saving_again_replaces_the_store_and_its_files(tmp_path):
    ClipStore.from_clips(make_clips([(5, 1)])).save(tmp_path)
    old = ClipStore.open(tmp_path)
    ClipStore.from_clips(make_clips([(7, 2), (2, 1)])).save(tmp_path)
    assert_same(ClipStore.open(tmp_path), make_clips([(7, 2), (2, 1)]))
    assert len(list(tmp_path.iterdir())) == 3
    assert_same(old, make_clips([(5, 1)]))  # still open, still whole


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_a_save_that_fails_leaves_the_old_store(tmp_path, monkeypatch, fails_at):
    ClipStore.from_clips(make_clips([(5, 1)])).save(tmp_path)
    before = sorted(tmp_path.iterdir())
    calls = []
    replace = atomic.os.replace

    def failing(source, target):
        calls.append(target)
        if len(calls) == fails_at:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(atomic.os, "replace", failing)
    with pytest.raises(OutputError, match="No space left"):
        ClipStore.from_clips(make_clips([(9, 2)])).save(tmp_path)
    assert sorted(tmp_path.iterdir()) == before
    assert_same(ClipStore.open(tmp_path), make_clips([(5, 1)]))


def test_clips_are_checked():
    bad = Clip(data=np.full((3, 1, 25, 1), np.nan, np.float32))
    with pytest.raises(InvalidClipError, match=r"clips\[1\] has 75 NaN"):
        ClipStore.from_clips([*make_clips([(5, 1)]), bad])
    with pytest.raises(ShapeError, match=r"clips\[0\] is a ndarray; expected a Clip"):
        ClipStore.from_clips([np.ones((3, 4, 25, 1))])  # type: ignore[list-item]


def test_a_stored_clip_with_nan_is_named(tmp_path):
    store = ClipStore.from_clips(make_clips([(5, 1), (3, 1)]))
    store.frames[6, 0, 2] = np.nan
    store.save(tmp_path)
    with pytest.raises(InvalidClipError, match=r"clips\[1\] \(clip1\) has 3 NaN"):
        ClipStore.open(tmp_path)[1]


def test_folders_that_are_no_store(tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(FormatError, match=r"holds no clipstore\.json"):
            ClipStore.open(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format_version": 2}, "format_version 2"),
        ({"names": ["a"]}, "lists of one length"),
        ({"labels": {}}, "lists of one length"),
        ({"names": [1, 2]}, "names must be text"),
        ({"labels": [0.5, 1]}, "labels integers"),
        ({"fps": ["30", None]}, "fps numbers"),
        ({"frames": "../frames.npy"}, "same folder"),
        ({"frames": 5}, "same folder"),
        ({"frames": "none.npy"}, "cannot be read"),
        ({"other": 1}, "not the index"),
        ({"names": ["a"], "labels": [1], "fps": [None], "prepared": [False]}, "offsets do not divide"),
        ({"prepared": [0, 1]}, "prepared true or false"),
    ],
)
def test_a_damaged_index(tmp_path, change, words):
    ClipStore.from_clips(make_clips([(5, 1), (3, 1)])).save(tmp_path)
    index = json.loads((tmp_path / INDEX_NAME).read_text())
    (tmp_path / INDEX_NAME).write_text(json.dumps(index | change))
    with pytest.raises(FormatError, match=words):
        ClipStore.open(tmp_path)


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff", b"[" * 100000])
def test_an_index_that_is_no_json(tmp_path, content):
    ClipStore.from_clips(make_clips([(5, 1)])).save(tmp_path)
    (tmp_path / INDEX_NAME).write_bytes(content)
    with pytest.raises(FormatError, match=INDEX_NAME):
        ClipStore.open(tmp_path)


@pytest.mark.parametrize(
    ("part", "array", "words"),
    [
        ("frames", np.ones((8, 1, 24, 3), np.float32), "frames are float32"),
        ("frames", np.ones((8, 1, 25, 3)), "frames are float64"),
        ("frames", np.ones((8, 3, 25, 3), np.float32), "frames are float32"),
        ("frames", np.ones((7, 1, 25, 3), np.float32), "do not divide 7"),
        ("offsets", np.array([0, 8, 8]), "do not divide"),
        ("offsets", np.array([1, 5, 8]), "do not divide"),
        ("offsets", np.array([0.0, 5, 8]), "do not divide"),
        ("offsets", np.array(0), "do not divide"),
    ],
)
def test_damaged_parts(tmp_path, part, array, words):
    ClipStore.from_clips(make_clips([(5, 1), (3, 1)])).save(tmp_path)
    np.save(next(tmp_path.glob(f"{part}-*.npy")), array)
    with pytest.raises(FormatError, match=words):
        ClipStore.open(tmp_path)


@pytest.mark.parametrize("part", ["frames", "offsets"])
def test_parts_cut_short(tmp_path, part):
    ClipStore.from_clips(make_clips([(5, 1), (3, 1)])).save(tmp_path)
    path = next(tmp_path.glob(f"{part}-*.npy"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FormatError, match="cut short"):
        ClipStore.open(tmp_path)
