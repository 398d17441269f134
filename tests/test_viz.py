"""Stick figures: the right way up, the right way round, at one scale; the user's matplotlib is left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from skelrep import viz
from skelrep.clips import Clip
from skelrep.demo import load_demo_clips
from skelrep.errors import InvalidClipError, MissingDependencyError, OutputError
from skelrep.layout import HEAD, JOINT_NAMES
from skelrep.viz import skeleton, view
from skelrep.viz.neighbours import CELL_COLOURS, CELL_HEIGHT, CELL_WIDTH

HAND_LEFT, HAND_RIGHT = JOINT_NAMES.index("HandLeft"), JOINT_NAMES.index("HandRight")


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return load_demo_clips()


def turned(clip: Clip, degrees: float) -> Clip:
    """The clip, turned about the vertical through the camera."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    rotation = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    return Clip(data=np.einsum("ij,jtvm->itvm", rotation, clip.data).astype(np.float32))


def test_a_person_stands_upright_and_shows_the_viewer_its_front(clips: list[Clip]) -> None:
    for clip in clips:
        first = view.project(clip)[0, 0]
        assert first[HEAD, 1] > 1.0
        assert abs(first[view.FOOT_JOINTS, 1].min()) < 0.4
        # Who faces us has the left hand on our right.
        assert first[HAND_LEFT, 0] > first[HAND_RIGHT, 0]


@pytest.mark.parametrize("degrees", [35, 180, -100])
def test_the_page_does_not_depend_on_where_the_sensor_stood(clips: list[Clip], degrees: float) -> None:
    np.testing.assert_allclose(view.project(turned(clips[4], degrees)), view.project(clips[4]), atol=1e-4)


def test_projection_keeps_lengths_within_the_page(clips: list[Clip]) -> None:
    page, data = view.project(clips[0])[0], clips[0].data[..., 0]
    on_page = np.linalg.norm(page[:, 0] - page[:, HEAD], axis=-1)
    in_space = np.linalg.norm(data[:, :, 0] - data[:, :, HEAD], axis=0)
    assert (on_page <= in_space + 1e-5).all()


def test_absent_bodies_and_frames_stay_empty(clips: list[Clip]) -> None:
    data = np.concatenate([clips[0].data, clips[0].data + 0.5, np.zeros_like(clips[0].data)], axis=3)
    data[:, :5, :, 1] = 0
    page = view.project(Clip(data=data))
    assert np.isnan(page[2]).all()
    assert np.isnan(page[1, :5]).all()
    assert np.isfinite(page[1, 5:]).all()
    figure = skeleton.new_figure(2, 2)
    skeleton.draw_clip(figure.add_subplot(), Clip(data=data))
    lone = skeleton.new_figure(2, 2)
    skeleton.draw_clip(lone.add_subplot(), clips[0])
    assert len(figure.axes[0].lines) == 2 * len(lone.axes[0].lines)
    assert viz.plot_clip(Clip(data=data), poses=3).axes[0].patches


def test_a_clip_without_a_body_is_an_error() -> None:
    with pytest.raises(InvalidClipError, match="'empty' has no body"):
        view.project(Clip(data=np.zeros((3, 4, 25, 1), dtype=np.float32), name="empty"))


def test_the_peak_is_the_pose_furthest_from_the_first() -> None:
    page = np.zeros((9, 25, 2))
    page[:, :, 0] = np.array([0, 1, 2, 3, 4, 3, 2, 1, 0])[:, None]
    assert skeleton.peak_frame(page) == 4
    page[:2] = np.nan
    page[2] = 4
    assert skeleton.peak_frame(page) == 8


def test_left_and_right_limbs_have_their_colours(clips: list[Clip]) -> None:
    figure = skeleton.new_figure(2, 2)
    axes = figure.add_subplot()
    pose = view.project(clips[0])[0, 0]
    skeleton.draw_pose(axes, pose)
    drawn = {to_hex(line.get_color()): np.asarray(line.get_xydata()) for line in axes.lines}
    assert set(drawn) == {skeleton.LEFT_COLOUR, skeleton.RIGHT_COLOUR, skeleton.TRUNK_COLOUR}
    widest = {colour: np.nanmean(points[:, 0]) for colour, points in drawn.items()}
    assert widest[skeleton.RIGHT_COLOUR] < widest[skeleton.TRUNK_COLOUR] < widest[skeleton.LEFT_COLOUR]
    [head] = axes.patches
    assert head.center == pytest.approx(tuple(pose[HEAD]))


def test_a_strip_shows_poses_one_after_another(clips: list[Clip]) -> None:
    figure = viz.plot_clip(clips[0], poses=5)
    heads = [patch.center[0] for patch in figure.axes[0].patches]
    assert len(heads) == 5
    assert heads == sorted(heads)


def neighbourhood() -> viz.Neighbourhood:
    return viz.Neighbourhood(query=0, neighbours=(1, 2), similarities=(0.9, 0.5))


def test_neighbours_are_framed_by_what_they_show(clips: list[Clip]) -> None:
    figure = viz.plot_neighbours(clips[:3], [neighbourhood()] * 3, ["a", "a", "b"], ["p", "q", "r"], blocks=2)
    assert len(figure.axes) == 9
    edges = [to_hex(axes.patches[-1].get_edgecolor()) for axes in figure.axes[:3]]
    assert edges == [CELL_COLOURS[kind][0] for kind in ("query", "same", "other")]
    words = [text.get_text() for text in figure.axes[2].texts]
    assert words == ["0.500", "r", "b"]


def test_all_cells_have_one_scale_in_both_directions(clips: list[Clip]) -> None:
    figure = viz.plot_neighbours(clips[:3], [neighbourhood()], ["a"] * 3)
    scales = set()
    for axes in figure.axes:
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        scales |= {round((right - left) / CELL_WIDTH, 9), round((high - low) / CELL_HEIGHT, 9)}
    assert len(scales) == 1


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_figures_are_written_whole(tmp_path: Path, clips: list[Clip], suffix: str) -> None:
    target = tmp_path / "new" / f"clip.{suffix}"
    viz.save_figure(viz.plot_clip(clips[0], poses=2), target)
    assert target.stat().st_size > 1000
    assert list(target.parent.iterdir()) == [target]


def test_an_unknown_picture_type_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"clip\.txt.*\.png"):
        viz.save_figure(skeleton.new_figure(1, 1), tmp_path / "clip.txt")


def test_without_matplotlib_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingDependencyError, match=r"skelrep\[viz\]"):
        skeleton.new_figure(1, 1)


def test_drawing_leaves_pyplot_alone() -> None:
    code = (
        "import sys; from skelrep.demo import load_demo_clips; from skelrep import viz;"
        "assert 'matplotlib' not in sys.modules, 'imported too early';"
        "viz.plot_clip(load_demo_clips()[0]); sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_new_figure_is_white_and_of_the_size_asked_for() -> None:
    figure = skeleton.new_figure(3, 2)
    assert isinstance(figure, Figure)
    assert tuple(figure.get_size_inches()) == (3, 2)
