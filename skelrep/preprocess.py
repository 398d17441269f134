"""From ragged recordings to network input: resize, bone lengths, centring, alignment; batched, any device.

Axes: S frames of all clips one after another, N clips, C=3 coordinates, T frames, V=25 joints, M bodies.
Points keep their coordinates on the last axis; in memory the coordinates are three planes, so that every
step runs over long rows of joints.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .config import Centring, PreprocessConfig
from .layout import (
    ANATOMY,
    ANATOMY_ORDER,
    KINECT_BONE_LENGTHS,
    NUM_JOINTS,
    SHOULDER_LEFT,
    SHOULDER_RIGHT,
    SPINE_SHOULDER,
)
from .read.anything import as_clips

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
    x = preprocess_gathered(frames_CSMV, lengths, config, flags)
    return _with_bodies(x, max(array.shape[3] for array in arrays))


def gather_frames(arrays: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Clips one after another in one array.

    Args:
        arrays: at least one float32 (3, T, 25, M).

    Returns:
        float32 (3, S, M, 25), M the largest number of bodies that are there, absent ones zero; and int64
        (N,), lengths.
    """
    lengths = np.array([array.shape[1] for array in arrays], dtype=np.int64)
    # Many files have a second body in every clip, and nothing in it in most.
    arrays = [array if array[..., 1:].any() else array[..., :1] for array in arrays]
    bodies = max(array.shape[3] for array in arrays)
    frames_CMSV = np.zeros((3, bodies, int(lengths.sum()), NUM_JOINTS), dtype=np.float32)
    stop = 0
    for array in arrays:
        start, stop = stop, stop + array.shape[1]
        for body in range(array.shape[3]):
            frames_CMSV[:, body, start:stop] = array[..., body]
    return frames_CMSV.transpose(0, 2, 1, 3), lengths


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
    # Whatever the memory of what came in, three planes from here on.
    x = resize(frames_SMVC, starts, lengths, config.frames).movedim(-1, 0).contiguous().movedim(0, -1)
    resized = x
    if config.bone_lengths == "kinect":
        x = set_bone_lengths(x, torch.tensor(KINECT_BONE_LENGTHS, dtype=x.dtype, device=x.device))
    x = centre(x, config)
    x = align_each_frame(x) if config.recipe_name == "faithful" else align_each_clip(x, config.centring)
    if prepared is not None and prepared.any():
        x = torch.where(prepared.to(x.device).view(-1, 1, 1, 1, 1), resized, x)
    x = x.permute(0, 4, 1, 3, 2).contiguous()
    return _with_bodies(x, FAITHFUL_BODIES) if config.recipe_name == "faithful" else x


def _with_bodies(x_NCTVM: Tensor, bodies: int) -> Tensor:
    """At least so many slots, the new ones zero."""
    missing = bodies - x_NCTVM.shape[4]
    return torch.nn.functional.pad(x_NCTVM, (0, missing)) if missing > 0 else x_NCTVM


def resize(frames_SMVC: Tensor, starts: Tensor, lengths: Tensor, frames: int) -> Tensor:
    """Linear in time, half-pixel centres, edges clamped, no anti-aliasing -> (N, T, M, V, 3).

    Resizing comes first here and after centring in the published code: both are linear, so they commute.
    """
    device = frames_SMVC.device
    starts, lengths = starts.to(device)[:, None], lengths.to(device)[:, None]
    # float64: a frame number of a long recording does not fit float32's 24 bits with its fraction.
    centre_of_frame = torch.arange(frames, device=device, dtype=torch.float64) + 0.5
    position = (centre_of_frame * (lengths.double() / frames) - 0.5).clamp(min=0)
    before = torch.minimum(position.long(), lengths - 1)
    after = torch.minimum(before + 1, lengths - 1)
    weight = (position - before).clamp(max=1).to(frames_SMVC.dtype).flatten()[:, None]
    before, after = (starts + before).flatten(), (starts + after).flatten()
    planes = frames_SMVC.permute(3, 1, 0, 2)
    if not planes[0, 0].is_contiguous():
        rows = _between(frames_SMVC, before, after, weight)
        return rows.view(lengths.shape[0], frames, *frames_SMVC.shape[1:])
    resized = torch.stack([_between(plane, before, after, weight) for plane in planes.flatten(0, 1)])
    shape = (*planes.shape[:2], lengths.shape[0], frames, planes.shape[3])
    return resized.view(shape).permute(2, 3, 1, 4, 0)


