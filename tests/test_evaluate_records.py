"""Records of results: strict JSON, tables, model cards."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelrep.config import ModelConfig
from skelrep.errors import ConfigError, FormatError, OutputError
from skelrep.evaluate import EvaluationRecord, card_results, read_records, results_table, write_records
from skelrep.evaluate.results import DataSource, ModelSource, SplitSource
from skelrep.hub import ModelCard, card

RECORD = EvaluationRecord(
    contender="model",
    protocol="1-NN",
    parameters={"k": 1, "temperature": 0.07},
    model=ModelSource(name="default", commit="abc", weights_sha256="12", config=ModelConfig().to_dict()),
    data=DataSource(name="gym", sha256="34", clips=10),
    split=SplitSource(description="subjects:ann", sha256="56", folds=1, train=6, test=4),
    seeds=(3, 4, 5),
    top_1=(0.5, 0.75, 1.0),
    classes=("sit", "walk"),
    per_class={"sit": 0.5, "walk": 1.0},
    confusion=((3, 3), (0, 6)),
    versions={"torch": "2"},
    machine={"cores": "2"},
    created="2026-01-01T00:00:00+00:00",
)
SINGLE = dataclasses.replace(RECORD, seeds=(), top_1=(0.25,))


def test_mean_and_sample_deviation():
    assert (RECORD.mean, RECORD.deviation) == (0.75, 0.25)
    assert (SINGLE.mean, SINGLE.deviation) == (0.25, None)


@settings(max_examples=25, deadline=None)
@given(
    top_1=st.lists(st.floats(0, 1), min_size=2, max_size=4),
    classes=st.sampled_from([("a", "ß"), (1, 2)]),
    name=st.text(max_size=9),
    parameters=st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=5), st.none())),
)
def test_records_come_back_as_they_were_written(tmp_path_factory, top_1, classes, name, parameters):
    record = dataclasses.replace(
        RECORD,
        seeds=tuple(range(len(top_1))),
        top_1=tuple(top_1),
        classes=classes,
        parameters=parameters,
        data=DataSource(name=name, sha256="", clips=1),
    )
    path = tmp_path_factory.mktemp("records") / "out.json"
    write_records(path, [record, SINGLE])
    assert read_records(path) == [record, SINGLE]


def test_a_record_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RECORD.top_1 = (1.0,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"top_1": ()}, "top_1 has 0 values"),
        ({"seeds": (1,)}, "top_1 has 3 values and seeds 1"),
        ({"seeds": ()}, "seeds 0"),
        ({"top_5": (1.0,)}, "top_5 has 1 values; expected none or 3"),
        ({"top_1": (0.5, 1.5, 0.0)}, "not from 0 to 1"),
        ({"per_class": {"sit": -0.1}}, "not from 0 to 1"),
        ({"per_class": {"sit": "good"}}, "per_class is .*expected a mapping, each a value of type float"),
        ({"confusion": ((1, 2, 3), (4, 5, 6))}, "confusion is not 2 x 2"),
        ({"confusion": ((1, 2),)}, "confusion is not 2 x 2"),
        ({"contender": "winner"}, "contender is 'winner'; expected one of 'model'"),
        ({"format_version": 2}, "format_version is 2; this skelrep reads 1"),
    ],
)
def test_impossible_records(changes, message):
    with pytest.raises(ConfigError, match=message):
        dataclasses.replace(RECORD, **changes)


def damaged(**changes):
    data = RECORD.to_dict() | changes
    return {"format_version": 1, "records": [{k: v for k, v in data.items() if v is not None}]}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{", "is not JSON"),
        ([], "is no file of evaluation records"),
        ({"format_version": 1, "records": [], "more": 1}, "is no file of evaluation records"),
        ({"format_version": 9, "records": []}, "format_version 9; this skelrep reads 1"),
        ({"format_version": 1, "records": 5}, "this skelrep reads 1"),
        ({"format_version": 1, "records": [3]}, r"records\[0\] is 3; expected a mapping"),
        (damaged(top_1=None), r"records\[0\] lacks a field \(.*top_1"),
        (damaged(data={"name": "x", "sha256": ""}), r"records\[0\] lacks a field \(.*clips"),
        (damaged(topp_1=1), r"records\[0\] has an unknown field 'topp_1'. Did you mean 'top_1'\?"),
        (damaged(top_1=["a", 0, 0]), r"records\[0\]: EvaluationRecord\.top_1 is"),
        (damaged(model={"name": 4}), r"records\[0\]: ModelSource\.name is 4"),
        (damaged(confusion=[[0.5, 1], [2, 3]]), r"records\[0\]: EvaluationRecord\.confusion is"),
    ],
)
def test_reading_is_strict(tmp_path, data, message):
    path = tmp_path / "bad.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    with pytest.raises(FormatError, match=message):
        read_records(path)


def test_files_that_cannot_be_read_or_written(tmp_path):
    with pytest.raises(FormatError, match="cannot read"):
        read_records(tmp_path / "none.json")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        write_records(tmp_path / "file" / "out.json", [RECORD])


def test_a_table_has_a_row_a_contender_and_a_column_a_protocol():
    raw = dataclasses.replace(SINGLE, contender="raw joints", protocol="ridge", model=ModelSource(name="raw"))
    folded = dataclasses.replace(RECORD.split, folds=3, description="k|fold")
    other = dataclasses.replace(SINGLE, split=folded, model=ModelSource(name="my|own"))
    text = results_table([RECORD, raw, dataclasses.replace(SINGLE, protocol="ridge"), SINGLE, other])
    first, second = text.split("\n\n**")
    assert first.splitlines() == [
        "**gym**, subjects:ann (6 training clips, 4 test clips; top-1 in %)",
        "",
        "|            |              1-NN | ridge |",
        "|------------|------------------:|------:|",
        "| default    | 75.0 ± 25.0, 25.0 |  25.0 |",
        "| raw joints |                 - |  25.0 |",
    ]
    assert second.startswith("gym**, k|fold (3 folds, 6 training clips a fold, 4 test clips; top-1 in %)")
    assert second.endswith("\n| my\\|own | 25.0 |")


def test_a_card_takes_the_models_results_alone():
    baseline = dataclasses.replace(RECORD, contender="random encoder")
    results = card_results([baseline, RECORD, SINGLE])
    text = ModelCard(name="Mine", license="mit", results=results).text(ModelConfig(), where="me/mine")
    assert "| gym (subjects:ann) | 1-NN | accuracy | 75.0 ± 25.0 |" in text
    assert [result.value for result in results] == ["75.0 ± 25.0", 25.0]
    found = [card._eval_result(result) for result in results]
    assert [(r.dataset_name, r.metric_type, r.metric_value, r.metric_name) for r in found] == [
        ("gym (subjects:ann)", "accuracy", "75.0 ± 25.0", "1-NN"),
        ("gym (subjects:ann)", "accuracy", 25.0, "1-NN"),
    ]
