"""Weights and windows: which clips a run is trained on, how often, and that a resumed run keeps to it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_training import newest_state, same, same_runs, tiny_config, walks

from skelrep.cli import main
from skelrep.clips import Clip
from skelrep.config import AugmentConfig
from skelrep.errors import CheckpointError, ConfigError, DataWarning, InvalidClipError, ShapeError
from skelrep.read import ClipStore
from skelrep.train import train_crossclr
from skelrep.train.checkpoint import ADDED_FIELDS, check_same_run
from skelrep.train.data import as_store
from skelrep.train.distributed import Group
from skelrep.train.run import Run
from skelrep.train.sampler import Order, epoch_order, weighted_order
from skelrep.train.selection import check_weights, cut_windows, select_clips
from skelrep.windows import window_starts

CPU = torch.device("cpu")
ONE_EPOCH = tiny_config(views=("joint",), epochs=1)
EVERYTHING = AugmentConfig(
    tilt=10.0, speed=0.3, amplitude=0.2, jitter=0.01, joint_mask=0.1, axis_mask=0.1, part_mix=0.5, mirror=0.5
)
weight_lists = st.lists(st.integers(0, 9), min_size=2, max_size=30).filter(any)


@given(weights=weight_lists, seed=st.integers(0, 2**40), epoch=st.integers(1, 9))
def test_every_clip_comes_as_often_as_it_is_due(weights: list[int], seed: int, epoch: int) -> None:
    n = len(weights)
    order = Order(seed=seed, num_clips=n, batch_size=4, weights=np.array(weights, dtype=np.float64))
    first = (epoch - 1) * order.steps_per_epoch + 1
    clips = np.concatenate([order.batch_at(first + i).clips for i in range(order.steps_per_epoch)])
    counts, due = np.bincount(clips, minlength=n), n * np.array(weights) / sum(weights)
    assert len(clips) == n
    assert (np.abs(counts - due) < 1 + 1e-9).all()
    assert not counts[np.array(weights) == 0].any()


@given(n=st.integers(1, 50), weight=st.floats(1e-3, 1e3), seed=st.integers(0, 2**40))
def test_equal_weights_are_none(n: int, weight: float, seed: int) -> None:
    np.testing.assert_array_equal(weighted_order(seed, 2, np.full(n, weight)), epoch_order(seed, 2, n))


def test_fractions_come_in_their_share_of_epochs() -> None:
    weights = np.array([0.5, 1.3, 1.2, 1.0])
    counts = sum(np.bincount(weighted_order(0, e, weights), minlength=4) for e in range(1, 2001))
    np.testing.assert_allclose(counts / 2000, weights, atol=0.05)


def test_windows_equal_a_loop_and_leave_out_empty_ones() -> None:
    takes = [Clip(data=data, name=str(n)) for n, data in enumerate(walks(3))]
    takes[1].data[:, 5:10] = 0
    expected = [
        (n, take.data[:, start : start + 5])
        for n, take in enumerate(takes)
        for start in window_starts(take.data.shape[1], 5, 5)
        if not (n == 1 and start == 5)
    ]
    for clips in (takes, ClipStore.from_clips(takes)):
        store, owners = cut_windows(clips, 5)
        assert owners.tolist() == [n for n, _ in expected]
        assert store.names == [str(n) for n, _ in expected]
        assert all(np.array_equal(a.data, b) for a, (_, b) in zip(store, expected, strict=True))


def test_windows_have_the_weight_of_their_recording() -> None:
    store, weights = select_clips(walks(3), ONE_EPOCH, window=6, stride=3, sample_weights=[1, 0, 4])
    _, owners = cut_windows(ClipStore.from_clips([Clip(data=w) for w in walks(3)]), 6, 3)
    assert len(store) == len(owners)
    assert weights.tolist() == [(0.25, 0, 1)[n] for n in owners]
    assert select_clips(walks(3), ONE_EPOCH)[1] is None


def test_bad_recordings_are_left_out_or_an_error() -> None:
    clips = walks(3)
    clips[1][0, 7, 0, 0] = np.nan
    with pytest.raises(InvalidClipError, match=r"clips\[1\]"):
        select_clips(clips, ONE_EPOCH, window=6)
    skip = dataclasses.replace(ONE_EPOCH, on_bad_clip="skip")
    with pytest.warns(DataWarning, match="1 sources"):
        store, weights = select_clips(clips, skip, window=6, sample_weights=[1, 1])
    assert len(store) == len(cut_windows([Clip(data=c) for c in (clips[0], clips[2])], 6)[0]) == len(weights)


@pytest.mark.parametrize(
    ("weights", "error", "says"),
    [
        ([1, 2], ShapeError, r"shape \(2,\); expected \(3,\)"),
        (["a", 1, 2], ShapeError, "no numbers"),
        ([1, np.nan, 1], ConfigError, "NaN"),
        ([1, -1, 1], ConfigError, "below 0"),
        ([0, 3, 0], ConfigError, "1 of sample_weights"),
    ],
)
def test_weights_that_cannot_be_used(weights: list[object], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        check_weights(weights, 3)  # type: ignore[arg-type]


def test_a_stride_needs_a_window_and_a_window_two_clips(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="stride is 3 without a window"):
        train_crossclr(walks(2), ONE_EPOCH, output_dir=tmp_path / "out", stride=3)
    with pytest.raises(ShapeError, match="1 clip given"):
        train_crossclr(walks(1), ONE_EPOCH, output_dir=tmp_path / "out", window=50)
    with pytest.raises(ConfigError, match="window is 0"):
        train_crossclr(walks(2), ONE_EPOCH, output_dir=tmp_path / "out", window=0)


def test_a_run_is_only_resumed_with_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = np.arange(10.0)

    def train(name: str, given: object) -> None:
        config = dataclasses.replace(ONE_EPOCH, epochs=2, checkpoint_steps=1, augment=EVERYTHING)
        train_crossclr(walks(), config, output_dir=tmp_path / name, sample_weights=given, device="cpu")

    def step_until_the_third(run: Run) -> object:
        return step(run) if run.done < 3 else 1 / 0

    step = Run.step
    train("a", weights)
    with monkeypatch.context() as patch:
        patch.setattr(Run, "step", step_until_the_third)
        with pytest.raises(ZeroDivisionError):
            train("b", weights)
    train("b", 3 * weights)  # goes on from step 3
    assert same_runs(tmp_path / "a", tmp_path / "b")
    for other in (None, weights[::-1]):
        with pytest.raises(CheckpointError, match="sample_weights"):
            train("a", other)


def test_runs_of_versions_without_a_field_go_on(tmp_path: Path) -> None:
    train_crossclr(walks(), ONE_EPOCH, output_dir=tmp_path, device="cpu")
    run = newest_state(tmp_path)["run"]
    earlier = {**run, "config": {**run["config"], "augment": dict(run["config"]["augment"])}}
    del earlier["sample_weights"]
    for name in ADDED_FIELDS:
        del earlier["config"]["augment"][name.split(".")[-1]]
    check_same_run(earlier, run, tmp_path)
    run["config"]["augment"]["tilt"] = 5.0
    with pytest.raises(CheckpointError, match=r"config\.augment\.tilt: 0\.0 there, 5\.0 now"):
        check_same_run(earlier, run, tmp_path)


def test_shares_of_a_mixed_batch_make_the_batch() -> None:
    store = as_store(walks(9, bodies=2), "fixed")
    config = dataclasses.replace(ONE_EPOCH, augment=EVERYTHING)
    runs = [Run(store, config, CPU, None)]
    runs += [Run(store, config, CPU, None, Group(rank=rank, size=2, device=CPU)) for rank in range(2)]
    whole, *parts = [run._two_crops(1, run.order.batch_at(1)) for run in runs]
    for crop in range(2):
        joined = torch.cat([part[crop] for part in parts])
        torch.testing.assert_close(joined, whole[crop], rtol=0, atol=1e-5)
    assert not same(whole[0], whole[1])


def test_the_command_trains_on_windows(tmp_path: Path) -> None:
    (tmp_path / "takes").mkdir()
    np.save(tmp_path / "takes" / "long.npy", walks(1)[0])
    (tmp_path / "config.json").write_text(json.dumps(ONE_EPOCH.to_dict()))
    options = ["--config", str(tmp_path / "config.json"), "--window", "6", "--stride", "2", "--quiet"]
    assert main(["train", str(tmp_path / "takes"), "-o", str(tmp_path / "run"), *options]) == 0
    starts = window_starts(walks(1)[0].shape[1], 6, 2)
    assert newest_state(tmp_path / "run")["run"]["data"]["clips"] == len(starts)
