"""The clips that come with the package, and the neighbours that the demo shows."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skelrep.demo import (
    Demo,
    demo_action_names,
    demo_people,
    describe_demo,
    draw_demo,
    load_demo_clips,
    nearest_neighbours,
    run_demo,
)
from skelrep.demo.archive import ARCHIVE
from skelrep.models import SkeletonEncoder

ROOT = Path(__file__).parents[1]
SOURCE = ROOT.parent / "shared" / "data" / "uiprmd_kinect.npz"


@pytest.fixture(scope="module")
def demo(tiny: SkeletonEncoder) -> Demo:
    return run_demo(tiny)


def test_ten_exercises_by_three_people_each() -> None:
    clips, people = load_demo_clips(), demo_people()
    assert [clip.label for clip in clips] == [action for action in range(10) for _ in range(3)]
    assert len(demo_action_names()) == 10
    for action in range(10):
        assert len({person for clip, person in zip(clips, people, strict=True) if clip.label == action}) == 3
    assert sorted(map(people.count, set(people))) == [3] * 10


def test_clips_are_of_human_size_and_smooth() -> None:
    for clip in load_demo_clips():
        assert clip.fps == 30
        assert clip.data.shape[2:] == (25, 1)
        height = clip.data[1, 0, 3, 0] - clip.data[1, 0, [14, 18], 0].min()
        assert 1.1 < height < 2.0
        assert np.linalg.norm(np.diff(clip.data, axis=1), axis=0).max() < 0.5


def test_the_archive_is_small_and_tells_its_terms() -> None:
    assert ARCHIVE.stat().st_size < 250_000
    notice = ARCHIVE.with_name("README.md").read_text(encoding="utf-8")
    assert "PDDL" in notice
    assert "10.3390/data3010002" in notice


@pytest.mark.skipif(not SOURCE.exists(), reason="needs ../shared")
def test_the_committed_archive_is_what_its_script_makes(tmp_path: Path) -> None:
    made = tmp_path / "clips.npz"
    script = ROOT / "benchmarks" / "make_demo_clips.py"
    subprocess.run([sys.executable, script, SOURCE, "-o", made], check=True, capture_output=True)
    with np.load(made) as new, np.load(ARCHIVE) as old:
        assert new.files == old.files
        for key in new.files:
            np.testing.assert_array_equal(new[key], old[key])


@pytest.mark.skipif(not SOURCE.exists(), reason="needs ../shared")
def test_clips_equal_their_source() -> None:
    load = runpy.run_path(str(SOURCE.with_name("load_clips.py")))["load"]
    meta, originals = load(SOURCE)
    rows = {name: row for row, name in enumerate(meta["names"])}
    for clip in load_demo_clips():
        np.testing.assert_array_equal(clip.data[..., 0].transpose(1, 2, 0), originals[rows[clip.name]])
        assert meta["quality_names"][meta["quality"][rows[clip.name]]] == "correct"


def test_nearest_neighbours_equal_a_plain_search() -> None:
    vectors = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for one in nearest_neighbours(vectors, 3):
        scores = {
            other: float(vectors[one.query] @ vectors[other]) for other in range(12) if other != one.query
        }
        expected = sorted(scores, key=lambda other: -scores[other])[:3]
        assert list(one.neighbours) == expected
        assert one.similarities == pytest.approx([scores[other] for other in expected], abs=1e-6)


def test_shares_count_nearest_neighbours_of_the_same_exercise(demo: Demo) -> None:
    hits = [demo.actions[one.query] == demo.actions[one.neighbours[0]] for one in demo.neighbourhoods]
    assert demo.share_same == sum(hits) / 30
    assert demo.share_same_by_chance == pytest.approx(2 / 29)


def test_the_table_has_a_row_for_each_exercise(demo: Demo) -> None:
    lines = describe_demo(demo).splitlines()
    rows = lines[2 : lines.index("")]
    assert [row[:17].rsplit(maxsplit=1)[0] for row in rows][:3] == [
        "deep squat",
        "hurdle step",
        "inline lunge",
    ]
    assert len(rows) == 10
    assert all(len(line) <= 92 for line in lines)
    nearest = demo.neighbourhoods[0]
    assert f"{demo.people[nearest.neighbours[0]]} {nearest.similarities[0]:.3f}" in rows[0]
    assert f"{demo.share_same:.0%} of the 30 clips" in lines[-2]


def test_the_picture_shows_six_neighbourhoods(demo: Demo) -> None:
    assert len(draw_demo(demo).axes) == 6 * 4
