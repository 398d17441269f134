"""`encode_stream`: the rows of `encode`, in order, as the clips come; nothing left behind."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import make_encoder
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_training import walks

import skelrep
from skelrep import encode_stream
from skelrep.errors import ConfigError, FormatError, InvalidClipError, ShapeError, UnitsWarning
from skelrep.preprocess import preprocess

MODEL = make_encoder()
CLIPS = [clip[:, : 5 + 3 * n] for n, clip in enumerate(walks(11))]
ROWS = skelrep.encode(CLIPS, MODEL, batch_size=4)


def encoding_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("skelrep")]


@given(batch_size=st.integers(1, 12), count=st.integers(0, 11))
@settings(max_examples=20, deadline=None)
def test_rows_of_a_generator_are_those_of_encode(batch_size: int, count: int) -> None:
    rows = list(encode_stream((clip for clip in CLIPS[:count]), MODEL, batch_size=batch_size))
    assert len(rows) == count
    if count:
        np.testing.assert_array_equal(
            np.stack(rows), skelrep.encode(CLIPS[:count], MODEL, batch_size=batch_size)
        )
    assert not encoding_threads()


@pytest.mark.parametrize("output", ["clip", "bodies", "frames", "joints"])
def test_every_output_and_option(output: str) -> None:
    options = {"output": output, "normalize": True, "batch_size": 4}
    expected = skelrep.encode(CLIPS, MODEL, **options)
    np.testing.assert_array_equal(np.stack(list(encode_stream(CLIPS, MODEL, **options))), expected)


def test_every_way_to_give_clips(tmp_path: Path) -> None:
    store = skelrep.ClipStore.from_clips(skelrep.Clip(data=clip) for clip in CLIPS)
    store.save(tmp_path / "store")
    (tmp_path / "folder").mkdir()
    for n, clip in enumerate(CLIPS):
        np.save(tmp_path / "folder" / f"clip{n}.npy", clip)
    files = [tmp_path / "folder" / f"clip{n}.npy" for n in range(len(CLIPS))]
    tensors, records = [torch.from_numpy(c) for c in CLIPS], (skelrep.Clip(data=c) for c in CLIPS)
    folder = tmp_path / "folder"
    ways = [store, tmp_path / "store", folder, str(folder), files, iter(files), tensors, records]
    for way in ways:
        np.testing.assert_array_equal(np.stack(list(encode_stream(way, MODEL, batch_size=4))), ROWS)
    same = np.stack([CLIPS[5]] * 3)
    np.testing.assert_allclose(np.stack(list(encode_stream(same, MODEL))), ROWS[[5] * 3], rtol=1e-4)
    np.testing.assert_allclose(np.stack(list(encode_stream(CLIPS[5], MODEL))), ROWS[[5]], rtol=1e-4)


@pytest.mark.parametrize("batch_size", [1, 4, 64])
def test_windows_come_clip_by_clip(batch_size: int) -> None:
    options = {"window": 9, "stride": 4}
    expected = skelrep.encode(CLIPS, MODEL, **options)
    found = list(encode_stream(iter(CLIPS), MODEL, batch_size=batch_size, **options))
    assert [len(rows) for rows in found] == [len(rows) for rows in expected]
    for rows, others in zip(found, expected, strict=True):
        np.testing.assert_allclose(rows, others, rtol=1e-4, atol=1e-6)


def test_an_endless_source_is_read_only_a_little_ahead() -> None:
    taken = itertools.count()
    source = (CLIPS[next(taken) % len(CLIPS)] for _ in itertools.count())
    rows = encode_stream(source, MODEL, batch_size=3)
    for n in range(30):
        np.testing.assert_allclose(next(rows), ROWS[n % 11], rtol=1e-4, atol=1e-6)
    assert next(taken) <= 30 + 5 * 3
    rows.close()
    assert not encoding_threads()


def test_the_source_runs_in_the_callers_thread() -> None:
    threads = set()

    def source() -> Iterator[np.ndarray]:
        for clip in CLIPS:
            threads.add(threading.current_thread())
            yield clip

    assert len(list(encode_stream(source(), MODEL, batch_size=2))) == len(CLIPS)
    assert threads == {threading.current_thread()}


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_a_bad_clip_is_named_after_the_rows_before_its_batch(batch_size: int) -> None:
    bad = [*CLIPS[:7], np.full_like(CLIPS[7], np.nan), *CLIPS[8:]]
    rows: list[np.ndarray] = []
    with pytest.raises(InvalidClipError, match=r"clips\[7\]"):
        rows.extend(encode_stream(iter(bad), MODEL, batch_size=batch_size))
    assert len(rows) == 7 // batch_size * batch_size
    assert not encoding_threads()


def test_errors_of_the_source_and_of_the_computation_come_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def source() -> Iterator[np.ndarray]:
        yield from CLIPS[:5]
        raise OSError("the camera fell")

    with pytest.raises(OSError, match="the camera fell"):
        list(encode_stream(source(), MODEL, batch_size=2))

    def fail(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr("skelrep.embed.workers.network_input", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        list(encode_stream(CLIPS, MODEL, batch_size=2))
    assert not encoding_threads()


def test_an_interrupt_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def source() -> Iterator[np.ndarray]:
        yield from CLIPS
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(encode_stream(source(), MODEL, batch_size=2))
    assert not encoding_threads()


def test_the_callers_model_stays_in_training_mode() -> None:
    model = make_encoder().train()
    rows = encode_stream(CLIPS, model, batch_size=4)
    first = next(rows)
    assert model.training
    np.testing.assert_allclose(first, ROWS[0], rtol=1e-4, atol=1e-6)


def test_prepared_clips_and_units() -> None:
    done = list(preprocess(CLIPS, MODEL.config.preprocess).numpy())
    found = np.stack(list(encode_stream(iter(done), MODEL, preprocess=False, batch_size=4)))
    np.testing.assert_allclose(found, ROWS, rtol=1e-4, atol=1e-6)
    with pytest.raises(ShapeError, match="one length"):
        list(encode_stream(CLIPS, MODEL, preprocess=False, batch_size=1))
    for clips in (CLIPS, iter(CLIPS)):
        rows = encode_stream((1000 * clip for clip in clips), MODEL)
        with pytest.warns(UnitsWarning, match="Divide by 1000"):
            next(rows)


@pytest.mark.parametrize(
    "bad", [{"batch_size": 0}, {"output": "video"}, {"precision": "int8"}, {"stride": 3}, {"window": 0}]
)
def test_impossible_options_are_told_at_once(bad: dict) -> None:
    with pytest.raises(ConfigError, match=r"[Ee]xpected"):
        encode_stream(iter(CLIPS), MODEL, **bad)


def test_what_holds_no_clips(tmp_path: Path) -> None:
    for nothing in (None, 3, {"a": 1}, b"x"):
        with pytest.raises(ShapeError, match="expected one array"):
            encode_stream(nothing, MODEL)
    with pytest.raises(FormatError, match="holds no clips"):
        list(encode_stream(tmp_path, MODEL))
    assert list(encode_stream([], MODEL)) == []
