"""The training set and the run's set-up."""

import math

import numpy as np
import pytest
import torch
from tiny_training import tiny_config, walks

from skelrep.clips import Clip
from skelrep.config import PreprocessConfig
from skelrep.errors import ConfigError, InvalidClipError, ShapeError, TrainingDivergedError, UnitsWarning
from skelrep.preprocess import preprocess
from skelrep.read import ClipStore
from skelrep.train import train_crossclr
from skelrep.train.data import as_store, fingerprint, load_batch
from skelrep.train.run import Run, queue_size_for
from skelrep.train.trainer import checkpoint_of

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("recipe", "clips", "rows"), [("fixed", 10, 5), ("fixed", 3, 2), ("fixed", 99, 8), ("faithful", 3, 8)]
)
def test_queue_size(recipe, clips, rows):
    assert queue_size_for(tiny_config(recipe), clips) == rows


def test_top_k_beyond_the_queue_is_refused_only_where_stage_2_comes():
    with pytest.raises(ConfigError, match="top_k is 3, but with 4 clips the queue holds 2"):
        queue_size_for(tiny_config(top_k=3), 4)
    assert queue_size_for(tiny_config(top_k=3, cross_view_epoch=4), 4) == 2
    assert queue_size_for(tiny_config(top_k=3, views=("bone",)), 4) == 2


def test_a_batch_is_those_clips_preprocessed():
    clips, config = walks(4) + walks(3, seed=1, bodies=2), PreprocessConfig(frames=16)
    batch = load_batch(as_store(clips, "fixed"), np.array([5, 0, 3]), config, CPU)
    torch.testing.assert_close(batch, preprocess([clips[5], clips[0], clips[3]], config))


@pytest.mark.parametrize("change", ["order", "number", "length", "value"])
def test_fingerprint_tells_data_apart(change):
    clips = walks(4)
    other = [clip.copy() for clip in clips]
    if change == "order":
        other = other[::-1]
    elif change == "number":
        other = other[:3]
    elif change == "length":
        other = [np.concatenate([other[0], other[1][:, :1]], axis=1), other[1][:, 1:], *other[2:]]
    else:
        other[2][0, 3, 4, 0] += 1e-6
    prints = [fingerprint(as_store(these, "fixed")) for these in (clips, walks(4), other)]
    assert prints[0] == prints[1]
    assert prints[0] != prints[2]


def test_weights_that_are_not_finite_are_never_saved():
    run = Run(as_store(walks(), "fixed"), tiny_config(), CPU, None)
    run.step()
    with torch.no_grad():
        run.model.query_encoders["joint"].blocks[3].temporal.bias[0] = math.inf
    with pytest.raises(TrainingDivergedError, match=r"1 tensors.*blocks\.3\.temporal\.bias"):
        checkpoint_of(run, {}, None)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_clips(count, tmp_path):
    with pytest.raises(ShapeError, match=f"^{count} clips? given; .* at least 2"):
        train_crossclr(walks(count), tiny_config(), output_dir=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_bad_clips(tmp_path):
    clips = walks(3)
    clips[1][0, 0, 0, 0] = np.nan
    with pytest.raises(InvalidClipError, match=r"clips\[1\]"):
        train_crossclr(clips, tiny_config(), output_dir=tmp_path / "out")
    with pytest.warns(UnitsWarning, match="millimetres|1000"):
        as_store([1000 * clip for clip in walks(2)], "fixed")
    assert not (tmp_path / "out").exists()


def test_prepared_clips_are_not_prepared_again(tmp_path):
    config = tiny_config().preprocess
    once = preprocess(walks(3), config)
    clips = [Clip(data=clip, prepared=True) for clip in once.numpy()]
    ClipStore.from_clips(clips).save(tmp_path)
    for store in (as_store(clips, "fixed"), ClipStore.open(tmp_path)):
        found = load_batch(store, np.arange(3), config, CPU)
        torch.testing.assert_close(found, once, rtol=0, atol=0)
    raw = ClipStore.from_clips([Clip(data=clip.data) for clip in clips])
    assert fingerprint(raw) != fingerprint(store)
