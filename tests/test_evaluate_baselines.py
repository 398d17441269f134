"""Baselines against plain loops; splits and the benchmarks' protocols against their definitions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skelrep.clips import Clip
from skelrep.config import ModelConfig
from skelrep.errors import EvaluationError
from skelrep.evaluate import by_subject, random_encoder, raw_joints, subject_folds
from skelrep.layout import ANATOMY, KINECT_BONE_LENGTHS


def person(frames: int = 20, bodies: int = 1, seed: int = 0) -> np.ndarray:
    """Random joints that stand a metre apart from each other: (3, T, 25, M)."""
    return np.random.default_rng(seed).normal(size=(3, frames, 25, bodies)).astype(np.float32)


def loop_raw_joints(x_CTVM, frames):
    """The same, frame by frame and bone by bone."""
    t = x_CTVM.shape[1]
    out = []
    for i in range(frames):
        at = min(max((i + 0.5) * t / frames - 0.5, 0), t - 1)
        low = int(at)
        pose = x_CTVM[:, low] + (at - low) * (x_CTVM[:, min(low + 1, t - 1)] - x_CTVM[:, low])
        new = {(0, m): pose[:, 0, m] for m in range(pose.shape[2])}
        todo = [(j, m) for j in range(1, 25) for m in range(pose.shape[2])]
        while todo:
            j, m = todo.pop(0)
            if (ANATOMY[j], m) not in new:
                todo.append((j, m))
                continue
            bone = pose[:, j, m] - pose[:, ANATOMY[j], m]
            new[j, m] = new[ANATOMY[j], m] + bone / np.linalg.norm(bone) * KINECT_BONE_LENGTHS[j]
        out.append([[new[j, m] - new[0, 0] for j in range(25)] for m in range(pose.shape[2])])
    out = np.array(out)
    across = out[0, 0, 8] - out[0, 0, 4]
    c, s = np.array([across[0], -across[2]]) / np.hypot(across[0], across[2])
    return np.stack((c * out[..., 0] - s * out[..., 2], out[..., 1], s * out[..., 0] + c * out[..., 2]), -1)


@pytest.mark.parametrize(("length", "bodies"), [(20, 1), (7, 2), (1, 1)])
def test_raw_joints_equal_a_plain_loop(length, bodies):
    clip = person(length, bodies)
    (row,) = raw_joints([clip], frames=8)
    np.testing.assert_allclose(row, loop_raw_joints(clip, 8).ravel(), atol=1e-5)


def test_raw_joints_ignore_place_heading_and_an_absent_body():
    clip = person()
    turn = np.array([[0.6, 0, 0.8], [0, 1, 0], [-0.8, 0, 0.6]], np.float32)
    moved = np.einsum("cd,dtvm->ctvm", turn, clip) + np.array([3.0, -1, 4], np.float32).reshape(3, 1, 1, 1)
    padded = np.concatenate((clip, np.zeros_like(clip)), axis=3)
    rows = raw_joints([Clip(data=clip), moved, padded, person(bodies=2)], frames=4)
    assert rows.shape == (4, 4 * 2 * 25 * 3)
    np.testing.assert_allclose(rows[1], rows[0], atol=1e-5)
    np.testing.assert_array_equal(rows[2], rows[0])
    assert not rows[0].reshape(4, 2, 25, 3)[:, 1].any()
    assert rows[3].reshape(4, 2, 25, 3)[:, 1].all()


@pytest.mark.parametrize(("clips", "frames"), [([], 8), ([person()], 0)])
def test_raw_joints_of_nothing(clips, frames):
    with pytest.raises(EvaluationError, match="expected 1 or more"):
        raw_joints(clips, frames=frames)


def test_random_encoders_are_their_seed_and_leave_the_global_state_alone():
    config = ModelConfig()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, again, other = (random_encoder(config, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert not one.training
    x = torch.randn(2, 3, config.preprocess.frames, 25, 1)
    with torch.no_grad():
        assert torch.equal(one(x), again(x))
        assert not torch.allclose(one(x), other(x))


@given(subjects=st.lists(st.integers(1, 5), min_size=6, max_size=30))
def test_folds_hold_every_subject_out_once(subjects):
    names = sorted(set(subjects))
    if len(names) < 2:
        return
    folds = list(subject_folds(subjects, folds=2, among=names[:2]))
    tested = np.sum([test for _, test in folds], axis=0)
    assert tested.tolist() == [int(s in names[:2]) for s in subjects]
    for train, test in folds:
        assert not set(np.array(subjects)[train]) & set(np.array(subjects)[test])
        assert (train | test).tolist() == [s in names[:2] for s in subjects]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: by_subject([[1, 2]], [1]), r"subjects has shape \(1, 2\)"),
        (lambda: by_subject([1, 2], [3]), r"held_out names 3, .* subjects are \[1, 2\]"),
        (lambda: by_subject([1, 2], [1, 2]), "0 training and 2 test clips"),
        (lambda: by_subject([1, 2], []), "2 training and 0 test clips"),
        (lambda: list(subject_folds([1, 2, 2], 3)), "folds is 3; expected 2 to 2"),
        (lambda: list(subject_folds([1, 2, 2], 1)), "folds is 1; expected 2 to 2"),
    ],
)
def test_impossible_splits(call, message):
    with pytest.raises(EvaluationError, match=message):
        call()


SHARED = Path(__file__).parents[2] / "shared/data"


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
def test_benchmark_splits_keep_their_promises(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    archives, protocols = __import__("archives"), __import__("protocols")
    irds, uiprmd = (archives.read_archive(SHARED / f"{name}.npz") for name in protocols.SETS)
    ((train, test),) = protocols.splits(irds, "report")
    assert (train | test).all()
    assert len(set(irds.subjects[test])) == 16
    tune = protocols.used_clips(irds, "tune")
    assert not (tune & test).any()
    ((train, test),) = protocols.splits(uiprmd, "report")
    assert set(uiprmd.columns["quality"][train]) == {"correct"}
    assert set(uiprmd.columns["quality"][test]) == {"incorrect"}
    assert set(uiprmd.subjects[test]) == {"s02", "s04", "s06", "s08", "s10"}
    assert not (protocols.used_clips(uiprmd, "tune") & test).any()
