"""The study of vectors: its numbers are those of a packaged model, and nothing is computed twice."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import make_encoder

import skelrep
from skelrep.models.reuse import same_weights

ROOT = Path(__file__).parents[1]


def random_clips(count: int, seed: int) -> list[skelrep.Clip]:
    rng = np.random.default_rng(seed)
    return [skelrep.Clip(data=rng.normal(size=(3, 20, 25, 1)).astype(np.float32)) for _ in range(count)]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import choose_vector
    import vector_features

    clips = random_clips(12, seed=0)
    monkeypatch.setattr(vector_features, "training_clips", lambda data: clips)
    monkeypatch.setattr(vector_features, "SINGLE", ())
    monkeypatch.setattr(vector_features, "PAIRS", "irds")
    return choose_vector


@pytest.fixture
def sources(script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """One set of 24 clips, two actions, of IRDS's first choosing subjects."""
    from archives import Archive
    from protocols import IRDS_CHOOSING, SETS
    from vector_features import Sources

    clips = random_clips(24, seed=1)
    columns = {"action": np.tile(["lift", "tap"], 12), "subject": np.repeat([*IRDS_CHOOSING[:11], "999"], 2)}
    archive = Archive("irds", clips, columns, "")
    for name in SETS:
        (tmp_path / f"{name}.npz").write_bytes(b"")
    monkeypatch.setattr(Sources, "archives", lambda self: [archive])
    return Sources(tmp_path, None, tmp_path / "cache")


def test_a_candidate_gives_the_cosines_of_the_packaged_model(script, sources) -> None:
    from package_default import NUISANCE, encoder_config
    from vector_features import training_clips

    model, candidate = make_encoder(), script.Candidate(blocks=(0, 2), size=5)
    study = script.Study(model, sources)
    found = script.vectors(study.features(candidate), candidate)[0]["irds"]
    plain = same_weights(model, encoder_config(model.config.encoder, [0, 2], "parts_std"))
    packaged = skelrep.fit_whitening(plain, training_clips(Path()), size=5, augment=NUISANCE)
    expected = packaged.encode(study.archives[0].clips[:22])
    np.testing.assert_allclose(found[:22] @ found[:22].T, expected @ expected.T, rtol=1e-3, atol=1e-4)


def test_clips_outside_the_tuning_folds_are_not_encoded(script, sources) -> None:
    features = script.Study(make_encoder(), sources).features(script.Candidate(blocks=(0,), size=0))
    assert not features.sets["irds"][22:].any()
    assert features.sets["irds"][:22].any(axis=1).all()


def test_a_block_is_encoded_once(script, sources, monkeypatch: pytest.MonkeyPatch) -> None:
    import vector_features

    study = script.Study(make_encoder(), sources)
    both = study.features(script.Candidate(blocks=(0, 2)))
    monkeypatch.setattr(vector_features, "compute", lambda *_: pytest.fail("computed again"))
    input_alone = study.features(script.Candidate(blocks=(0,)))
    np.testing.assert_array_equal(both.first[:, : input_alone.first.shape[1]], input_alone.first)


@pytest.mark.parametrize(
    "change", [{"pooling": "parts"}, {"nuisance": "with legs of others"}, {"weights": "random"}]
)
def test_other_vectors_are_not_taken_for_these(script, sources, change: dict[str, str]) -> None:
    study, candidate = script.Study(make_encoder(), sources), script.Candidate(blocks=(1,))
    first = study.features(candidate).first
    other = study.features(dataclasses.replace(candidate, **change)).first
    assert first.shape != other.shape or not np.array_equal(first, other)


def row(script, accuracies: dict[str, float]) -> dict:
    """A row whose subjects have these accuracies under every probe, one clip a subject."""
    probe = {"accuracy": float(np.mean(list(accuracies.values()))), "by_subject": accuracies}
    return {"candidate": {}, "numbers": 3, "sets": {"irds": dict.fromkeys(script.COLUMNS, probe)}}


def test_differences_are_judged_by_subjects(script) -> None:
    reference = row(script, {"a": 0.5, "b": 0.7, "c": 0.9})
    gain, error = script.difference(row(script, {"a": 0.6, "b": 0.8, "c": 1.0}), reference)
    assert (gain, error) == pytest.approx((0.1, 0.0))
    gain, error = script.difference(row(script, {"a": 0.8, "b": 0.7, "c": 0.9}), reference)
    assert (gain, error) == pytest.approx((0.1, 0.1))  # 0.3, 0 and 0: deviation 0.17, over the root of 3


def test_the_record_grows_and_the_page_is_made_of_it(script, sources, tmp_path, monkeypatch, capsys) -> None:
    candidates = (script.Candidate(blocks=(0, 2), size=5), script.Candidate(blocks=(2,), size=0))
    monkeypatch.setattr(script, "CANDIDATES", candidates)
    study, record = script.Study(make_encoder(), sources), tmp_path / "record.json"
    script.measure(study, record, only=[0])
    script.measure(study, record, only=[])
    rows = json.loads(record.read_text())["rows"]
    assert [script.Candidate.from_record(r["candidate"]) for r in rows] == list(candidates)
    monkeypatch.setattr(study, "measure", lambda _: pytest.fail("measured again"))
    script.measure(study, record, only=[])
    monkeypatch.setattr(script, "ROOT", tmp_path)
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "results.md"
    page.write_text("before\n<!-- results: vector -->\n<!-- end -->\nafter\n")
    script.write_docs(record)
    lines = page.read_text().splitlines()
    assert [line.split(" | ")[0] for line in lines[4:6]] == [
        "| trained, blocks 0 + 2",
        "| trained, block 2, not whitened",
    ]
    assert "not whitened" in capsys.readouterr().out
