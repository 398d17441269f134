"""Clips that move: GIF by pillow (extra ``viz``), MP4 by ffmpeg (extra ``video``).

Axes: T pictures, H rows and W columns of pixels.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..atomic import atomic_write
from ..clips import Clip
from ..errors import ConfigError, MissingDependencyError, OutputError
from .panels import Scene, lay_out, scene_of
from .skeleton import draw_pose, draw_trails

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Picture = NDArray[np.uint8]

RATES = {".gif": 20.0, ".mp4": 30.0}  # pictures a second; a GIF tells time in hundredths of a second
UNKNOWN_FPS = 30.0
MAX_SECONDS = 60.0
PALETTE_COLOURS = 96


def save_animation(
    clips: Clip | Sequence[Clip],
    path: str | os.PathLike[str],
    captions: Sequence[str] | None = None,
    *,
    columns: int | None = None,
    dpi: int = 100,
) -> None:
    """Write clips that move, beside one another, in the time of the recording.

    Short clips hold their last pose until the longest one ends; then all begin again. The same clips give the
    same bytes, with the same versions of matplotlib and pillow or ffmpeg.

    Args:
        clips: one, or up to 60; NTU-25, metres, y up. Without a frame rate they play at 30 a second.
        path: ends in ``.gif`` or ``.mp4``.
        captions: under each; by default the clips' names.
        columns: clips a row.
        dpi: pixels an inch; a stage is about 2.6 inches high.

    Raises:
        InvalidClipError: a clip without a body, or with NaN or infinity.
        ConfigError: no clips, too many, too long, or another number of captions.
        OutputError: another suffix, or a path that cannot be written.
        MissingDependencyError: matplotlib, pillow or, for an MP4, imageio-ffmpeg is not installed.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in RATES:
        raise OutputError(f"cannot write {path}: a moving picture's name ends in .gif or .mp4.")
    items = [clips] if isinstance(clips, Clip) else list(clips)
    words = [clip.name for clip in items] if captions is None else captions
    pictures = render(items, words, columns, RATES[suffix], dpi)
    (write_gif if suffix == ".gif" else write_mp4)(pictures, Path(path), RATES[suffix])


def render(
    clips: Sequence[Clip], captions: Sequence[str] | None, columns: int | None, rate: float, dpi: int
) -> Iterator[Picture]:
    """Pictures of clips, one after another: uint8 (H, W, 3), `rate` a second."""
    scenes = [scene_of(clip) for clip in clips]
    seconds = max((_seconds(scene) for scene in scenes), default=0.0)
    if seconds > MAX_SECONDS:
        raise ConfigError(
            f"the longest clip lasts {seconds:.0f} s; moving pictures hold at most {MAX_SECONDS:.0f} s. "
            "Cut it, such as dataclasses.replace(clip, data=clip.data[:, :900]), or write a .html."
        )
    figure, stages = lay_out(scenes, captions, columns)
    figure.set_dpi(dpi)
    canvas: Any = figure.canvas
    for scene, axes in zip(scenes, stages, strict=True):
        for body_TVC in scene.page:
            draw_trails(axes, body_TVC)
    for step in range(max(1, int(np.ceil(seconds * rate)))):
        drawn = [_draw_moment(axes, scene, step / rate) for scene, axes in zip(scenes, stages, strict=True)]
        canvas.draw()
        yield _even(np.asarray(canvas.buffer_rgba())[..., :3])
        for artists in drawn:
            for artist in artists:
                artist.remove()


def write_gif(pictures: Iterator[Picture], path: Path, rate: float) -> None:
    """Write an endless GIF, all pictures in the colours of one palette.

    Raises:
        MissingDependencyError: pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingDependencyError(
            'a GIF needs pillow, which is not installed. Run: pip install "skelrep[viz]"'
        ) from error
    frames = list(pictures)
    palette = _common_colours(frames[:: max(1, len(frames) // 4)])
    flat = [Image.fromarray(_nearest_colours(one, palette), "P") for one in frames]
    for one in flat:
        one.putpalette(palette.tobytes())
    with atomic_write(path) as file:
        flat[0].save(
            file, format="GIF", save_all=True, append_images=flat[1:], duration=round(1000 / rate), loop=0,
            disposal=1,
        )  # fmt: skip


def write_mp4(pictures: Iterator[Picture], path: Path, rate: float) -> None:
    """Write an H.264 film that browsers and slides play.

    Raises:
        MissingDependencyError: imageio-ffmpeg is not installed.
        OutputError: ffmpeg failed.
    """
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise MissingDependencyError(
            'an MP4 needs imageio-ffmpeg, which is not installed. Run: pip install "skelrep[video]" '
            "(a .gif or .html does without it)."
        ) from error
    first = next(pictures)
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.mp4"
        writer = imageio_ffmpeg.write_frames(
            str(film), first.shape[1::-1], fps=rate, codec="libx264", quality=None, macro_block_size=2,
            output_params=["-crf", "18", "-threads", "1", "-fflags", "+bitexact", "-movflags", "+faststart"],
        )  # fmt: skip
        try:
            writer.send(None)
            for picture in (first, *pictures):
                writer.send(np.ascontiguousarray(picture))
            writer.close()
        except OSError as error:
            raise OutputError(f"cannot write {path}: ffmpeg failed ({error!s:.300}).") from error
        with atomic_write(path) as file:
            file.write(film.read_bytes())


def _seconds(scene: Scene) -> float:
    return scene.page.shape[1] / (scene.fps or UNKNOWN_FPS)


def _draw_moment(axes: Axes, scene: Scene, seconds: float) -> list[Any]:
    """Draw the poses of a moment; returns what was drawn."""
    before = {id(artist) for artist in (*axes.lines, *axes.patches)}
    frame = min(int(seconds * (scene.fps or UNKNOWN_FPS)), scene.page.shape[1] - 1)
    for pose_VC in scene.page[:, frame]:
        if not np.isnan(pose_VC).any():
            draw_pose(axes, pose_VC)
    return [artist for artist in (*axes.lines, *axes.patches) if id(artist) not in before]


def _common_colours(pictures: Sequence[Picture]) -> Picture:
    """The most frequent colours of some pictures: uint8 (at most 256, 3)."""
    stack = np.concatenate([picture.reshape(-1, 3) for picture in pictures])
    colours, counts = np.unique(_packed(stack), return_counts=True)
    return _unpacked(colours[np.argsort(-counts, kind="stable")[:PALETTE_COLOURS]])


def _nearest_colours(picture: Picture, palette: Picture) -> NDArray[np.uint8]:
    """Each pixel's nearest colour, undithered: flat colours stay flat, and what stands still costs nothing.

    Pillow's own search is coarse, and turns white into grey.
    """
    colours, place = np.unique(_packed(picture), return_inverse=True)
    steps = _unpacked(colours)[:, None].astype(np.int32) - palette.astype(np.int32)
    return (steps**2).sum(axis=2).argmin(axis=1).astype(np.uint8)[place].reshape(picture.shape[:2])


def _packed(pixels: Picture) -> NDArray[np.uint32]:
    """RGB (..., 3) as one number a pixel."""
    return np.asarray(pixels.astype(np.uint32) @ np.array([65536, 256, 1], dtype=np.uint32))


def _unpacked(colours: NDArray[np.uint32]) -> Picture:
    return np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=-1).astype(np.uint8)


def _even(picture: Picture) -> Picture:
    """A copy with even sides, which H.264 wants."""
    height, width = picture.shape[:2]
    return picture[: height - height % 2, : width - width % 2].copy()
