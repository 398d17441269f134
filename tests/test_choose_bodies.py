"""Choosing people among slots: planted swaps and ghosts are undone, on real pairs of dancers too."""

import time
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared_data import SHARED, needs_shared_data

from skelrep.errors import ConfigError, InvalidClipError, ShapeError
from skelrep.read import choose_bodies, read_clips
from skelrep.read.choose import FAR, MAX_KNOWN, match, newest

STANDING = np.stack([np.linspace(-0.2, 0.2, 25), np.linspace(-0.8, 0.8, 25), np.full(25, 3.0)])


def people(places: list[float], amplitudes: list[float], frames: int = 60) -> np.ndarray:
    """Standing bodies that sway in z: (3, T, 25, M)."""
    sway = np.sin(np.arange(frames) / 5)
    x = np.repeat(np.repeat(STANDING[:, None, :, None], frames, axis=1), len(places), axis=3)
    x[0] += np.array(places)
    x[2] += np.array(amplitudes) * sway[:, None, None]
    return x.astype(np.float32)


def shuffled(x: np.ndarray, seed: int = 0, share: float = 1.0) -> np.ndarray:
    """The slots of some frames in another order."""
    rng = np.random.default_rng(seed)
    y = x.copy()
    for t in np.flatnonzero(rng.random(x.shape[1]) < share):
        y[:, t] = x[:, t][..., rng.permutation(x.shape[3])]
    return y


def test_people_who_swap_slots_stay_themselves():
    x = people([0, 1], [0.3, 0.1])
    np.testing.assert_array_equal(choose_bodies(shuffled(x)), x)


@pytest.mark.parametrize("bodies", [1, 2, 3, 5, 6])
def test_any_number_of_slots_and_the_two_most_active_are_kept(bodies):
    amplitudes = [0.1 + 0.05 * m for m in range(bodies)]
    x = people([1.5 * m for m in range(bodies)], amplitudes)
    chosen = choose_bodies(shuffled(x))
    assert chosen.shape == (3, 60, 25, min(bodies, 2))
    for slot in range(min(bodies, 2)):
        np.testing.assert_array_equal(chosen[..., slot], x[..., bodies - 1 - slot])
    np.testing.assert_array_equal(choose_bodies(shuffled(x), limit=1), chosen[..., :1])


def test_ghosts_are_dropped_and_gaps_filled():
    x = people([0, 1, 3, 5], [0.3, 0.2, 0.0, 0.3])  # the third is furniture
    x[:, :20, :, 3] = x[:, 23:, :, 3] = 0  # the fourth a flicker
    lost = x.copy()
    lost[:, 30, :, 0] = 0
    chosen = choose_bodies(shuffled(lost))
    np.testing.assert_allclose(chosen, x[..., :2], atol=0.02)
    np.testing.assert_array_equal(chosen[:, :30], x[:, :30, :, :2])


def test_who_comes_back_near_is_the_same_and_far_another():
    x = people([0], [0.2])
    x[:, 30:35] = 0
    assert choose_bodies(x).shape[3] == 1
    x[0, 35:] += 1
    assert choose_bodies(x).shape[3] == 2


@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 10**6))
def test_no_exchange_of_two_betters_a_match_and_a_pair_is_matched_best(rows, columns, seed):
    cost = np.random.default_rng(seed).random((rows, columns)).round(2)
    owners = match(cost)
    taken = [row for row in owners if row >= 0]
    assert len(taken) == len(set(taken)) == min(rows, columns)

    def total(order: tuple[int, ...]) -> float:
        return sum(cost[row, n] if 0 <= row < rows else FAR for n, row in enumerate(order))

    for a, b in permutations(range(columns), 2):
        swapped = list(owners)
        swapped[a], swapped[b] = owners[b], owners[a]
        assert total(tuple(swapped)) >= total(tuple(owners)) - 1e-9
    if columns == 2:
        best = min(map(total, permutations(range(rows), 2)), default=total(tuple(owners)))
        assert rows != 2 or total(tuple(owners)) == pytest.approx(best)


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        (np.full((3, 4, 25, 3), np.nan), InvalidClipError, "fill_gaps"),
        (np.zeros((3, 4, 25, 3)), InvalidClipError, "no body"),
        (np.ones((3, 4, 24, 3)), ShapeError, "24 joints"),
        (np.ones((3, 4, 25, 0)), ShapeError, "0 bodies"),
    ],
)
def test_what_cannot_be_chosen_from(x, error, words):
    with pytest.raises(error, match=words):
        choose_bodies(x)


@pytest.mark.parametrize("limit", [0, 3])
def test_impossible_limits(limit):
    with pytest.raises(ConfigError, match="expected 1 or 2"):
        choose_bodies(people([0], [0.1]), limit)


@needs_shared_data
def test_fourteen_pairs_of_dancers_with_planted_swaps_and_ghosts_come_back_bit_for_bit():
    path = SHARED / "data" / "cmu_salsa.npz"
    clips = read_clips(path)
    with np.load(path) as archive:
        pairs = archive["pair"]
    rng = np.random.default_rng(0)
    frames = 0
    for number in range(14):
        first, second = (clips[row].data[..., 0] for row in np.flatnonzero(pairs == number))
        dancers = np.stack([first, second], axis=-1)
        count = dancers.shape[1]
        chair = np.repeat(dancers[:, :1, :, 0], count, axis=1) + np.array([2, 0, 0])[:, None, None]
        flicker = (dancers[..., 0] + rng.normal(0, 1.5, (3, count, 1))) * (rng.random((count, 1)) < 0.05)
        ghosts = np.stack([chair + rng.normal(0, 0.002, chair.shape), flicker], axis=-1).astype(np.float32)
        chosen = choose_bodies(shuffled(np.concatenate([dancers, ghosts], axis=-1), number))
        same = [np.array_equal(chosen, dancers[..., order]) for order in ([0, 1], [1, 0])]
        assert any(same), f"take {number + 1}"
        frames += count
    assert frames == 6858


def test_strangers_in_every_frame_take_time_by_their_number() -> None:
    """Noise in 20 slots: each frame brings bodies that are none of those before."""
    x = np.random.default_rng(0).normal(size=(3, 240, 25, 20)).astype(np.float32)
    seconds = []
    for frames in (60, 240):
        start = time.process_time()
        assert choose_bodies(x[:, :frames]).shape[3] <= 2
        seconds.append(time.process_time() - start)
    assert seconds[1] < 8 * seconds[0]  # 4 by their number, 16 by its square


def test_only_the_newest_identities_are_compared() -> None:
    seen = [[(frame, 0)] for frame in range(MAX_KNOWN + 20)]
    seen[3].append((MAX_KNOWN + 20, 0))
    assert newest(seen) == [3, *range(21, MAX_KNOWN + 20)]
    assert newest([]) == []
