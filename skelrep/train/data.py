"""The training set: a clip store, its fingerprint, and one step's clips from it."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..clips import check_units
from ..config import OnBadClip, PreprocessConfig, Recipe
from ..errors import InvalidClipError, ShapeError
from ..preprocess import preprocess_frames
from ..read import ClipStore, as_clips

MIN_CLIPS = 2
FINGERPRINT_FRAMES = 4096


def as_store(clips: object, recipe: Recipe, on_bad_clip: OnBadClip = "raise") -> ClipStore:
    """A `ClipStore` as it is; anything else that holds clips is put into one.

    Args:
        clips: anything `as_clips` takes.
        recipe: how files are read, where `clips` are files.
        on_bad_clip: ``"skip"`` lets a bad first clip pass here; training leaves it out.

    Raises:
        ShapeError: fewer than two clips: a clip needs others to be told apart from.

    Warns:
        UnitsWarning: the first clip's body cannot have been measured in metres.
    """
    read = as_clips(clips, recipe=recipe)
    store = read if isinstance(read, ClipStore) else ClipStore.from_clips(read)
    count = len(store)
    if count < MIN_CLIPS:
        raise ShapeError(
            f"{count} clip{'' if count == 1 else 's'} given; pretraining needs at least {MIN_CLIPS}, because "
            "it learns by telling clips apart. One long recording can be cut into several clips."
        )
    with suppress(*([InvalidClipError] if on_bad_clip == "skip" else [])):
        check_units(store[0].data, "clips[0]")
    return store


def fingerprint(store: ClipStore) -> dict[str, Any]:
    """What identifies the data: counts, and a digest of all lengths and of evenly spaced frames.

    At most `FINGERPRINT_FRAMES` frames are read, so that a memory-mapped store of any size starts at once.
    """
    total = int(store.offsets[-1])
    digest = hashlib.sha256(np.asarray(store.offsets, dtype="<i8").tobytes())
    digest.update(bytes(store.prepared))
    for frame in np.unique(np.linspace(0, total - 1, min(total, FINGERPRINT_FRAMES)).astype(np.int64)):
        digest.update(np.ascontiguousarray(store.frames[frame], dtype="<f4").tobytes())
    return {"clips": len(store), "frames": total, "digest": digest.hexdigest()[:16]}


def load_batch(
    store: ClipStore, clips: NDArray[np.int64], config: PreprocessConfig, device: torch.device
) -> Tensor:
    """Preprocess some clips of a store on a device.

    Only these clips' frames are read and moved, so that a memory-mapped store never has to fit in memory.

    Args:
        store: all clips.
        clips: int64 (B,), which ones, in order; none, where this process has no part in a batch.

    Returns:
        float32 (B, 3, config.frames, V, M).
    """
    starts, stops = store.offsets[clips], store.offsets[clips + 1]
    pieces = [store.frames[a:b] for a, b in zip(starts.tolist(), stops.tolist(), strict=True)]
    read = np.concatenate([store.frames[:0], *pieces]).astype(np.float32, copy=False)
    frames = torch.from_numpy(read).to(device)
    lengths = torch.from_numpy(np.asarray(stops - starts, dtype=np.int64))
    prepared = torch.tensor([store.prepared[n] for n in clips.tolist()], dtype=torch.bool)
    return preprocess_frames(frames, torch.cumsum(lengths, 0) - lengths, lengths, config, prepared)
