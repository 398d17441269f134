"""`probe`: what it records, the baselines beside it; networks fine-tuned and from scratch."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from labelled import labelled_clips, small_encoder

import skelrep
from skelrep.clips import Clip
from skelrep.errors import ConfigError, EvaluationError, TrainingDivergedError
from skelrep.evaluate import (
    FewShot,
    FineTuning,
    FromScratch,
    LinearEvaluation,
    NearestNeighbours,
    RidgeProbe,
    SemiSupervised,
    draw_share,
    finetune_evaluation,
    k_fold,
    knn_probe,
    linear_evaluation,
    probe,
    random_encoder,
    raw_joints,
    ridge_probe,
    scratch_evaluation,
)
from skelrep.evaluate.compare import _with_scratch

CLIPS, LABELS = labelled_clips(each=8)
Y = np.array(LABELS)
HALF = np.arange(24) < 12, (np.arange(24) >= 12) & (np.arange(24) < 21)  # three clips are in neither


@pytest.fixture(scope="module")
def encoder():
    return small_encoder(views=("joint", "motion"))


def by_name(records):
    return {(record.contender, record.protocol): record for record in records}


def test_every_cell_is_the_protocol_on_the_contenders_vectors(encoder):
    protocols = [LinearEvaluation(epochs=3, decay_epoch=2, batch_size=4), "1-nn", RidgeProbe(alpha=1.0)]
    found = by_name(probe(encoder, CLIPS, LABELS, HALF, protocols=protocols, seeds=(4, 7), progress=False))
    train, test = HALF

    def fold(x):
        return x[train], Y[train], x[test], Y[test]

    def linear(model, seed):
        options = {"epochs": 3, "decay_epoch": 2, "batch_size": 4, "parts": 2, "seed": seed}
        return linear_evaluation(*fold(model.encode(CLIPS)), **options).accuracy

    x, raw = encoder.encode(CLIPS), raw_joints(CLIPS)
    random = [random_encoder(encoder.config, seed) for seed in (4, 7)]
    expected = {
        ("model", "linear evaluation"): ((4, 7), [linear(encoder, 4), linear(encoder, 7)]),
        ("model", "1-NN"): ((), [knn_probe(*fold(x)).accuracy]),
        ("model", "ridge"): ((), [ridge_probe(*fold(x), alpha=1.0).accuracy]),
        ("random encoder", "linear evaluation"): ((4, 7), [linear(random[0], 4), linear(random[1], 7)]),
        ("random encoder", "1-NN"): ((4, 7), [knn_probe(*fold(m.encode(CLIPS))).accuracy for m in random]),
        ("random encoder", "ridge"): (
            (4, 7), [ridge_probe(*fold(m.encode(CLIPS)), alpha=1.0).accuracy for m in random],
        ),
        ("raw joints", "1-NN"): ((), [knn_probe(*fold(raw)).accuracy]),
    }  # fmt: skip
    assert {key: (found[key].seeds, list(found[key].top_1)) for key in expected} == expected
    assert found["raw joints", "ridge"].parameters == {"alpha": 1000.0}  # its own, besides the one asked for
    assert len(found) == len(expected) + 1


def test_a_record_says_where_it_comes_from(encoder):
    clips = [Clip(data=clip, name=str(n)) for n, clip in enumerate(CLIPS)]
    call = {"protocols": ["1-nn"], "baselines": [], "progress": False}
    (one,) = probe(encoder, clips, LABELS, HALF, **call, data_name="gym", split_name="half")
    (again,) = probe(encoder, CLIPS, LABELS, HALF, **call)
    assert (one.model.name, one.data.name, one.split.description) == ("own model", "gym", "half")
    assert (one.data.clips, one.split.train, one.split.test, one.split.folds) == (21, 12, 9, 1)
    assert one.model.config == encoder.config.to_dict()
    assert one.data.sha256 == again.data.sha256
    assert set(one.versions) >= {"python", "torch", "numpy", "skelrep"}
    assert np.trace(one.confusion) / np.sum(one.confusion) == pytest.approx(one.mean)
    assert one.classes == ("bow", "jump", "wave")
    moved = [*CLIPS[:3], CLIPS[3] + np.float32(1e-3), *CLIPS[4:]]
    (other,) = probe(encoder, moved, LABELS, HALF, **call)
    assert other.data.sha256 != one.data.sha256
    with torch.no_grad():
        changed = small_encoder(views=("joint", "motion"))
        next(changed.parameters()).add_(1e-3)
    (third,) = probe(changed, CLIPS, LABELS, (HALF[1], HALF[0]), **call)
    assert third.model.weights_sha256 != one.model.weights_sha256
    assert third.split.sha256 != one.split.sha256


def test_folds_are_counted_together_even_where_one_lacks_a_class(encoder):
    labels = np.array([*LABELS[:22], "rare", "rare"])
    folds = [(HALF[0], HALF[1]), (np.arange(24) % 2 == 0, np.arange(24) % 2 == 1)]
    (record,) = probe(encoder, CLIPS, labels, folds, protocols=["1-nn"], baselines=[], progress=False)
    x, total, right = encoder.encode(CLIPS), 0, 0
    for train, test in folds:
        result = knn_probe(x[train], labels[train], x[test], labels[test])
        total, right = total + result.n_test, right + np.sum(result.predictions == labels[test])
    assert record.classes == ("bow", "jump", "rare", "wave")
    assert (record.split.folds, record.split.test, record.mean) == (2, total, right / total)
    assert np.sum(record.confusion) == total


def test_top_5_is_kept_where_there_are_more_classes(encoder):
    labels = [f"{label}{n % 2}" for n, label in enumerate(LABELS)]
    folds = list(k_fold(labels, 2))
    (record,) = probe(encoder, CLIPS, labels, folds, protocols=[NearestNeighbours(k=9)], baselines=[])
    assert record.mean <= record.top_5[0] <= 1
    assert len(record.top_5) == 1


def test_a_whitened_vector_has_one_head_and_random_encoders_are_not_whitened(encoder):
    whitened = skelrep.fit_whitening(encoder, CLIPS, size=5)
    protocols = [LinearEvaluation(epochs=2)]
    found = by_name(
        probe(whitened, CLIPS, LABELS, HALF, protocols=protocols, seeds=(4,), baselines=["random encoder"])
    )
    train, test = HALF
    for contender, model, parts in (
        ("model", whitened, 1),
        ("random encoder", random_encoder(encoder.config, 4), 2),
    ):
        x = model.encode(CLIPS)
        result = linear_evaluation(x[train], Y[train], x[test], Y[test], parts=parts, epochs=2, seed=4)
        assert found[contender, "linear evaluation"].top_1 == (result.accuracy,)
    assert random_encoder(whitened.config, 4).embedding_dim == encoder.embedding_dim


def test_episodes_go_round_the_random_encoders(encoder):
    protocols = [FewShot(shots=1, episodes=5), SemiSupervised(share=0.5)]
    found = by_name(probe(encoder, CLIPS, LABELS, HALF, protocols=protocols, seeds=(2, 3), progress=False))
    assert found["random encoder", "1-shot"].seeds == found["model", "1-shot"].seeds == (2, 3, 4, 5, 6)
    assert found["model", "50 % of labels"].seeds == (2, 3)
    assert found["raw joints", "1-shot"].deviation is not None


def test_fine_tuning_stands_beside_training_from_scratch(encoder):
    tuned = FineTuning(share=0.5, epochs=1)
    before = torch.get_rng_state()
    records = probe(
        encoder, CLIPS, LABELS, HALF, seeds=(1,), progress=False, device="cpu",
        protocols=[tuned, FromScratch(share=0.5, epochs=1)],
        baselines=["from scratch"],
    )  # fmt: skip
    assert torch.equal(torch.get_rng_state(), before)
    assert [(r.contender, r.protocol) for r in records] == [
        ("model", "fine-tuning, 50 % of labels"),
        ("from scratch", "fine-tuning, 50 % of labels"),
    ]
    scratch = scratch_evaluation(
        encoder.config, CLIPS, LABELS, HALF, share=0.5, epochs=1, seed=1, device="cpu"
    )
    assert records[1].top_1 == (scratch.accuracy,)
    result = finetune_evaluation(encoder, CLIPS, LABELS, HALF, share=0.5, epochs=1, seed=1, device="cpu")
    assert records[0].top_1 == (result.accuracy,)
    places = np.flatnonzero(HALF[0])
    assert result.n_train == len(draw_share(Y[places], 0.5, 1)) == 6


def test_training_from_scratch_is_added_beside_fine_tuning_unless_it_is_asked_for():
    asked = (FineTuning(), FineTuning(share=0.1), FromScratch(share=0.1, epochs=3))
    assert _with_scratch(asked, ["from scratch"]) == (*asked, FromScratch())
    assert _with_scratch(asked, []) == asked


def test_training_from_scratch_learns_and_is_its_seed(encoder):
    config = encoder.config
    options = {"learning_rate": 1e-2, "batch_size": 6, "device": "cpu"}
    one, again = (scratch_evaluation(config, CLIPS, LABELS, HALF, epochs=15, **options) for _ in range(2))
    assert one.accuracy > 0.8
    assert one.predictions.tolist() == again.predictions.tolist()
    untrained = scratch_evaluation(config, CLIPS, LABELS, HALF, epochs=1, learning_rate=1e-9, device="cpu")
    assert untrained.accuracy < 0.8
    assert one.n_train == 12
    with pytest.raises(TrainingDivergedError, match="from scratch the loss is"):
        scratch_evaluation(config, CLIPS, LABELS, HALF, learning_rate=1e30, epochs=9, device="cpu")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"protocols": ["magic"]}, "no protocol 'magic'; expected one of linear, logistic"),
        ({"protocols": []}, "no protocol given"),
        ({"protocols": ["knn"]}, "20-NN needs 20 training clips, and a fold has 12"),
        ({"protocols": ["10-shot"]}, r"class 'bow' has 4 training clip\(s\); expected 10"),
        ({"protocols": [FineTuning(share=2.0)]}, r"share is 2\.0"),
        ({"protocols": [SemiSupervised(share=0.0)]}, r"share is 0\.0"),
        ({"baselines": ["luck"]}, "no baseline 'luck'"),
        ({"seeds": ()}, r"seeds are \[\]"),
        ({"seeds": (1, 1)}, r"seeds are \[1, 1\]"),
        ({"labels": LABELS[:3]}, r"labels has shape \(3,\); expected \(24,\)"),
        ({"labels": ["bow"] * 12 + ["new"] * 12}, "no training clip has, 'new' first"),
        ({"split": (HALF[0], HALF[0])}, "clip 0 is on both sides"),
    ],
)
def test_what_cannot_be_evaluated_is_found_before_anything_runs(encoder, options, message, monkeypatch):
    monkeypatch.setattr("skelrep.evaluate.compare.encode", lambda *_, **__: pytest.fail("it ran"))
    call = {"labels": LABELS, "split": HALF, "protocols": ["ridge"]} | options
    with pytest.raises(EvaluationError, match=message):
        probe(encoder, CLIPS, **call)


def test_protocols_are_strict_records():
    with pytest.raises(ConfigError, match=r"FewShot\.episodes is 0"):
        FewShot(episodes=0)
    with pytest.raises(ConfigError, match=r"NearestNeighbours\.k is 'one'"):
        NearestNeighbours(k="one")
    assert dataclasses.replace(RidgeProbe(), alpha=2).to_dict() == {"alpha": 2}
