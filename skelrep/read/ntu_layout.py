"""Sources that already are NTU-25: what kind of array they came from, and what must be undone or kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ..clips import Clip, is_preprocessed
from .agcn import NOTE, is_agcn, undo_agcn
from .raw import Found


def found_clips(where: str, kind: str, clips: Sequence[Clip]) -> Found:
    """Mark "frame50" clips as prepared, and undo what 2s-AGCN does.

    Example:
        >>> import numpy as np
        >>> x = np.ones((3, 50, 25, 1), dtype=np.float32)
        >>> x[:, :, 20] = 0
        >>> found_clips("train_position.npy", "NTU-25 array", [Clip(data=x)]).clips[0].prepared
        True
    """
    if clips and all(is_preprocessed(clip.data) for clip in clips):
        ready = tuple(dataclasses.replace(clip, prepared=True) for clip in clips)
        return Found(where=where, format='prepared ("frame50") array', clips=ready)
    if is_agcn(clips):
        return Found(where=where, format="2s-AGCN array", clips=tuple(undo_agcn(clips)), notes=(NOTE,))
    return Found(where=where, format=kind, clips=tuple(clips))
