"""Windows of long recordings, live frames, change points and vectors a body."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled import small_encoder
from tiny_training import walks

import skelrep
from skelrep.errors import ConfigError, EvaluationError, InvalidClipError, ShapeError
from skelrep.models.bodies import place_bodies
from skelrep.stream import StreamingEncoder, change_points
from skelrep.windows import window_starts

REAL = Path(__file__).parent / "data" / "uiprmd_clips.npz"
MODEL = small_encoder()
PAIR = walks(2, bodies=2)


def recording(frames: int, seed: int = 0) -> np.ndarray:
    """A long walk of one body, float32 (3, frames, 25, 1)."""
    rng = np.random.default_rng(seed)
    start = 0.3 * rng.normal(size=(3, 1, 25, 1))
    return (start + 0.02 * rng.normal(size=(3, frames, 25, 1)).cumsum(axis=1)).astype(np.float32)


def test_windows_are_clips_of_their_own() -> None:
    clips = [recording(50), recording(9), recording(20, seed=1)]
    found = skelrep.encode(clips, MODEL, window=20, stride=15, batch_size=2)
    assert [len(rows) for rows in found] == [3, 1, 1]
    assert all(rows.dtype == np.float32 for rows in found)
    pieces = [clips[0][:, s : s + 20] for s in (0, 15, 30)] + clips[1:]
    expected = skelrep.encode(pieces, MODEL)
    np.testing.assert_allclose(np.concatenate(found), expected, rtol=1e-4, atol=1e-6)


def test_windows_of_every_kind_of_output_and_input(tmp_path: Path) -> None:
    store = skelrep.ClipStore.from_clips(skelrep.read.as_clips([recording(30), recording(25)]))
    tensors = MODEL.encode(store, window=10, to_tensor=True, normalize=True, output="frames")
    assert [tuple(rows.shape) for rows in tensors] == [(3, 3, 16), (2, 3, 16)]
    assert isinstance(tensors[0], torch.Tensor)
    assert skelrep.encode([], MODEL, window=10) == []


@given(st.integers(1, 60), st.integers(1, 20), st.integers(1, 20))
def test_window_starts_are_all_that_fit(frames: int, window: int, stride: int) -> None:
    expected = [s for s in range(0, frames, stride) if s + window <= frames] or [0]
    assert window_starts(frames, window, stride).tolist() == expected


def test_a_window_without_a_body_is_zero() -> None:
    clip = recording(30)
    clip[:, 10:20] = 0
    rows = skelrep.encode(clip, MODEL, window=10)[0]
    assert (np.abs(rows).sum(axis=1) > 0).tolist() == [True, False, True]


@pytest.mark.parametrize("bad", [{"window": 0}, {"window": 4, "stride": 0}, {"stride": 4}])
def test_impossible_windows(bad: dict) -> None:
    with pytest.raises(ConfigError, match="expected"):
        skelrep.encode(recording(9), MODEL, **bad)


@given(st.lists(st.integers(0, 25), min_size=1, max_size=8), st.integers(1, 18), st.integers(1, 25))
@settings(max_examples=25, deadline=None)
def test_live_vectors_equal_offline_vectors(chunks: list[int], window: int, stride: int) -> None:
    frames = recording(sum(chunks) + window)
    stream = StreamingEncoder(MODEL, window, stride)
    found, at = [], 0
    for size in [*chunks, window]:
        found += stream.push(frames[:, at : at + size])
        at += size
    assert stream.frames_seen == frames.shape[1]
    assert [start for start, _ in found] == window_starts(frames.shape[1], window, stride).tolist()
    expected = skelrep.encode(frames, MODEL, window=window, stride=stride)[0]
    np.testing.assert_allclose([vector for _, vector in found], expected, rtol=1e-4, atol=1e-6)


def test_one_frame_at_a_time_and_again_after_reset(tmp_path: Path) -> None:
    MODEL.save_pretrained(tmp_path)
    frames = walks(1, bodies=2)[0][:, :12]
    expected = skelrep.encode(frames, MODEL)[0]
    stream = StreamingEncoder(tmp_path, 12, device="cpu")
    for _ in range(2):
        found = [pair for t in range(12) for pair in stream.push(torch.from_numpy(frames[:, t]))]
        assert [start for start, _ in found] == [0]
        np.testing.assert_allclose(found[0][1], expected, rtol=1e-4, atol=1e-6)
        stream.reset()
    assert stream.push(frames[:, 0, :, 0]) == []


def test_bad_frames_are_refused_and_not_taken() -> None:
    stream = StreamingEncoder(MODEL, 4)
    stream.push(recording(3))
    broken = recording(2)
    broken[0, 1, 3] = np.nan
    with pytest.raises(InvalidClipError, match="frame 4 of the stream"):
        stream.push(broken)
    for bad in (np.zeros((25, 3)), np.zeros((3, 25, 3)), np.zeros((3, 2, 24, 1)), "frame"):
        with pytest.raises(ShapeError, match=r"expected numbers \(3, 25\)"):
            stream.push(bad)
    assert stream.frames_seen == 3
    assert [start for start, _ in stream.push(recording(1))] == [0]


def test_memory_does_not_grow_over_an_hour_of_frames() -> None:
    chunk = recording(500)
    stream = StreamingEncoder(MODEL, window=20, stride=500)
    stream.push(chunk)
    tracemalloc.start()
    try:
        first = None
        for _ in range(215):  # with the first, 108,000 frames: an hour at 30 a second
            assert len(stream.push(chunk)) == 1
            first = first or tracemalloc.get_traced_memory()[0]
        grown = tracemalloc.get_traced_memory()[0] - first
    finally:
        tracemalloc.stop()
    assert stream.frames_seen == 108_000
    assert stream._kept.base is None
    assert stream._kept.shape[1] <= stream.window
    assert grown < 100_000


def test_change_points_find_the_joins_of_real_clips() -> None:
    clips = [clip.data for clip in skelrep.read_clips(REAL)]
    pieces = [np.tile(clip, (1, 4, 1, 1)) for clip in clips]
    joins = np.cumsum([piece.shape[1] for piece in pieces])[:-1]
    window, stride = 48, 6
    rows = skelrep.encode(np.concatenate(pieces, axis=1), MODEL, window=window, stride=stride)[0]
    found = change_points(rows) * stride + window // 2
    distance = np.abs(found[:, None] - joins[None])
    assert distance.min(axis=0).max() <= window // 2, "a join was missed"
    assert len(found) <= len(joins) + 2, "changes were made up"


def test_change_points_are_the_cheapest_division() -> None:
    rng = np.random.default_rng(0)
    steps = np.repeat(rng.normal(size=(3, 6)), [4, 3, 5], axis=0) + 0.2 * rng.normal(size=(12, 6))
    unit = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    price = 0.5 * np.log(12) * unit.var(axis=0).sum()

    def cost(cuts: tuple[int, ...]) -> float:
        edges = [0, *cuts, 12]
        parts = [unit[a:b] for a, b in pairwise(edges)]
        return sum(((p - p.mean(axis=0)) ** 2).sum() + price for p in parts)

    divisions = [tuple(n for n in range(1, 12) if bits >> n & 1) for bits in range(0, 2**12, 2)]
    assert tuple(change_points(steps)) == min(divisions, key=cost)


def test_nothing_changes_in_nothing() -> None:
    assert change_points(np.ones((9, 4))).size == 0
    assert change_points(np.zeros((0, 4))).size == 0
    with pytest.raises(EvaluationError, match="finite numbers"):
        change_points(np.full((3, 2), np.nan))
    with pytest.raises(ConfigError, match="penalty"):
        change_points(np.ones((3, 2)), penalty=0)


@pytest.mark.parametrize("recipe", ["fixed", "faithful"])
def test_bodies_have_vectors_whose_mean_is_the_clips(recipe: str) -> None:
    model = small_encoder(recipe_name=recipe)
    single = PAIR[0][..., :1]
    bodies = skelrep.encode([PAIR[0], single, PAIR[1][..., :1]], model, output="bodies")
    assert bodies.shape == (3, 2, 16)
    np.testing.assert_allclose(
        bodies[0].mean(axis=0), skelrep.encode(PAIR[0], model)[0], rtol=1e-4, atol=1e-6
    )
    assert not bodies[1:, 1].any()
    assert bodies[1, 0].any()
    np.testing.assert_allclose(bodies[1, 0], bodies[0, 0], rtol=1e-4, atol=1e-6)
    assert skelrep.encode([], model, output="bodies").shape == (0, 2, 16)


def test_an_absent_first_body_leaves_its_slot_empty() -> None:
    rows = torch.arange(6.0).view(3, 2)
    placed = place_bodies(rows, torch.tensor([[False, True], [True, True]]), 2)
    assert placed.tolist() == [[[0, 0], [0, 1]], [[2, 3], [4, 5]]]
