"""Clips that move, side by side, and as a page; looked at pixel by pixel where it matters."""

from __future__ import annotations

import base64
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from skelrep import viz
from skelrep.clips import Clip
from skelrep.demo import load_demo_clips
from skelrep.errors import ConfigError, InvalidClipError, MissingDependencyError, OutputError
from skelrep.viz import animate, skeleton, view
from skelrep.viz.panels import lay_out, scene_of

CLIPS = load_demo_clips()[:2]


def short(clip: Clip, frames: int = 12, fps: float | None = 20.0) -> Clip:
    return Clip(data=clip.data[:, :frames], name=clip.name, fps=fps)


def test_a_gif_plays_in_the_time_of_the_recording(tmp_path: Path) -> None:
    target = tmp_path / "new" / "clip.gif"
    viz.save_animation([short(CLIPS[0], 12), short(CLIPS[1], 8)], target, dpi=40)
    with Image.open(target) as picture:
        assert picture.n_frames <= 12  # equal pictures are one that lasts longer
        lasted = 0
        for frame in range(picture.n_frames):
            picture.seek(frame)
            lasted += picture.info["duration"]
            assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
        assert lasted == 600
        assert picture.info["loop"] == 0
    assert list(target.parent.iterdir()) == [target]


def test_the_same_clips_give_the_same_bytes(tmp_path: Path) -> None:
    for suffix in ("gif", "html"):
        save = viz.save_page if suffix == "html" else viz.save_animation
        for number in range(2):
            save(short(CLIPS[0], 4), tmp_path / f"{number}.{suffix}")
        assert (tmp_path / f"0.{suffix}").read_bytes() == (tmp_path / f"1.{suffix}").read_bytes()


def test_left_is_blue_and_to_the_right_of_who_faces_us() -> None:
    [picture] = animate.render([short(CLIPS[0], 1)], None, None, 20.0, 80)
    assert picture.dtype == np.uint8
    assert picture.shape[0] % 2 == picture.shape[1] % 2 == 0
    middles = []
    for colour in (skeleton.RIGHT_COLOUR, skeleton.LEFT_COLOUR):
        wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        rows, columns = np.nonzero((picture == wanted).all(axis=2))
        assert len(rows) > 30
        middles.append(columns.mean())
    assert middles[0] < middles[1]


def test_an_mp4_is_a_film(tmp_path: Path) -> None:
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    viz.save_animation(short(CLIPS[0], 6), tmp_path / "clip.mp4", dpi=40)
    frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "clip.mp4"))
    assert (frames, seconds) == (9, pytest.approx(0.3, abs=0.01))
    assert b"avc1" in (tmp_path / "clip.mp4").read_bytes()


def test_a_film_that_fails_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_frames(*_: object, **__: object) -> object:
        def fail(picture: object) -> None:
            raise OSError("broken pipe")

        return SimpleNamespace(send=fail, close=lambda: None)

    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", SimpleNamespace(write_frames=write_frames))
    with pytest.raises(OutputError, match="ffmpeg failed"):
        viz.save_animation(short(CLIPS[0], 2), tmp_path / "clip.mp4", dpi=20)
    assert not list(tmp_path.iterdir())


def test_absent_bodies_and_single_frames_are_drawn(tmp_path: Path) -> None:
    data = np.concatenate([CLIPS[0].data, CLIPS[0].data + 0.5], axis=3)[:, :6].copy()
    data[:, :3, :, 1] = 0
    poses = [
        len(animate._draw_moment(axes, scene, step / 30)) for axes, scene, step in staged(Clip(data=data))
    ]
    assert poses[5] == 2 * poses[0]
    viz.save_animation(Clip(data=data[:, :1]), tmp_path / "one.gif", dpi=30)


def staged(clip: Clip) -> list[tuple[object, ...]]:
    scene = scene_of(clip)
    _, [axes] = lay_out([scene], None, None)
    return [(axes, scene, step) for step in range(clip.data.shape[1])]


def test_stages_stand_on_the_floor_with_equal_axes() -> None:
    scenes = [scene_of(clip) for clip in load_demo_clips()[::5]]
    figure, stages = lay_out(scenes, ["a $x^"] * 6, 3)
    assert [text.get_text() for text in stages[0].texts] == ["a $x^"]
    figure.canvas.draw()
    sizes = set()
    for axes, scene in zip(stages, scenes, strict=True):
        across, up = axes.transData.transform([[0, 0], [1, 1]])[1] - axes.transData.transform([[0, 0]])[0]
        sizes.add((round(across, 3), round(up, 3)))
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        assert left < np.nanmin(scene.page[..., 0]) < np.nanmax(scene.page[..., 0]) < right
        assert low < np.nanmin(scene.page[..., 1]) < np.nanmax(scene.page[..., 1]) < high
        floor = axes.patches[0]
        assert abs(floor.center[1]) < 0.15
        assert to_hex(floor.get_facecolor()) == "#f4f6f9"
    [(across, up)] = sizes
    assert across == pytest.approx(up, rel=1e-3)


