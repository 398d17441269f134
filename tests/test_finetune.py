"""`finetune`: classifiers that learn, leave the caller's things alone, and say what is wrong."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from labelled import labelled_clips, small_encoder

import skelrep
from skelrep.classifier.head import fit_head
from skelrep.classifier.labels import make_folds, number_labels
from skelrep.classifier.tune import lowest_blocks
from skelrep.errors import ConfigError, EvaluationError, InvalidClipError, TrainingDivergedError

MODEL = small_encoder()
CLIPS, LABELS = labelled_clips()
NEW_CLIPS, NEW_LABELS = labelled_clips(each=3, seed=1)
QUICK = {"epochs": 4, "batch_size": 8, "device": "cpu"}


@pytest.mark.parametrize("mode", ["linear", "full", "gradual"])
def test_every_mode_learns_leaves_all_alone_and_repeats_itself(mode: str) -> None:
    model = small_encoder().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = torch.random.get_rng_state()
    with torch.no_grad():
        one, two = (skelrep.finetune(model, CLIPS, LABELS, mode=mode, **QUICK) for _ in range(2))
        assert not torch.is_grad_enabled()
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), state)
    assert one.classes_.tolist() == ["bow", "jump", "wave"]
    assert (one.predict(NEW_CLIPS) == NEW_LABELS).mean() >= 0.8
    np.testing.assert_array_equal(one.predict_proba(NEW_CLIPS), two.predict_proba(NEW_CLIPS))
    assert not one.encoder.training
    assert all(parameter.requires_grad for parameter in one.encoder.parameters())


def test_linear_is_scikit_learns_optimum() -> None:
    from sklearn.linear_model import LogisticRegression

    classifier = skelrep.finetune(MODEL, CLIPS, LABELS, C=0.5, class_weight=None, validation=0)
    x = skelrep.encode(CLIPS, MODEL).astype(np.float64)
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    expected = LogisticRegression(C=0.5, max_iter=5000, tol=1e-10).fit(scaled, LABELS)
    np.testing.assert_allclose(classifier.predict_proba(CLIPS), expected.predict_proba(scaled), atol=1e-3)
    assert classifier.validation_accuracy is None
    assert classifier.config.temperature == 1.0


def test_linear_in_the_span_of_few_clips_equals_the_direct_solution() -> None:
    wide = small_encoder(pooling="parts")
    assert wide.embedding_dim > len(CLIPS)
    classifier = skelrep.finetune(wide, CLIPS, LABELS)
    assert (classifier.predict(CLIPS) == LABELS).all()


def test_balanced_classes_count_the_same() -> None:
    keep = [n for n, label in enumerate(LABELS) if label != "wave" or n < 3]
    clips, labels = [CLIPS[n] for n in keep], [LABELS[n] for n in keep]
    balanced, plain = (
        skelrep.finetune(MODEL, clips, labels, class_weight=weight, C=0.001, validation=0)
        for weight in ("balanced", None)
    )
    column = balanced.classes_.tolist().index("wave")
    p_balanced, p_plain = (c.predict_proba(NEW_CLIPS)[:, column] for c in (balanced, plain))
    assert (p_balanced > p_plain).all()


def test_training_changes_weights_but_not_the_norms_statistics() -> None:
    found = skelrep.finetune(MODEL, CLIPS, LABELS, mode="full", validation=0, **QUICK)
    assert found.config.report.best_epoch == 4
    before, after = MODEL.state_dict(), found.encoder.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert "encoders.joint.blocks.0.temporal.weight" in changed
    assert not [name for name in changed if "running" in name or "adjacency" in name]


def test_gradual_sets_free_from_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    freed = []
    monkeypatch.setattr("skelrep.classifier.tune.set_free", lambda encoder, lowest: freed.append(lowest))
    skelrep.finetune(MODEL, CLIPS, LABELS, mode="gradual", **QUICK)
    assert freed == [10, 8, 5, 1]
    assert lowest_blocks(4, "gradual") == [1]


def test_only_the_top_block_moves_in_the_first_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skelrep.classifier.tune.LOWEST_BLOCKS", (10,))
    found = skelrep.finetune(MODEL, CLIPS, LABELS, mode="gradual", validation=0, **QUICK)
    before, after = MODEL.state_dict(), found.encoder.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(".blocks.9." in name for name in changed)


def test_the_best_epoch_is_restored_and_patience_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    from skelrep.classifier.tune import Tuner

    losses = iter([3.0, 2.0, 1.0, 2.0, 2.0, 0.0])
    states = []

    def pretend(tuner: Tuner) -> float:
        states.append({name: t.clone() for name, t in tuner.encoder.state_dict().items()})
        return next(losses)

    monkeypatch.setattr(Tuner, "held_out_loss", pretend)
    found = skelrep.finetune(
        MODEL, CLIPS, LABELS, mode="full", epochs=9, patience=2, batch_size=8, device="cpu"
    )
    assert found.config.report.best_epoch == 2
    assert len(states) == 5
    assert all(torch.equal(tensor, states[2][name]) for name, tensor in found.encoder.state_dict().items())
    assert any(not torch.equal(a[n], b[n]) for a, b in pairwise(states) for n in a)


@pytest.mark.parametrize("mode", ["linear", "full"])
def test_the_final_head_has_learned_from_all_clips(mode: str) -> None:
    found = skelrep.finetune(MODEL, CLIPS, LABELS, mode=mode, class_weight=None, **QUICK)
    classes, y = np.unique(LABELS, return_inverse=True)
    vectors = torch.as_tensor(skelrep.encode(CLIPS, found.encoder))
    expected = fit_head(vectors, torch.from_numpy(y), torch.ones(len(classes)), C=0.1)
    torch.testing.assert_close(found.head(vectors), expected(vectors), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("mode", ["linear", "gradual"])
def test_one_clip_a_class_is_enough(mode: str) -> None:
    found = skelrep.finetune(MODEL, CLIPS[:3], LABELS[:3], mode=mode, **QUICK)
    assert found.predict(CLIPS[:3]).tolist() == LABELS[:3]
    assert found.validation_accuracy is None


def test_a_model_by_name_and_numbered_labels(tmp_path: object) -> None:
    MODEL.save_pretrained(tmp_path)  # type: ignore[arg-type]
    numbers = torch.tensor([{"bow": 7, "jump": 3, "wave": -1}[label] for label in LABELS])
    found = skelrep.finetune(tmp_path, CLIPS, numbers)  # type: ignore[arg-type]
    assert found.classes_.tolist() == [-1, 3, 7]
    assert found.predict(CLIPS[:1]).tolist() == [7]
    assert found.predict([]).shape == (0,)
    assert found.predict_proba([]).shape == (0, 3)


def test_groups_are_never_on_both_sides() -> None:
    y = np.arange(24) % 3
    people = np.repeat(["ann", "bob", "eve", "joe"], 6)
    fold = make_folds(y, 0.25, seed=3, groups=people)
    assert set(fold) == {0, 1, 2, 3}
    assert all(len(set(fold[people == who])) == 1 for who in people)
    with_groups = skelrep.finetune(MODEL, CLIPS, LABELS, groups=np.arange(18) // 6, validation=0.5)
    assert with_groups.config.report.held_out == 18


def test_folds_hold_out_evenly_from_every_class() -> None:
    y = np.array([0] * 10 + [1] * 5 + [2] * 2 + [3])
    fold = make_folds(y, 0.2, seed=0)
    assert [np.bincount(fold[y == k], minlength=5).tolist() for k in (0, 1)] == [[2] * 5, [1] * 5]
    assert sorted(fold[y == 2]) == [0, 1]
    assert fold[-1] == -1
    assert not np.array_equal(fold, make_folds(y, 0.2, seed=1))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["a"] * 17, "17 labels given for 18 clips"),
        (["a"] * 18, "1 class.*two or more"),
        (["a", None] * 9, r"labels\[1\] is None"),
        ([True, False] * 9, r"labels\[0\] is True"),
        ([0.5, 1.5] * 9, r"labels\[0\] is 0.5"),
        (["a", 1] * 9, "mix text and numbers"),
        ("abc", "one label a clip"),
        (3, "labels is a int"),
    ],
)
def test_labels_that_do_not_fit(labels: object, words: str) -> None:
    with pytest.raises(EvaluationError, match=words):
        skelrep.finetune(MODEL, CLIPS, labels)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"mode": "fast"}, ConfigError, "one of 'linear', 'full', 'gradual'"),
        ({"validation": 0.9}, ConfigError, "share from 0 to 0.5"),
        ({"epochs": 0}, ConfigError, "above 0"),
        ({"class_weight": "equal"}, ConfigError, "'balanced' or None"),
        ({"device": "gpu"}, ConfigError, "cannot be used"),
        ({"groups": ["ann"] * 18}, EvaluationError, "one group only"),
        ({"groups": ["ann"]}, EvaluationError, r"expected \(18,\)"),
        ({"groups": np.arange(18) % 3}, EvaluationError, "one side of a split"),
        ({"mode": "full", "learning_rate": 1e30, "epochs": 3}, TrainingDivergedError, "learning_rate below"),
    ],
)
def test_options_that_cannot_be(options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        skelrep.finetune(MODEL, CLIPS, LABELS, **options)


def test_a_bad_clip_is_named() -> None:
    broken = CLIPS[1].copy()
    broken[0, 3, 4] = np.nan
    with pytest.raises(InvalidClipError, match=r"clips\[1\].*frame 3"):
        skelrep.finetune(MODEL, [CLIPS[0], broken], ["a", "b"])


def test_no_labels_for_no_clips() -> None:
    with pytest.raises(EvaluationError, match="0 class"):
        number_labels([], 0)


def test_the_function_stands_where_its_room_might(capsys: pytest.CaptureFixture[str]) -> None:
    from skelrep.classifier import finetune

    assert skelrep.finetune is finetune
    skelrep.finetune(MODEL, CLIPS, LABELS, mode="full", progress=True, **QUICK)
    assert "finetune" in capsys.readouterr().err


def test_dropout_learns_and_repeats_itself() -> None:
    model = small_encoder(recipe_name="faithful", dropout=0.5)
    options = QUICK | {"mode": "full", "validation": 0}
    one, two = (skelrep.finetune(model, CLIPS, LABELS, **options) for _ in range(2))
    other = skelrep.finetune(model, CLIPS, LABELS, **options | {"seed": 1})
    rows = [classifier.predict_proba(NEW_CLIPS) for classifier in (one, two, other)]
    np.testing.assert_array_equal(rows[0], rows[1])
    assert not np.array_equal(rows[0], rows[2])
