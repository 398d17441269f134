"""The 30 recordings that come with skelrep; their origin and terms are in README.md beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..clips import Clip
from ..read import read_clips

ARCHIVE = Path(__file__).with_name("clips.npz")


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
    return list(read_clips(ARCHIVE))


def demo_action_names() -> list[str]:
    """The exercises that the labels of `load_demo_clips` number.

    Example:
        >>> demo_action_names()[:2]
        ['deep squat', 'hurdle step']
    """
    with np.load(ARCHIVE, allow_pickle=False) as archive:
        return [str(name) for name in archive["action_names"]]


def demo_people() -> list[str]:
    """Who performs each clip of `load_demo_clips`: ten people, called s01 to s10.

    Example:
        >>> demo_people()[:3]
        ['s01', 's04', 's07']
    """
    with np.load(ARCHIVE, allow_pickle=False) as archive:
        return [str(archive["subject_names"][person]) for person in archive["subject"]]
