import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelrep.train.sampler import PURPOSES, Order, epoch_order, seed_for

GOLDEN_ORDER = [7, 6, 4, 5, 3, 1, 0, 2]
GOLDEN_SEED = 6812392217526899882
sizes = st.integers(1, 40)


@given(n=sizes, batch=sizes, seed=st.integers(0, 2**40), epoch=st.integers(1, 9))
def test_an_epoch_shows_every_clip_once(n, batch, seed, epoch):
    order = Order(seed=seed, num_clips=n, batch_size=batch)
    first = (epoch - 1) * order.steps_per_epoch + 1
    batches = [order.batch_at(first + i) for i in range(order.steps_per_epoch)]
    assert [b.epoch for b in batches] == [epoch] * len(batches)
    assert [b.index for b in batches] == list(range(len(batches)))
    clips = np.concatenate([b.clips for b in batches])
    assert clips.tolist() == epoch_order(seed, epoch, n).tolist()
    assert sorted(clips.tolist()) == list(range(n))


@given(n=st.integers(2, 60), batch=st.integers(2, 40))
def test_no_batch_is_a_single_clip_and_only_the_last_differs(n, batch):
    order = Order(seed=0, num_clips=n, batch_size=batch)
    lengths = [len(order.batch_at(step).clips) for step in range(1, order.steps_per_epoch + 1)]
    assert lengths[:-1] == [batch] * (len(lengths) - 1)
    assert 2 <= lengths[-1] <= batch + 1


@pytest.mark.parametrize(
    ("n", "batch", "expected"),
    [
        (10, 4, [4, 4, 2]),
        (9, 4, [4, 5]),
        (8, 4, [4, 4]),
        (3, 8, [3]),
        (5, 5, [5]),
        (1, 4, [1]),
        (3, 1, [1, 1, 1]),
    ],
)
def test_lengths_of_batches(n, batch, expected):
    order = Order(seed=3, num_clips=n, batch_size=batch)
    assert [len(order.batch_at(step).clips) for step in range(1, order.steps_per_epoch + 1)] == expected


def test_epochs_and_seeds_differ_and_repeat():
    orders = {tuple(epoch_order(seed, epoch, 20)) for seed in range(3) for epoch in range(1, 4)}
    assert len(orders) == 9
    assert epoch_order(2, 3, 20).dtype == np.int64
    np.testing.assert_array_equal(epoch_order(2, 3, 20), epoch_order(2, 3, 20))


def test_the_order_is_the_same_in_every_version():
    assert epoch_order(0, 1, 8).tolist() == GOLDEN_ORDER
    assert seed_for(0, "dropout", 7) == GOLDEN_SEED


def test_every_position_is_equally_likely():
    first = [epoch_order(0, epoch, 4)[0] for epoch in range(1, 2001)]
    counts = np.bincount(first, minlength=4)
    assert np.abs(counts - 500).max() < 5 * np.sqrt(500 * 0.75)


def test_seeds_of_purposes_and_steps_are_apart_and_fit_a_generator():
    seeds = {seed_for(seed, purpose, step) for seed in (0, 1) for purpose in PURPOSES for step in range(50)}
    assert len(seeds) == 2 * len(PURPOSES) * 50
    assert all(0 <= seed < 2**63 for seed in seeds)
