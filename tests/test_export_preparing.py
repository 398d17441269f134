"""The preprocessing inside a graph against the library's, and what can be traced of it."""

from __future__ import annotations

import itertools
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.export import Dim

from skelrep.config import BoneLengths, Centring, PreprocessConfig, Recipe
from skelrep.export.preparing import prepare, resize_time
from skelrep.preprocess import preprocess, preprocess_arrays, resize

CONFIGS = [
    PreprocessConfig(recipe_name=recipe, centring=centring, bone_lengths=bone_lengths, frames=20)
    for recipe, centring, bone_lengths in itertools.product(*map(get_args, (Recipe, Centring, BoneLengths)))
]
NAMES = [f"{c.recipe_name}-{c.centring}-{c.bone_lengths}" for c in CONFIGS]


def random_clips(frames: int, *, empty: bool) -> Tensor:
    """Two bodies; one; the second of two alone; a body that comes late; and, if asked for, nobody."""
    x = torch.randn(5, 3, frames, 25, 2, generator=torch.Generator().manual_seed(frames))
    x[1, ..., 1] = 0
    x[2, ..., 0] = 0
    x[3, :, : frames // 2, :, 1] = 0
    x[4] = 0
    return x if empty else x[:4]


@pytest.mark.parametrize("config", CONFIGS, ids=NAMES)
@pytest.mark.parametrize("frames", [1, 2, 20, 33])
def test_it_is_the_librarys_preprocessing(config: PreprocessConfig, frames: int) -> None:
    clips = random_clips(frames, empty=False)
    given, wanted = prepare(clips, config), preprocess(list(clips.numpy()), config)
    torch.testing.assert_close(given, wanted, rtol=1e-5, atol=1e-6)
    assert torch.equal(given == 0, wanted == 0), "absent bodies are zero, and no others"


# Of every option both values; a trace takes seconds.
@pytest.mark.parametrize("name", ["fixed-pair-kinect", "faithful-body-keep"])
def test_a_trace_serves_any_clips_frames_and_bodies(name: str) -> None:
    config = CONFIGS[NAMES.index(name)]

    class Preparing(nn.Module):
        def forward(self, clips: Tensor) -> Tensor:
            return prepare(clips, config)

    axes = {0: Dim("batch"), 2: Dim("frames", min=1), 4: Dim("bodies", min=1)}
    with torch.no_grad():
        program = torch.export.export(Preparing(), (torch.ones(3, 3, 50, 25, 2),), dynamic_shapes=(axes,))
    network = program.module()
    for clips in (
        random_clips(1, empty=True),
        random_clips(33, empty=True),
        random_clips(20, empty=True)[:1],
    ):
        wanted = preprocess_arrays(list(clips.numpy()), config)
        torch.testing.assert_close(network(clips), wanted, rtol=1e-5, atol=1e-6)
    if config.recipe_name == "fixed":
        one = random_clips(12, empty=False)[..., :1]
        torch.testing.assert_close(network(one), prepare(one, config), rtol=1e-5, atol=1e-6)


@given(length=st.integers(1, 400), frames=st.integers(1, 120))
@settings(max_examples=40, deadline=None)
def test_frames_are_those_of_the_librarys_resize(length: int, frames: int) -> None:
    values = np.random.default_rng(length).normal(size=(length, 4)).astype(np.float32)
    wanted = resize(torch.from_numpy(values), torch.tensor([0]), torch.tensor([length]), frames)[0]
    clip = torch.from_numpy(values.T.copy())[None, :, :, None, None]
    given = resize_time(clip, frames)[0, :, :, 0, 0].T
    torch.testing.assert_close(given, wanted, rtol=1e-6, atol=1e-6)
