"""The 30 recordings that come with skelrep; their origin and terms are in README.md beside them."""

from __future__ import annotations

from importlib import resources

import numpy as np
from numpy.typing import NDArray

from ..clips import Clip


def load_demo_clips() -> list[Clip]:
    """Ten rehabilitation exercises, each by three people: real Kinect v2 recordings in the public domain.

    Returns:
        30 one-body clips, exercise by exercise; `label` numbers the exercise as in `demo_action_names`.

    Source:
        Vakanski, Jun, Paul, Baker, "A Data Set of Human Body Movements for Physical Rehabilitation
        Exercises", Data 3(1):2, 2018.

    Example:
        >>> clips = load_demo_clips()
        >>> len(clips), clips[0].name, clips[0].data.shape
        (30, 'kinect_m01_s01_e03', (3, 73, 25, 1))
    """
    archive = _read()
    return [
        Clip(
            data=_positions(archive, row),
            name=str(archive["names"][row]),
            label=int(archive["action"][row]),
            fps=float(archive["fps"]),
        )
        for row in range(len(archive["names"]))
    ]


def demo_action_names() -> list[str]:
    """The exercises that the labels of `load_demo_clips` number.

    Example:
        >>> demo_action_names()[:2]
        ['deep squat', 'hurdle step']
    """
    return [str(name) for name in _read()["action_names"]]


def demo_people() -> list[str]:
    """Who performs each clip of `load_demo_clips`: ten people, called s01 to s10.

    Example:
        >>> demo_people()[:3]
        ['s01', 's04', 's07']
    """
    archive = _read()
    return [str(archive["subject_names"][person]) for person in archive["subject"]]


def _read() -> dict[str, NDArray[np.generic]]:
    source = resources.files(__package__).joinpath("clips.npz")
    with source.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def _positions(archive: dict[str, NDArray[np.generic]], row: int) -> NDArray[np.float32]:
    """Metres, float32 (3, T, V, 1). Steps of `scale` are kept as differences in time, which wrap exactly."""
    start, end = archive["offsets"][row : row + 2]
    steps = np.cumsum(archive["dq"][start:end], axis=0, dtype=np.int16)
    x_TVC = steps * np.float32(archive["scale"]) + archive["origin"][row]
    return np.ascontiguousarray(x_TVC.transpose(2, 0, 1)[..., None], dtype=np.float32)