def _between(rows: Tensor, before: Tensor, after: Tensor, weight: Tensor) -> Tensor:
    """Rows of the first axis, interpolated."""
    flat = rows.flatten(1)
    return torch.lerp(flat.index_select(0, before), flat.index_select(0, after), weight)


def set_bone_lengths(x_NTMVC: Tensor, lengths_V: Tensor) -> Tensor:
    """Keep SpineBase's place and every bone's direction; set bone lengths (metres, to anatomical parent)."""
    planes = x_NTMVC.movedim(-1, 0)
    # As a product of matrices, because picking single joints is slower than all of it.
    bones = torch.matmul(planes, bone_matrix().to(planes).T)
    size = bones.square().sum(dim=0).sqrt_()
    bones *= lengths_V / size.clamp_(min=1e-6)
    joints = torch.matmul(bones, path_matrix().to(planes).T)
    return joints.add_(planes[..., :1]).movedim(0, -1)


def rebuild(x: Tensor, bones: Tensor) -> Tensor:
    """Joint positions (..., V, 3) from SpineBase's place in `x` and bone vectors `bones` (..., V, 3)."""
    return x[..., :1, :] + torch.einsum("vb,...bc->...vc", path_matrix().to(x), bones)


def path_matrix() -> Tensor:
    """float32 (V, V): row v has ones at the bones between SpineBase and joint v."""
    path = np.zeros((NUM_JOINTS, NUM_JOINTS), dtype=np.float32)
    for joint in ANATOMY_ORDER[1:]:
        path[joint] = path[ANATOMY[joint]]
        path[joint, joint] = 1
    return torch.from_numpy(path)


def bone_matrix() -> Tensor:
    """float32 (V, V): row v is joint v minus its anatomical parent, SpineBase's row zero."""
    bones = np.eye(NUM_JOINTS, dtype=np.float32)
    bones[np.arange(NUM_JOINTS), list(ANATOMY)] -= 1
    return torch.from_numpy(bones)


def centre(x_NTMVC: Tensor, config: PreprocessConfig) -> Tensor:
    """Move SpineShoulder to the origin in every frame: each body's own, or the first body's for both."""
    if config.centring == "body":
        return x_NTMVC - x_NTMVC[..., SPINE_SHOULDER : SPINE_SHOULDER + 1, :]
    there = x_NTMVC.abs().amax(dim=(3, 4), keepdim=True) > 0
    return torch.where(there, x_NTMVC - x_NTMVC[:, :, :1, SPINE_SHOULDER : SPINE_SHOULDER + 1, :], 0)


def align_each_frame(x_NTMVC: Tensor) -> Tensor:
    """`faithful`: turn every frame of every body about y until its shoulders lie along x.

    theta = arccos(v_x / (|v| + 1e-4)) cannot tell left from right; one sign for the whole clip decides
    (reference.md, Data 5), so frames that face the other way are turned wrongly, as published.
    """
    shoulders = x_NTMVC[..., SHOULDER_RIGHT, :] - x_NTMVC[..., SHOULDER_LEFT, :]
    vx, vz = shoulders[..., 0], shoulders[..., 2]
    theta = torch.arccos(vx / (torch.sqrt(vx**2 + vz**2) + 1e-4))
    theta = torch.where(vz.sum(dim=1, keepdim=True) >= 0, -theta, theta)
    return rotate_about_y(x_NTMVC, theta)


def align_each_clip(x_NTMVC: Tensor, centring: Centring) -> Tensor:
    """`fixed`: turn every body about y, once a clip, until its shoulders lie along x on average over time.

    One angle a clip keeps turning as motion and adds no jitter of its own; atan2 knows left from right. A
    pair that keeps its relative position is turned as one, by the first body's angle.
    """
    shoulders = (x_NTMVC[..., SHOULDER_RIGHT, :] - x_NTMVC[..., SHOULDER_LEFT, :]).mean(dim=1, keepdim=True)
    theta = -torch.atan2(shoulders[..., 2], shoulders[..., 0])
    return rotate_about_y(x_NTMVC, theta[..., :1] if centring == "pair" else theta)


def rotate_about_y(x: Tensor, theta: Tensor) -> Tensor:
    """Rotate points (..., V, 3) by `theta` (..., radians): rows [cos, 0, -sin], [0, 1, 0], [sin, 0, cos]."""
    cos, sin = torch.cos(theta)[..., None], torch.sin(theta)[..., None]
    px, py, pz = x.unbind(-1)
    planes = (cos * px - sin * pz, py.expand_as(cos * px), sin * px + cos * pz)
    return torch.stack(planes).movedim(0, -1)
