"""All steps of preprocessing, in their order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..config import PreprocessConfig
from ..layout import KINECT_BONE_LENGTHS, NUM_JOINTS
from ..read.anything import as_clips
from .align import align_each_clip, align_each_frame, centre
from .bodies import split_bodies
from .bones import set_bone_lengths
from .resize import resize

FAITHFUL_BODIES = 2


def preprocess(clips: object, config: PreprocessConfig) -> Tensor:
    """Turn recordings of any length into network input.

    Args:
        clips: anything `skelrep.read.as_clips` takes, such as a list of float arrays (3, T, 25, M) in metres.
        config: `PreprocessConfig.recipe("fixed")` or `("faithful")`, or a model's own.

    Returns:
        float32 (N, 3, config.frames, 25, M), metres, M the largest number of bodies (always 2 under
        ``"faithful"``); absent bodies are zero.

    Raises:
        ShapeError, InvalidClipError: a clip that cannot be used; the error names it.

    Source:
        Li et al., CVPR 2021, section 4.2; the order and formulas of the published code.

    Example:
        >>> clip = np.random.default_rng(0).normal(size=(3, 40, 25, 1)).astype("float32")
        >>> preprocess([clip], PreprocessConfig.recipe("fixed")).shape
        torch.Size([1, 3, 50, 25, 1])
    """
    items = as_clips(clips, recipe=config.recipe_name)
    return preprocess_arrays([clip.data for clip in items], config, [clip.prepared for clip in items])


def preprocess_arrays(
    arrays: Sequence[NDArray[np.float32]], config: PreprocessConfig, prepared: Sequence[bool] | None = None
) -> Tensor:
    """`preprocess` for arrays (3, T, 25, M) that were checked before, or that may hold no body at all."""
    if not arrays:
        return torch.zeros(0, 3, config.frames, NUM_JOINTS, 1)
    frames_CSMV, lengths = gather_frames(arrays)
    flags = None if prepared is None else torch.tensor(prepared)
    return preprocess_gathered(frames_CSMV, lengths, config, flags)


def gather_frames(arrays: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Clips one after another in one array.

    Args:
        arrays: at least one float32 (3, T, 25, M).

    Returns:
        float32 (3, S, M, 25), M the largest number of bodies, absent ones zero; and int64 (N,), lengths.
    """
    lengths = np.array([array.shape[1] for array in arrays], dtype=np.int64)
    slots = {array.shape[3] for array in arrays}
    if len(slots) == 1:
        return np.concatenate(arrays, axis=1).swapaxes(2, 3), lengths
    frames_CSMV = np.zeros((3, int(lengths.sum()), max(slots), NUM_JOINTS), dtype=np.float32)
    stop = 0
    for array in arrays:
        start, stop = stop, stop + array.shape[1]
        frames_CSMV[:, start:stop, : array.shape[3]] = array.swapaxes(2, 3)
    return frames_CSMV, lengths


def preprocess_gathered(
    frames_CSMV: NDArray[np.float32],
    lengths: NDArray[np.int64],
    config: PreprocessConfig,
    prepared: Tensor | None = None,
    device: torch.device | None = None,
) -> Tensor:
    """`preprocess_frames` of what `gather_frames` gives, computed on `device` (the CPU by default)."""
    frames = torch.from_numpy(frames_CSMV).to(device).movedim(0, -1)
    stops = np.cumsum(lengths)
    starts, sizes = torch.from_numpy(stops - lengths), torch.from_numpy(lengths)
    return preprocess_frames(frames, starts, sizes, config, prepared)


def preprocess_frames(
    frames_SMVC: Tensor,
    starts: Tensor,
    lengths: Tensor,
    config: PreprocessConfig,
    prepared: Tensor | None = None,
) -> Tensor:
    """The batched core of `preprocess`, on clips that lie one after another in one tensor.

    Args:
        frames_SMVC: float (S, M, V, 3), metres.
        starts, lengths: int64 (N,): clip n is ``frames_SMVC[starts[n] : starts[n] + lengths[n]]``.
        config: what to do.
        prepared: bool (N,): clips that were centred and turned before ("frame50" files) are only resized.

    Returns:
        float (N, 3, config.frames, V, M) on the device of `frames_SMVC`.
    """
    x, tracks = split_bodies(resize(frames_SMVC, starts, lengths, config.frames))
    resized = x if prepared is not None and prepared.any() else None
    x = normalise_bodies(x, tracks.leaders, config)
    if prepared is not None and resized is not None:
        as_they_are = prepared.to(x.device)[tracks.leaders]
        x = torch.where(as_they_are.view(-1, 1, 1, 1), resized, x)
    bodies = frames_SMVC.shape[1]
    return tracks.place(x, max(bodies, FAITHFUL_BODIES) if config.recipe_name == "faithful" else bodies)


def normalise_bodies(x_BTVC: Tensor, leaders: Tensor, config: PreprocessConfig) -> Tensor:
    """Bone lengths, place and direction of bodies of `config.frames` frames, absent ones staying zero.

    Args:
        x_BTVC: float (B, T, V, 3), metres.
        leaders: int64 (B,), the row of the first body of each body's clip.
        config: what to do.
    """
    if config.bone_lengths == "kinect":
        x_BTVC = set_bone_lengths(x_BTVC, x_BTVC.new_tensor(KINECT_BONE_LENGTHS))
    followed = leaders if config.centring == "pair" else None
    x_BTVC = centre(x_BTVC, followed)
    return align_each_frame(x_BTVC) if config.recipe_name == "faithful" else align_each_clip(x_BTVC, followed)
