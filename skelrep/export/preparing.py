"""`skelrep.preprocess.preprocess` as a graph: no step depends on what the numbers are.

The library resizes with NumPy and computes nothing for absent bodies. A graph takes clips of one length and
cannot leave bodies out, so every slot is a row; an absent body is zero, and every step keeps it so.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..config import PreprocessConfig
from ..preprocess import normalise_bodies


def prepare(clips: Tensor, config: PreprocessConfig) -> Tensor:
    """Network input from clips of one length.

    Args:
        clips: float (N, 3, T, V, M), metres; ``"faithful"`` wants both slots of bodies.
        config: the model's.

    Returns:
        float (N, 3, config.frames, V, M).
    """
    x_NMTVC = resize_time(clips, config.frames).permute(0, 4, 2, 3, 1)
    count, slots = x_NMTVC.shape[:2]
    first_N1 = torch.arange(count, device=clips.device)[:, None] * slots
    leaders = first_N1.expand(count, slots).flatten()
    x_BTVC = normalise_bodies(x_NMTVC.flatten(0, 1), leaders, config)
    return x_BTVC.reshape(count, slots, *x_BTVC.shape[1:]).permute(0, 4, 2, 3, 1)


def resize_time(clips: Tensor, frames: int) -> Tensor:
    """What `skelrep.preprocess.resize` does, for (N, 3, T, V, M) of any T, which a graph may not know."""
    length = torch.full((frames,), clips.shape[2], device=clips.device)
    centre_of_frame = torch.arange(frames, device=clips.device, dtype=torch.float64) + 0.5
    position = (centre_of_frame * (length.double() / frames) - 0.5).clamp(min=0)
    before = torch.minimum(position.long(), length - 1)
    after = torch.minimum(before + 1, length - 1)
    weight = (position - before).clamp(max=1).to(clips.dtype)[:, None, None]
    return torch.lerp(clips.index_select(2, before), clips.index_select(2, after), weight)
