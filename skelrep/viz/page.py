"""A page of clips that move: one HTML file, without a server or network."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..atomic import atomic_write
from ..clips import Clip
from ..errors import ConfigError, OutputError
from ..layout import ANATOMY, HEAD
from .view import VIEW_ELEVATION, body_points, camera_for

TEMPLATE = Path(__file__).with_name("page.html")
UNKNOWN_FPS = 30.0
LARGEST, ABSENT = 32000, -32768
MAX_CLIPS = 60


def save_page(
    clips: Clip | Sequence[Clip], path: str | os.PathLike[str], captions: Sequence[str] | None = None
) -> None:
    """Write clips as a page to play, turn and step through; any browser shows it.

    Joints are stored to a 32,000th of the clip's extent, about a tenth of a millimetre. The same clips give
    the same bytes. Needs no extra.

    Args:
        clips: one, or up to 60; NTU-25, metres, y up.
        path: ends in ``.html``.
        captions: under each, shown as text whatever they hold; by default the clips' names.

    Raises:
        InvalidClipError: a clip without a body, or with NaN or infinity.
        ConfigError: no clips, too many, or another number of captions.
        OutputError: another suffix, or a path that cannot be written.
    """
    if Path(path).suffix.lower() != ".html":
        raise OutputError(f"cannot write {path}: a page's name ends in .html.")
    items = [clips] if isinstance(clips, Clip) else list(clips)
    words = [clip.name for clip in items] if captions is None else list(captions)
    if not 1 <= len(items) <= MAX_CLIPS:
        raise ConfigError(f"{len(items)} clips were given for one page; expected 1 to {MAX_CLIPS}.")
    if len(words) != len(items):
        raise ConfigError(f"{len(words)} captions were given for {len(items)} clips; expected one a clip.")
    data = {
        "clips": [_packed(clip, caption) for clip, caption in zip(items, words, strict=True)],
        "parents": [ANATOMY[joint] if joint != HEAD else -1 for joint in range(len(ANATOMY))],
        "head": HEAD,
        "tilt": round(float(np.deg2rad(VIEW_ELEVATION)), 6),
        "absent": ABSENT,
    }
    # In a script, "<" could begin a tag, whatever it is quoted by.
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    page = TEMPLATE.read_text(encoding="utf-8").replace("/*DATA*/", text)
    with atomic_write(path) as file:
        file.write(page.encode())


def _packed(clip: Clip, caption: str) -> dict[str, Any]:
    """A clip about the middle of its floor: int16 (T, M, V, 3) in steps of `scale` metres, in base64."""
    points = body_points(clip)
    camera = camera_for(points)
    middle = (np.nanmin(points, axis=(0, 1, 2)) + np.nanmax(points, axis=(0, 1, 2))) / 2
    middle[1] = camera.origin[1] + camera.floor
    points = (points - middle).transpose(1, 0, 2, 3)
    scale = max(float(np.nanmax(np.abs(points))), 1e-9) / LARGEST
    steps = np.where(np.isnan(points), ABSENT, np.round(points / scale)).astype("<i2")
    return {
        "name": caption,
        "fps": clip.fps or UNKNOWN_FPS,
        "frames": points.shape[0],
        "bodies": points.shape[1],
        "scale": scale,
        "turn": round(camera.turn, 6),
        "steps": base64.b64encode(steps.tobytes()).decode(),
    }
