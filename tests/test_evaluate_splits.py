"""Splits by a column, between sets, and in stratified folds; what is no split is refused."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelrep.errors import EvaluationError
from skelrep.evaluate import between_sets, by_column, join, k_fold
from skelrep.evaluate.splits import as_folds


@given(
    labels=st.lists(st.sampled_from("abc"), min_size=2, max_size=20).map(lambda some: some * 2),
    folds=st.integers(2, 4),
    seed=st.integers(0, 5),
)
def test_every_clip_is_tested_once_in_stratified_folds(labels, folds, seed):
    pairs = list(k_fold(labels, folds, seed=seed))
    assert np.sum([test for _, test in pairs], axis=0).tolist() == [1] * len(labels)
    assert all((train ^ test).all() for train, test in pairs)
    sizes = [test.sum() for _, test in pairs]
    assert max(sizes) - min(sizes) <= 1
    for name, count in Counter(labels).items():
        each = [np.sum(np.array(labels)[test] == name) for _, test in pairs]
        assert max(each) - min(each) <= 1
        assert max(each) < count


def test_the_seed_deals_the_folds():
    tests = [np.array([test for _, test in k_fold(["a", "b"] * 20, 4, seed=seed)]) for seed in (0, 0, 1)]
    assert (tests[0] == tests[1]).all()
    assert not (tests[0] == tests[2]).all()


def test_a_transfer_keeps_shared_classes_only():
    labels = ["sit", "hop", "wave", "wave", "sit", "bow", "sit"]
    sets = ["a", "a", "a", "b", "b", "b", "c"]
    train, test = between_sets(labels, sets, train="a", test="b")
    assert np.flatnonzero(train).tolist() == [0, 2]
    assert np.flatnonzero(test).tolist() == [3, 4]


def test_two_splits_at_once():
    quality = by_column(["good", "bad", "good", "bad"], train="good", test="bad")
    who = by_column([1, 1, 2, 2], train=1, test=2)
    ((train, test),) = join([quality], [who])
    assert (train.tolist(), test.tolist()) == ([True, False, False, False], [False, False, False, True])


MASK = np.array([True, False, False])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: by_column(["a", "b"], train="a", test="a"), "both 'a'"),
        (lambda: by_column([*"ab"], train="a", test="c"), "'c', which no clip has; the values are 'a', 'b'"),
        (lambda: by_column([["a"]], train="a", test="b"), r"values has shape \(1, 1\); expected \(N,\)"),
        (lambda: between_sets("aab", "112", train="1", test="2"), r"shape \(\)"),
        (lambda: between_sets([*"aab"], [*"112"], train="1", test="2"), r"share 0 class\(es\)"),
        (lambda: list(k_fold(["a", "a"], 3)), "folds is 3; expected 2 to 2"),
        (lambda: list(k_fold(["a", "a", "b"], 2)), "class 'b' has one clip only"),
        (lambda: as_folds(MASK, 3), "a split is a "),
        (lambda: as_folds([], 3), "has no folds"),
        (lambda: as_folds((MASK, ~MASK), 4), r"train mask has shape \(3,\) and dtype bool; expected \(4,\)"),
        (lambda: as_folds((MASK, np.array([1, 2, 2])), 3), "test mask has shape .* dtype int64"),
        (lambda: as_folds((MASK & False, MASK), 3), "no train clip"),
        (lambda: as_folds([(MASK, ~MASK), (MASK, MASK)], 3), "clip 0 is on both sides"),
    ],
)  # fmt: skip
def test_impossible_splits(call, message):
    with pytest.raises(EvaluationError, match=message):
        call()


def test_one_pair_or_several_are_folds():
    for split in ((MASK, ~MASK), [(MASK, ~MASK)], ((MASK, ~MASK),), iter([(MASK, ~MASK)])):
        ((train, test),) = as_folds(split, 3)
        assert (train.tolist(), test.tolist()) == (MASK.tolist(), (~MASK).tolist())
    assert len(as_folds(((MASK, ~MASK), (~MASK, MASK)), 3)) == 2
