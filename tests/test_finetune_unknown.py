"""Calibration and the answer "unknown"; classifiers on disk."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from labelled import labelled_clips, small_encoder
from safetensors.torch import load_file, save_file

import skelrep
from skelrep.classifier import SkeletonClassifier
from skelrep.classifier.calibrate import fit_temperature, fit_threshold
from skelrep.errors import (
    ConfigError,
    DataWarning,
    EvaluationError,
    SkelrepError,
    WeightsError,
    WeightsNotFoundError,
)
from skelrep.weights_io import verify_model

MODEL = small_encoder()
CLIPS, LABELS = labelled_clips(each=8)
ODD = [np.random.default_rng(n).normal(0, 0.3, (3, 20, 25, 1)).astype(np.float32) for n in range(8)]


@pytest.fixture(scope="module")
def classifier() -> SkeletonClassifier:
    """Text classes, with the answer "unknown"."""
    return skelrep.finetune(MODEL, CLIPS, LABELS, unknown=True, false_reject_rate=0.1)


def test_temperature_undoes_overconfidence() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4000, 3, generator=generator, dtype=torch.float64)
    y = torch.multinomial(torch.softmax(logits, dim=1), 1, generator=generator)[:, 0]
    assert fit_temperature(logits, y) == pytest.approx(1, abs=0.1)
    assert fit_temperature(5 * logits, y) == pytest.approx(5, abs=0.5)
    assert fit_temperature(logits[:0], y[:0]) == 1.0


def test_a_handful_of_right_answers_is_no_certainty() -> None:
    logits, y = torch.eye(3), torch.arange(3)
    t = fit_temperature(logits, y)
    assert 0.5 < torch.softmax(logits / t, dim=1).max() < 0.9


@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_the_threshold_keeps_its_rate(rate: float) -> None:
    random = torch.Generator().manual_seed(1)
    held_out, new = torch.rand(200, 50, generator=random), torch.rand(200, 200, generator=random)
    rejected = [
        (scores > fit_threshold(known, rate)).double().mean()
        for known, scores in zip(held_out, new, strict=True)
    ]
    assert 0.5 * rate < np.mean(rejected) <= 1.1 * rate


def test_too_few_clips_for_the_rate_are_told() -> None:
    with pytest.warns(DataWarning, match="at least 19"):
        assert fit_threshold(torch.tensor([0.1, 0.3, 0.2]), 0.05) == pytest.approx(0.3)


def test_clips_unlike_all_classes_are_unknown(classifier: SkeletonClassifier) -> None:
    known = classifier.predict_details(labelled_clips(each=8, seed=5)[0])
    odd = classifier.predict_details(ODD)
    assert known.unknown.mean() <= 0.25
    assert odd.unknown.mean() >= 0.75
    assert set(odd.labels[odd.unknown]) == {"unknown"}
    assert (odd.labels[~odd.unknown] == odd.best[~odd.unknown]).all()
    np.testing.assert_allclose(odd.probabilities.sum(axis=1), 1, rtol=1e-12)


def test_unknown_is_none_among_numbers() -> None:
    numbers = [len(label) for label in LABELS]
    found = skelrep.finetune(MODEL, CLIPS, numbers, unknown=True, false_reject_rate=0.1).predict(ODD + CLIPS)
    assert None in found[: len(ODD)].tolist()
    assert set(found.tolist()) <= {None, 3, 4}


def test_a_trained_encoder_measures_its_own_threshold() -> None:
    found = skelrep.finetune(
        MODEL, CLIPS, LABELS, mode="full", epochs=2, unknown=True, false_reject_rate=0.3, device="cpu"
    )
    assert found.config.report.held_out == 6
    assert found.predict_details(ODD).unknown.mean() >= 0.5


@pytest.mark.parametrize(
    ("clips", "labels", "options", "error", "words"),
    [
        (3, None, {}, EvaluationError, "one clip only"),
        (24, None, {"validation": 0}, ConfigError, "Hold some out"),
        (24, ["unknown", "a", "b"] * 8, {}, EvaluationError, "Call it otherwise"),
        (24, None, {"false_reject_rate": 1.0}, ConfigError, "between 0 and 1"),
    ],
)
def test_unknown_that_cannot_be_measured(
    clips: int, labels: list[str] | None, options: dict, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        skelrep.finetune(MODEL, CLIPS[:clips], labels or LABELS[:clips], unknown=True, **options)


def test_round_trip(classifier: SkeletonClassifier, tmp_path: Path) -> None:
    classifier.save_pretrained(tmp_path / "a")
    state = torch.random.get_rng_state()
    loaded = skelrep.load_classifier(tmp_path / "a", device="cpu")
    assert torch.equal(torch.random.get_rng_state(), state)
    assert loaded.config == classifier.config
    np.testing.assert_array_equal(loaded.classes_, classifier.classes_)
    found, expected = (vars(c.predict_details(ODD)) for c in (loaded, classifier))
    for one, other in zip(found.values(), expected.values(), strict=True):
        np.testing.assert_array_equal(one, other)
    loaded.save_pretrained(tmp_path / "b")
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert verify_model(loaded.encoder, tmp_path / "a") < 1e-6


def _edit_config(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(path.read_text().replace('"bow"', '"bat"'))


def _drop_head(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    del tensors["head.bias"]
    save_file(tensors, path, {"config_sha256": _sha256(folder / "config.json")})


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _no_classes(folder: Path) -> None:
    MODEL.save_pretrained(folder)


def _one_class(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"classes": ["bow", "bow"]}))
    weights = folder / "model.safetensors"
    save_file(load_file(weights), weights, {"config_sha256": _sha256(path)})


@pytest.mark.parametrize(
    ("damage", "error", "words"),
    [
        (_edit_config, WeightsError, "edited or only half replaced"),
        (_drop_head, WeightsError, "1 missing: head.bias"),
        (_no_classes, ConfigError, "skelrep.load_pretrained"),
        (_one_class, ConfigError, "two or more different labels"),
        (lambda folder: (folder / "config.json").unlink(), WeightsNotFoundError, "there is no"),
    ],
)
def test_damage_is_refused(
    classifier: SkeletonClassifier, tmp_path: Path, damage: object, error: type[Exception], words: str
) -> None:
    classifier.save_pretrained(tmp_path)
    damage(tmp_path)  # type: ignore[operator]
    with pytest.raises(error, match=words):
        skelrep.load_classifier(tmp_path)


def test_a_classifier_is_not_taken_for_an_encoder(classifier: SkeletonClassifier, tmp_path: Path) -> None:
    classifier.save_pretrained(tmp_path)
    with pytest.raises(SkelrepError, match="unknown field"):
        skelrep.load_pretrained(tmp_path)
