"""What a learned vector has to beat: the joints themselves, and an encoder that learned nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..config import ModelConfig
from ..errors import EvaluationError
from ..layout import KINECT_BONE_LENGTHS, SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_BASE
from ..models import SkeletonEncoder
from ..preprocess import resize, rotate_about_y, set_bone_lengths
from ..read import as_clips


def raw_joints(clips: object, *, frames: int = 32) -> NDArray[np.float32]:
    """Joint positions as a feature: resized in time, one body shape, rooted at SpineBase, facing the camera.

    Every frame is centred on the first body's SpineBase; the whole clip is turned about the vertical so that
    the first body's shoulders lie along x in frame 0; bones get the lengths of a median Kinect v2 body.

    Args:
        clips: anything `skelrep.read.as_clips` takes.
        frames: frames kept, by linear interpolation.

    Returns:
        float32 (N, frames * 25 * 3 * M), metres, M the largest number of bodies; absent bodies are zero.

    Raises:
        EvaluationError: no clips, or frames below 1.
        ShapeError, InvalidClipError: a clip that cannot be used; the error names it.

    Example:
        >>> clip = np.random.default_rng(0).normal(size=(3, 40, 25, 1)).astype("float32")
        >>> raw_joints([clip], frames=32).shape
        (1, 2400)
    """
    arrays = [clip.data for clip in as_clips(clips)]
    if not arrays or frames < 1:
        raise EvaluationError(
            f"raw_joints was given {len(arrays)} clips and frames={frames}; expected 1 or more."
        )
    bodies = max(array.shape[3] for array in arrays)
    x_NTMVC = torch.zeros(len(arrays), frames, bodies, arrays[0].shape[2], 3)
    for n, array in enumerate(arrays):
        x_NTMVC[n, :, : array.shape[3]] = _resized(array, frames)
    present = x_NTMVC.abs().amax(dim=(1, 3, 4), keepdim=True) > 0
    x_NTMVC = set_bone_lengths(x_NTMVC, torch.tensor(KINECT_BONE_LENGTHS))
    x_NTMVC = x_NTMVC - x_NTMVC[:, :, :1, SPINE_BASE : SPINE_BASE + 1]
    across = x_NTMVC[:, :1, :1, SHOULDER_RIGHT] - x_NTMVC[:, :1, :1, SHOULDER_LEFT]
    x_NTMVC = rotate_about_y(x_NTMVC, -torch.atan2(across[..., 2], across[..., 0]))
    return torch.where(present, x_NTMVC, 0.0).flatten(1).numpy()


def random_encoder(config: ModelConfig, seed: int) -> SkeletonEncoder:
    """An untrained encoder in evaluation mode; the global random state is left as it was.

    Args:
        config: architecture and preprocessing. Its whitening is left out: there are no vectors to fit one to.
        seed: decides the weights.

    Example:
        >>> random_encoder(ModelConfig(), seed=0).training
        False
    """
    bare = replace(config, encoder=replace(config.encoder, whitening=0))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SkeletonEncoder(bare).eval()


def _resized(array_CTVM: NDArray[np.float32], frames: int) -> Tensor:
    frames_SMVC = torch.from_numpy(np.ascontiguousarray(array_CTVM.transpose(1, 3, 2, 0)))
    return resize(frames_SMVC, torch.tensor([0]), torch.tensor([len(frames_SMVC)]), frames)[0]
