"""`skelrep reproduce`: the table, the words of its options, Ctrl-C, and errors in one line."""

from __future__ import annotations

import json

import pytest
from raw_datasets import ntu_names, write_ntu
from tiny_training import tiny_config

from skelrep.cli.program import build_parser, main
from skelrep.cli.reproduce import SPLIT_NAMES, reproduction_config
from skelrep.datasets import SPLITS
from skelrep.reproduction import reproduction_config as published
from skelrep.reproduction import run


@pytest.fixture
def arguments(tmp_path):
    write_ntu(tmp_path / "raw", ntu_names())
    config = tiny_config("fixed", views=("joint",), epochs=1, batch_size=4)
    (tmp_path / "config.json").write_text(json.dumps(config.to_dict()))
    return [
        "reproduce", "ntu60-xview", "--data", str(tmp_path / "raw"), "-o", str(tmp_path / "run"),
        "--config", str(tmp_path / "config.json"), "--device", "cpu",
    ]  # fmt: skip


def test_interrupted_and_gone_on_with(arguments, capsys, monkeypatch, tmp_path):
    def stop(*given, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run, "compute_vectors", stop)
        assert main(arguments) == 130
    first = capsys.readouterr()
    assert "skelrep: interrupted; the same command goes on where it stopped" in first.err
    assert "8 training and 4 test files" in first.out
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "files" not in out
    assert "| SkeletonCLR (joint), published (quoted)" in out
    assert f"model: {tmp_path / 'run' / 'pretraining'}" in out
    assert main([*arguments, "--quiet"]) == 0
    table = capsys.readouterr()
    assert table.out == (tmp_path / "run" / "table.md").read_text()
    assert table.err == ""


def test_errors_are_one_line(arguments, capsys):
    assert main([*arguments, "--recipe", "fixed"]) == 2
    assert "--config holds recipe and views" in capsys.readouterr().err
    assert main(["reproduce", "ntu-60", *arguments[2:]]) == 2
    assert "there is no split 'ntu-60'" in capsys.readouterr().err


def test_options_make_the_published_schedule():
    def parsed(*words):
        return reproduction_config(
            build_parser().parse_args(["reproduce", "ntu60-xsub", "--data", "raw", "-o", "run", *words])
        )

    assert parsed() == published("faithful", "all")
    assert parsed("--recipe", "fixed", "--views", "joint") == published("fixed", "joint")
    short = parsed("--epochs", "30", "--seed", "3", "--batch-size", "64")
    assert (short.epochs, short.cross_view_epoch, short.decay_epoch) == (30, 16, 25)
    assert (short.seed, short.batch_size) == (3, 64)


def test_the_help_names_every_split():
    assert set(SPLIT_NAMES) == set(SPLITS)
