"""Model cards: facts the Hub reads, words a person reads, and what is missing is said."""

import json
import runpy
import sys
from pathlib import Path

import pytest

from skelrep.config import ModelConfig
from skelrep.hub import ModelCard, Result, card_metadata, card_results, training_data
from skelrep.pretrained import EMBEDDED, list_pretrained, load_pretrained

RESULTS = (
    Result(data="UI-PRMD, Kinect", task="linear probe", metric="accuracy", value=88.1),
    Result(data="UI-PRMD, Kinect", task="1-NN", metric="accuracy", value="77 ± 2"),
    Result(data="irds", metric="accuracy", value=90.0),
)


def test_facts_come_back_from_the_front_matter(tmp_path):
    card = ModelCard(
        name="Squats: {deep}",
        license="mit",
        training_data=("UI-PRMD", "me/own"),
        results=RESULTS,
        tags=("rehab",),
    )
    (tmp_path / "README.md").write_text(card.text(ModelConfig(), where="me/squats"), encoding="utf-8")
    found = card_metadata(tmp_path / "README.md")
    assert found["library_name"] == "skelrep"
    assert found["license"] == "mit"
    assert found["tags"][-1] == "rehab"
    assert found["datasets"] == ["me/own"]  # the Hub takes ids there
    assert training_data(found) == ("UI-PRMD", "me/own")
    assert card_results(found) == list(RESULTS)
    assert found["model-index"][0]["results"][0]["dataset"]["type"] == "ui-prmd-kinect"


def test_words_of_an_encoder_and_of_a_classifier():
    card = ModelCard(name="Squats: {deep}", results=RESULTS, training="By hand.", limits="One person.")
    text = card.text(ModelConfig(), where="me/squats")
    for words in (
        "# Squats: {deep}\n", 'skelrep.load_pretrained("me/squats")', "skelrep verify me/squats", "By hand.",
        "ST-GCN on joint, motion, bone", "| UI-PRMD, Kinect | 1-NN | accuracy | 77 ± 2 |", "One person.",
        "Licence of the weights: not chosen yet", "Data: not named yet",
    ):  # fmt: skip
        assert words in text
    text = card.text(ModelConfig(), where="me/squats", classes=("bow", "wave"))
    assert 'skelrep.load_classifier("me/squats")' in text
    assert "Classes: bow, wave." in text


def test_what_is_missing_is_said():
    text = ModelCard(name="Squats").text(ModelConfig(), where="me/squats")
    assert text.count("Not described yet: say so here before you publish this model.") == 2
    assert "None measured yet." in text
    assert "model-index" not in text


@pytest.mark.parametrize(
    "index", [None, "text", [], [{"name": "a"}], [{"name": "a", "results": [{"task": 1}]}]]
)
def test_results_that_cannot_be_read_are_none(index):
    assert card_results({} if index is None else {"model-index": index}) == []


def test_the_default_card_has_the_results_of_its_own_table():
    card = (EMBEDDED / "default" / "README.md").read_text(encoding="utf-8")
    results = card_results(card_metadata(EMBEDDED / "default" / "README.md"))
    assert len(results) == 12
    for data in ("irds", "uiprmd_kinect"):
        values = [str(result.value) for result in results if result.data == data]
        table = card[card.index(f"**{data}**") :]
        row = next(line for line in table.splitlines() if line.startswith("| model | all views |"))
        assert row.split(" | ")[3:] == [*values[:-1], f"{values[-1]} |"]


@pytest.mark.parametrize(
    ("filter_", "names"), [("*", ["default"]), ("d?f*", ["default"]), ("x*", []), ("D*", [])]
)
def test_list_pretrained_takes_wildcards(filter_, names):
    assert [model.name for model in list_pretrained(filter_)] == names


def test_an_edition_is_built_from_a_run_facts_and_a_record(tiny_folder, tmp_path, monkeypatch, capsys):
    benchmarks = Path(__file__).parents[1] / "benchmarks"
    monkeypatch.syspath_prepend(str(benchmarks))
    facts = {"name": "Large", "license": "mit", "training_data": ["UI-PRMD"], "limits": "None known."}
    (tmp_path / "facts.json").write_text(json.dumps(facts))
    options = [str(tiny_folder), "-o", str(tmp_path / "out"), "--facts", str(tmp_path / "facts.json")]
    options += ["--record", str(benchmarks / "results" / "default_report.json"), "--block", "4"]
    monkeypatch.setattr(sys, "argv", ["build_edition.py", *options])
    runpy.run_path(str(benchmarks / "build_edition.py"), run_name="__main__")
    assert "verifies" in capsys.readouterr().out
    assert load_pretrained(tmp_path / "out").config.encoder.feature_blocks == (4,)
    found = card_metadata(tmp_path / "out" / "README.md")
    assert (found["license"], len(card_results(found))) == ("mit", 12)
    (tmp_path / "facts.json").write_text(json.dumps(facts | {"results": [1]}))
    with pytest.raises(SystemExit, match="results from --record"):
        runpy.run_path(str(benchmarks / "build_edition.py"), run_name="__main__")
