"""The command `probe`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from labelled import labelled_clips, small_encoder

from skelrep.cli import main
from skelrep.cli.split_words import find_folds
from skelrep.evaluate import PROTOCOLS, probe, read_records, results_table

CLIPS, LABELS = labelled_clips(each=4)
ROWS = [
    {"name": f"clip{n:02d}", "label": label, "subject": "ab"[n // 3 % 2], "quality": ("good", "bad")[n // 6]}
    for n, label in enumerate(LABELS)
]
ARGUMENTS = [
    "probe",
    "recordings",
    "--labels",
    "labels.csv",
    "--model",
    "encoder",
    "--device",
    "cpu",
    "--split",
]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `recordings`, `labels.csv` and a saved `encoder`; the current one."""
    (tmp_path / "recordings").mkdir()
    for row, clip in zip(ROWS, CLIPS, strict=True):
        np.save(tmp_path / "recordings" / f"{row['name']}.npy", clip)
    np.save(tmp_path / "recordings" / "extra.npy", CLIPS[0])
    lines = [",".join(ROWS[0]), *(",".join(row.values()) for row in ROWS[::-1])]
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    small_encoder().save_pretrained(tmp_path / "encoder")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_table_and_the_records_are_those_of_the_api(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--protocol", "1-nn,linear", "--seeds", "5,6", "--json", "out.json", "--name", "gym"]
    assert main([*ARGUMENTS, "subjects:b", *more]) == 0
    said, records = capsys.readouterr().out, read_records("out.json")
    assert said.startswith(results_table(records) + "\n\n12 of 13 clips have a label; ± is the sample")
    assert said.endswith("seeds 5, 6, or over few-shot episodes\nrecords: out.json\n")
    test = np.array([row["subject"] == "b" for row in ROWS])
    expected = probe(
        "encoder", CLIPS, LABELS, (~test, test), protocols=["1-nn", "linear"], seeds=(5, 6), data_name="gym",
        split_name="subjects:b", device="cpu",
    )  # fmt: skip
    assert [r.to_dict() | {"created": ""} for r in records] == [
        r.to_dict() | {"created": ""} for r in expected
    ]
    assert [r.contender for r in records] == ["model"] * 2 + ["random encoder"] * 2 + ["raw joints"] * 2


def test_without_baselines_and_seeds_nothing_is_random(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*ARGUMENTS, "kfold:2", "--protocol", "ridge", "--baselines", "none", "--quiet"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("**recordings**, kfold:2 (2 folds, 6 training clips a fold, 12 test clips")
    assert said.out.endswith("nothing in the table is random\n")
    assert said.err == ""


@pytest.mark.parametrize(
    ("words", "tested"),
    [
        (["subjects:a"], "ab"[0] * 6),
        (["subject-folds:2"], "ababab" * 2),
        (["kfold:3"], None),
        (["column:quality=good/bad"], "abab"),
        (["transfer:quality=good/bad"], None),
        (["column:quality=good/bad", "subjects:b"], "bbb"),
    ],
)
def test_splits_in_words(words: list[str], tested: str | None) -> None:
    folds = find_folds(words, ROWS, seed=0)
    count = sum(int(test.sum()) for _, test in folds)
    assert count == {"kfold:3": 12, "subject-folds:2": 12, "column:quality=good/bad": 6}.get(
        words[-1], {"subjects:a": 6, "subjects:b": 3}.get(words[-1], 6)
    )
    for train, test in folds:
        people = {ROWS[n]["subject"] for n in np.flatnonzero(test)}
        if words[-1].startswith("subject"):
            assert not people & {ROWS[n]["subject"] for n in np.flatnonzero(train)}
        if "good/bad" in words[0]:
            assert {ROWS[n]["quality"] for n in np.flatnonzero(train)} == {"good"}
            assert {ROWS[n]["quality"] for n in np.flatnonzero(test)} == {"bad"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["magic:3"], "--split 'magic:3' is no split; expected one of subjects:ann,bob"),
        (["subjects:"], "is no split"),
        (["kfold:many"], "is no split"),
        (["column:quality"], "is no split"),
        (["column:camera=1/2"], "needs the column 'camera' in the label file, which has name, label"),
        (["subjects:c"], "held_out names 'c'"),
        (["kfold:2", "--protocol", "magic"], "no protocol 'magic'"),
        (["kfold:2", "--json", "out.csv"], "the name must end in .json"),
    ],
)
def test_mistakes_are_one_line(
    work: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*ARGUMENTS, *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seeds", "one"], "one is not a list of whole numbers"),
        (["--baselines", "luck"], "'luck' is none of random"),
    ],
)
def test_options_are_checked_when_they_are_read(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*ARGUMENTS, "kfold:2", *arguments])
    assert words in capsys.readouterr().err


def test_help_names_every_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["probe", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert all(name in said for name in PROTOCOLS)
