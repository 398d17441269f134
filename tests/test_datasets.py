"""Published splits: the lists against the papers' own counts, and who is on which side."""

from __future__ import annotations

import hashlib
from itertools import product

import pytest
from raw_datasets import LISTED_AS_MISSING, ntu_names, write_ntu, write_pku
from test_readme import ROOT, blocks

from skelrep.datasets import SPLITS, find_split, missing_skeletons, take_inventory
from skelrep.datasets.ntu import ntu_lists, ntu_side
from skelrep.datasets.pkummd import camera_side, list_file, pku_phase, read_list
from skelrep.errors import ClipsNotFoundError, EvaluationError
from skelrep.read.pkummd import is_pku_recording
from skelrep.reproduction import PUBLISHED

XSUB_60 = {1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38}


def test_the_list_of_missing_skeletons_is_the_published_one():
    names = missing_skeletons()
    assert len(names) == 535
    assert sum(name < "S018" for name in names) == 302
    assert {name[:4] for name in names} < {f"S{n:03d}" for n in range(1, 33)}
    digest = hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()
    assert digest.startswith("58d30a6fdf262ab9")


def test_clip_counts_agree_with_the_number_of_recordings():
    for dataset, recordings, missing in (("ntu60", 56_880, 302), ("ntu120", 114_480, 535)):
        counts = [split.clips for split in SPLITS.values() if split.dataset == dataset]
        assert {sum(count) for count in counts} == {recordings - missing}
    assert SPLITS["pkummd1-xsub"].clips is None


def test_subjects_of_ntu_120_go_on_from_those_of_ntu_60():
    subjects = ntu_lists()["ntu120"]["xsub"]["training_performers"]
    assert len(set(subjects)) == len(subjects) == 53
    assert {who for who in subjects if who <= 40} == XSUB_60


def slow_side(name: str, split: str) -> str | None:
    """The rules of the papers, word by word."""
    setup, camera, who, action = int(name[1:4]), int(name[5:8]), int(name[9:12]), int(name[17:20])
    if split.startswith("ntu60") and (setup > 17 or action > 60):
        return None
    trains = {
        "xsub": who in ntu_lists()[split.split("-")[0]]["xsub"]["training_performers"],
        "xview": camera in (2, 3),
        "xset": setup % 2 == 0,
    }
    return "train" if trains[split.split("-")[1]] else "test"


@pytest.mark.parametrize("split", ["ntu60-xsub", "ntu60-xview", "ntu120-xsub", "ntu120-xset"])
def test_sides_of_ntu(split, tmp_path):
    side = find_split(split).sides(tmp_path)
    names = ntu_names(
        setups=(1, 17, 18, 32), performers=(1, 3, 8, 45, 48, 103, 106), actions=(1, 60, 61, 120)
    )
    assert {side(name) for name in names} >= {"train", "test"}
    assert [side(name) for name in names if name not in missing_skeletons()] == [
        slow_side(name, split) for name in names if name not in missing_skeletons()
    ]
    assert side(LISTED_AS_MISSING) is None
    assert side("0002-L") is None


def test_no_recording_of_the_list_takes_part():
    for dataset, protocol in (("ntu60", "xsub"), ("ntu120", "xset")):
        assert {ntu_side(name, dataset, protocol) for name in missing_skeletons()} == {None}


def test_recordings_of_phase_two_are_recognised(tmp_path):
    folder = write_pku(tmp_path, ["A01N02-L"], frames=4)
    assert is_pku_recording(folder / "Data" / "skeleton" / "A01N02-L.txt")
    assert not is_pku_recording(folder / "Label" / "final" / "A01N02-L.txt")


def test_pku_names_and_cameras():
    assert [pku_phase(name) for name in ("0002-L", "A01N02-R", "0002-X", "cross_view")] == [1, 2, None, None]
    assert [camera_side(f"0002-{camera}") for camera in "LMR"] == ["test", "train", "train"]


@pytest.mark.parametrize(
    "text",
    [
        "Training videos:\n0002-L, 0002-M,\nTesting videos:\n0003-L\n",
        "Training list\r\n0002-L,0002-M\r\n\r\nValidation list\r\n0003-L,",
        "Train: 0002-L 0002-M\nTest: 0003-L 0003-L",
    ],
)
def test_lists_of_pku(text, tmp_path):
    path = tmp_path / "Split" / "cross-subject.txt"
    path.parent.mkdir()
    path.write_text(text)
    expected = {"0002-L": "train", "0002-M": "train", "0003-L": "test"}
    assert read_list(path) == expected
    side = find_split("pkummd1-xsub").sides(tmp_path)
    assert [side(name) for name in (*expected, "0004-L", "A01N01-L")] == [
        "train",
        "train",
        "test",
        None,
        None,
    ]


