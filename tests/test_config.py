"""Configuration records: strict reading, recipes, and messages that help."""

from __future__ import annotations

import json

import pytest

from skelrep.config import EncoderConfig, ModelConfig, PreprocessConfig, PretrainConfig
from skelrep.errors import ConfigError

RECORDS = [ModelConfig(), PretrainConfig.recipe("fixed"), PretrainConfig.recipe("faithful"), EncoderConfig()]


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: type(r).__name__)
def test_json_round_trip(record: ModelConfig) -> None:
    assert type(record).from_dict(json.loads(json.dumps(record.to_dict()))) == record


def test_missing_fields_take_their_default() -> None:
    assert PretrainConfig.from_dict({"encoder": {"views": ["joint"]}}).encoder == EncoderConfig(
        views=("joint",)
    )


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"epoch": 3}, "Did you mean 'epochs'"),
        (
            {"encoder": {"dropuot": 0.1}},
            r"config\.encoder has an unknown field 'dropuot'. Did you mean 'dropout'",
        ),
        ({"zzz": 3}, "Known fields: recipe_name"),
        ({"epochs": "300"}, "expected a value of type int"),
        ({"epochs": True}, "expected a value of type int"),
        ({"epochs": 0}, "above 0"),
        ({"seed": -1}, "0 or more"),
        ({"temperature": float("nan")}, "temperature"),
        ({"momentum": 1.5}, "momentum <= 1"),
        ({"recipe_name": "mended"}, "one of 'fixed', 'faithful'"),
        ({"recipe_name": "faithful"}, "recipes differ"),
        ({"encoder": {"views": []}}, "one to three"),
        ({"encoder": {"views": ["bone", "joint"]}}, "in this order"),
        ({"encoder": {"views": ["depth"]}}, "a sequence, each one of"),
        ({"encoder": {"views": "joint"}}, "a sequence"),
        ({"encoder": {"dropout": 1.0}}, "dropout < 1"),
        ({"encoder": {"blocks": 11}}, "expected 1-10"),
        ({"encoder": {"feature_blocks": [11]}}, "from 0 .the input. to 10"),
        ({"encoder": {"feature_blocks": [-1, 4]}}, "from 0"),
        ({"encoder": {"blocks": 7, "feature_blocks": [8]}}, "to 7"),
        ({"encoder": {"blocks": 7}}, "to 7"),
        ({"encoder": {"feature_blocks": []}}, "rising order"),
        ({"encoder": {"feature_blocks": [7, 4]}}, "rising order"),
        ({"encoder": {"feature_blocks": [4, 4]}}, "rising order"),
        ({"encoder": {"feature_blocks": 4}}, "a sequence, each a value of type int"),
        ({"encoder": 7}, r"config\.encoder is 7; expected a mapping"),
        ([1] * 100, r"\.\.\.; expected a mapping with fields of PretrainConfig"),
    ],
)
def test_mistakes_are_named(data: object, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        PretrainConfig.from_dict(data)


def test_unknown_format_version() -> None:
    with pytest.raises(ConfigError, match=r"format_version 2; this skelrep reads 1\. Upgrade"):
        ModelConfig.from_dict({"format_version": 2})


def test_whole_numbers_pass_as_floats() -> None:
    assert PretrainConfig(temperature=1).temperature == 1


def test_faithful_is_the_published_recipe() -> None:
    config = PretrainConfig.recipe("faithful")
    assert (config.batch_size, config.epochs, config.cross_view_epoch, config.queue_size) == (
        128,
        300,
        151,
        32768,
    )
    assert (config.momentum, config.temperature, config.top_k, config.context) == (0.999, 0.07, 1, True)
    assert (config.learning_rate, config.weight_decay, config.decay_epoch) == (0.1, 1e-4, 250)
    assert (config.encoder.dropout, config.augment.shear, config.augment.crop_ratio) == (0.5, 0.5, 6)
    assert (config.augment.rotation, config.augment.bone_scale) == (0, 0)
    assert config.preprocess == PreprocessConfig(recipe_name="faithful", bone_lengths="keep")
    assert config.encoder.recipe_name == "faithful"
