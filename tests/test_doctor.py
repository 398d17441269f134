"""The doctor on a folder with planted faults, and on recordings without any."""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from planted_faults import CLEAN, FAST, FOUND_BY, clean_arrays, twin, write_clean, write_ill, write_ragged

import skelrep
from skelrep.cli import main
from skelrep.errors import ClipsNotFoundError, FormatError, OutputError, ShapeError
from skelrep.health import HealthReport
from skelrep.read import ClipStore, as_clips

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def ill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ill(tmp_path_factory.mktemp("ill"))


@pytest.fixture(scope="module")
def report(ill: Path) -> HealthReport:
    return skelrep.doctor(ill)


@pytest.mark.parametrize(("name", "check"), FOUND_BY.items())
def test_every_planted_fault_is_found_and_blamed_on_its_file(report, name, check):
    assert name in report.clips_with(check)


def test_no_clean_file_is_blamed(report):
    blamed = {name for found in report.findings if found.severity != "note" for name in found.clips}
    assert blamed <= set(FOUND_BY)
    # What one fault brings about is not reported as another, but for these.
    also = {("glitch", "lost")}  # to the origin and back is a jump
    for found in report.findings:
        for name in found.clips if found.severity != "note" else ():
            assert FOUND_BY.get(name) == found.check or (found.check, name) in also, (found.check, name)


def test_clean_recordings_are_healthy(tmp_path):
    for source in (write_clean(tmp_path / "clean"), clean_arrays()[:-1], as_clips(clean_arrays()[:5])):
        report = skelrep.doctor(source)
        assert report.healthy, str(report)
        assert {found.check for found in report.findings} <= {"dropped"}  # a Kinect does drop frames


def test_the_table_has_the_worst_first_and_says_what_to_do(report):
    ranks = [("problem", "warning", "note").index(found.severity) for found in report.findings]
    assert ranks == sorted(ranks)
    assert not report.healthy
    table = str(report)
    assert re.search(r"(?m)^problem  nan +1  NaN or infinite coordinates, for at most 10 frames", table)
    assert "-> read with max_gap=10, which fills them" in table
    assert max(map(len, table.splitlines())) <= 118


def test_json_holds_everything(report, tmp_path):
    report.save(tmp_path / "report.json")
    loaded = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert loaded == report.to_dict()
    assert loaded["healthy"] is False
    assert loaded["summary"]["clips"] == CLEAN + len(FOUND_BY) - 1  # all but the cut file
    assert loaded["summary"]["files"] == {".npy": CLEAN + len(FOUND_BY)}
    assert sum(found["count"] for found in loaded["findings"]) == sum(len(f.clips) for f in report.findings)


@pytest.mark.parametrize("fps", [120, 7])
def test_a_wrong_frame_rate_stands_out_beside_the_others(tmp_path, fps):
    folder = write_clean(tmp_path / "mixed")
    write_ragged(folder / "other.npz", clean_arrays()[CLEAN : CLEAN + FAST], fps)
    report = skelrep.doctor(folder)
    assert report.clips_with("frame rate") == tuple(f"other{n}" for n in range(FAST))
    (found,) = (one for one in report.findings if one.check == "frame rate")
    assert ("faster" if fps > 30 else "slower") in found.message
    guess = int(re.search(r"about (\d+)", found.remedy)[1])
    assert 15 <= guess <= 60


def test_the_same_clips_at_their_own_rate_do_not(tmp_path):
    folder = write_clean(tmp_path / "mixed")
    write_ragged(folder / "other.npz", clean_arrays()[CLEAN : CLEAN + FAST], 31)
    assert skelrep.doctor(folder).clips_with("frame rate") == ()


def test_a_moved_and_turned_copy_is_a_near_twin():
    clips = clean_arrays()[:4]
    report = skelrep.doctor([*clips, twin(clips[2]), 1000 * clips[3]])
    assert report.clips_with("near-twin") == ("clips[2]", "clips[3]", "clips[4]", "clips[5]")
    assert report.clips_with("duplicate") == ()


def test_most_clips_mirrored_is_told_as_such():
    mirror = np.array([-1, 1, 1])[:, None, None, None]
    clips = [x * mirror for x in clean_arrays()[:5]] + clean_arrays()[5:7]
    (found,) = (one for one in skelrep.doctor(clips).findings if one.check == "left-right")
    assert len(found.clips) == 5
    assert found.message.endswith("in most clips")
    assert not found.message.endswith("unlike in most clips")


def test_stores_files_and_lists_of_files(tmp_path):
    clips = as_clips(clean_arrays()[:3])
    ClipStore.from_clips(clips).save(tmp_path / "store")
    files = sorted(write_clean(tmp_path / "clean").glob("*.npy"))
    for source, count, formats in (
        (tmp_path / "store", 3, {"clip store": 1}),
        (ClipStore.open(tmp_path / "store"), 3, None),
        (str(files[0]), 1, {".npy": 1}),
        (files[:2], 2, {".npy": 2}),
        ([], 0, None),
    ):
        report = skelrep.doctor(source)
        assert (report.summary["clips"], report.summary.get("files")) == (count, formats)
        assert report.healthy


def test_what_cannot_be_looked_at(tmp_path):
    with pytest.raises(ClipsNotFoundError):
        skelrep.doctor(tmp_path / "nothing")
    with pytest.raises(FormatError, match="holds no clips"):
        skelrep.doctor(tmp_path)
    with pytest.raises(ShapeError, match="24 joints"):
        skelrep.doctor(np.ones((3, 8, 24, 1)))


def test_command(ill, tmp_path, capsys):
    target = tmp_path / "report.json"
    assert main(["doctor", str(ill), "--json", str(target), "--quiet"]) == 0
    assert json.loads(target.read_text(encoding="utf-8")) == skelrep.doctor(ill).to_dict()
    out, err = capsys.readouterr()
    assert out.splitlines()[0].split() == ["files", ".npy:", str(CLEAN + len(FOUND_BY))]
    assert len(re.findall(r"(?m)^problem  units +1 ", out)) == 3
    assert err == ""


def test_command_refuses_before_it_looks(ill, tmp_path, capsys):
    assert main(["doctor", str(ill), "--json", str(tmp_path / "report.txt")]) == 2
    assert "must end in .json" in capsys.readouterr().err
    assert main(["doctor", str(tmp_path / "nothing")]) == 2
    with pytest.raises(OutputError):
        skelrep.doctor(clean_arrays()[:1]).save(tmp_path / ("x" * 300))


def test_example(ill, tmp_path, monkeypatch, capsys):
    clean = tmp_path / "clean"
    monkeypatch.setattr(sys, "argv", ["check_my_data.py", str(ill), str(clean)])
    runpy.run_path(str(ROOT / "examples" / "check_my_data.py"), run_name="__main__")
    out = capsys.readouterr().out
    assert re.search(r"(?m)^left out +millimetres: units$", out)
    assert re.search(r"(?m)^filled +nan: 4 joints missing in 4 of \d+ frames \(HandRight\)", out)
    kept = ClipStore.open(clean)
    assert len(kept) == int(re.search(r"kept (\d+) of", out)[1])
    assert skelrep.doctor(clean).healthy