def test_lists_that_cannot_be_used(tmp_path):
    path = tmp_path / "cross_subject_v2.txt"
    for text, words in (
        ("Training videos:\nA01N01-L\nTesting videos:\nA01N01-L", "A01N01-L on both sides"),
        ("A01N01-L, A01N02-L", "names 0 recordings"),
        ("Training videos: A01N01-L", "names 1 recordings"),
    ):
        path.write_text(text)
        with pytest.raises(EvaluationError, match=words):
            read_list(path)
    assert list_file(tmp_path, 1, "xsub") is None
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / path.name).write_text("another")
    with pytest.raises(EvaluationError, match="they differ"):
        find_split("pkummd2-xsub").sides(tmp_path)


def test_cross_view_of_pku_needs_no_list_and_cross_subject_does(tmp_path):
    side = find_split("pkummd2-xview").sides(tmp_path)
    assert [side(name) for name in ("A01N01-L", "A01N01-M", "0002-L")] == ["test", "train", None]
    with pytest.raises(EvaluationError, match=r"no cross_subject_v2\.txt"):
        find_split("pkummd2-xsub").sides(tmp_path)


def test_inventory_of_ntu(tmp_path):
    write_ntu(tmp_path / "s001", [*ntu_names(), LISTED_AS_MISSING], frames=1)
    write_ntu(tmp_path / "s018", ntu_names(setups=(18,)), frames=1)
    found = take_inventory(find_split("ntu60-xview"), tmp_path)
    assert (len(found.train), len(found.test), found.missing) == (8, 4, 1)
    assert [path.stem[4:8] for path in found.files] == ["C002"] * 4 + ["C003"] * 4 + ["C001"] * 4
    assert found.bytes == sum(path.stat().st_size for path in found.files)
    both = take_inventory(find_split("ntu120-xset"), tmp_path)
    assert (len(both.train), len(both.test)) == (12, 12)
    assert found.digest != both.digest
    found.test[0].write_bytes(found.test[0].read_bytes() + b"\n")
    assert take_inventory(find_split("ntu60-xview"), tmp_path).digest != found.digest


def test_inventory_of_pku_tells_labels_from_recordings(tmp_path):
    write_pku(tmp_path, [f"{n:04d}-{camera}" for n, camera in product((2, 3), "LMR")], frames=1)
    found = take_inventory(find_split("pkummd1-xview"), tmp_path)
    assert [path.name for path in found.test] == ["0002-L.txt", "0003-L.txt"]
    assert (len(found.train), found.missing) == (4, 0)


@pytest.mark.parametrize(
    ("split", "example"), [("ntu60-xsub", "S001C002"), ("pkummd2-xview", "A01N02-L.txt")]
)
def test_inventories_that_are_not_there(split, example, tmp_path):
    with pytest.raises(ClipsNotFoundError, match=f"0 training and 0 test recordings of {split}.*{example}"):
        take_inventory(find_split(split), tmp_path)
    with pytest.raises(ClipsNotFoundError, match="is no folder"):
        take_inventory(find_split(split), tmp_path / "nowhere")


def test_a_recording_that_is_there_twice(tmp_path):
    for place in "ab":
        write_ntu(tmp_path / place, ntu_names(), frames=1)
    with pytest.raises(EvaluationError, match="same recording twice"):
        take_inventory(find_split("ntu60-xview"), tmp_path)


def test_unknown_splits():
    with pytest.raises(EvaluationError, match="Did you mean 'ntu120-xset'"):
        find_split("ntu120_xset")
    with pytest.raises(EvaluationError, match=r"pkummd2-xview\.$"):
        find_split("?")


def test_the_page_says_what_the_code_gives(capsys):
    page = (ROOT / "docs" / "reproduction.md").read_text(encoding="utf-8")
    exec(compile(blocks(page, "python")[1], "reproduction.md", "exec"), {})
    assert capsys.readouterr().out == "train test\n535\n"
    for method, numbers in PUBLISHED.items():
        row = [f"{numbers[split]:.1f}" if split in numbers else "-" for split in list(SPLITS)[:4]]
        assert f"| {method} | {' | '.join(row)} |" in page
    assert all(f"`{name}`" in page for name in SPLITS)