def test_the_camera_keeps_lengths_across_the_page() -> None:
    camera = view.camera_for(view.body_points(CLIPS[0]))
    right = np.array([-np.cos(camera.turn), 0, -np.sin(camera.turn)])
    there = camera.project(camera.origin + np.stack([0 * right, right]))
    np.testing.assert_allclose(there[1] - there[0], [1, 0], atol=1e-12)


def test_small_multiples_show_every_clip() -> None:
    with_absent = Clip(data=np.concatenate([CLIPS[1].data, np.zeros_like(CLIPS[1].data)], axis=3))
    figure = viz.plot_clips([CLIPS[0], with_absent, CLIPS[0]], ["sit", "one\ntwo", "word " * 40], columns=3)
    words = [axes.texts[0].get_text() for axes in figure.axes]
    assert words[:2] == ["sit", "one\ntwo"]
    assert words[2].endswith("…")
    assert words[2].count("\n") == 1
    assert len(figure.axes[1].lines) == len(figure.axes[0].lines)
    assert [axes.texts[0].get_text() for axes in viz.plot_clips(CLIPS).axes] == [clip.name for clip in CLIPS]


EMPTY = Clip(data=np.zeros((3, 4, 25, 1), dtype=np.float32), name="empty")
BROKEN = Clip(data=np.full((3, 4, 25, 1), np.nan, dtype=np.float32), name="broken")
LONG = Clip(data=np.ones((3, 1900, 25, 1), dtype=np.float32))


@pytest.mark.parametrize(
    ("clips", "captions", "suffix", "error", "words"),
    [
        ([], None, "gif", ConfigError, "0 clips"),
        ([], None, "html", ConfigError, "0 clips"),
        (CLIPS * 31, None, "html", ConfigError, "62 clips"),
        ([EMPTY], None, "gif", InvalidClipError, "'empty' has no body"),
        ([BROKEN], None, "html", InvalidClipError, "'broken' has NaN"),
        ([LONG], None, "gif", ConfigError, "lasts 63 s"),
        (CLIPS, ["a"], "gif", ConfigError, "1 captions were given for 2"),
        (CLIPS, ["a"], "html", ConfigError, "1 captions were given for 2"),
        (CLIPS, None, "txt", OutputError, r"\.gif or \.mp4"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    clips: list[Clip],
    captions: list[str] | None,
    suffix: str,
    error: type[Exception],
    words: str,
    tmp_path: Path,
) -> None:
    save = viz.save_page if suffix == "html" else viz.save_animation
    with pytest.raises(error, match=words):
        save(clips, tmp_path / f"clip.{suffix}", captions)
    assert not list(tmp_path.iterdir())
    with pytest.raises(OutputError, match=r"\.html"):
        viz.save_page(CLIPS, tmp_path / "page.htm")


@pytest.mark.parametrize(
    ("module", "suffix", "extra"), [("PIL", "gif", "viz"), ("imageio_ffmpeg", "mp4", "video")]
)
def test_a_missing_extra_is_named(
    module: str, suffix: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=rf"skelrep\[{extra}\]"):
        viz.save_animation(short(CLIPS[0], 2), tmp_path / f"clip.{suffix}", dpi=20)


def page_data(path: Path) -> dict:
    text = path.read_text(encoding="utf-8")
    [found] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(found)


def test_a_page_holds_the_joints_and_shows_names_as_text(tmp_path: Path) -> None:
    hostile = "</script><script>alert(1)</script><!-- \udce4"
    data = np.concatenate([CLIPS[0].data, np.zeros_like(CLIPS[0].data)], axis=3)
    viz.save_page(Clip(data=data, name=hostile, fps=25.0), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "alert(1)</script" not in text
    assert not re.search(r"https?:|//[a-z]+\.", text)
    [clip] = page_data(tmp_path / "page.html")["clips"]
    assert (clip["name"], clip["fps"], clip["bodies"]) == (hostile, 25.0, 2)
    steps = np.frombuffer(base64.b64decode(clip["steps"]), "<i2").reshape(clip["frames"], 2, 25, 3)
    assert (steps[:, 1] == -32768).all()
    kept = steps[:, 0] * clip["scale"]
    given = data[..., 0].transpose(1, 2, 0)
    np.testing.assert_allclose(kept - kept[0, 0], given - given[0, 0], atol=1.1e-4)
    assert abs(kept[:, view.FOOT_JOINTS, 1].min()) < 0.05  # the floor is at 0
