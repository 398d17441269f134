"""Which clips a run is trained on, and how often: windows of long recordings, and weights."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..clips import Clip
from ..config import PretrainConfig
from ..errors import ConfigError, ShapeError
from ..read import ClipStore
from ..windows import Windows
from .data import MIN_CLIPS, as_store
from .usable import readable_clips, training_store


def select_clips(
    clips: object,
    config: PretrainConfig,
    *,
    window: int | None = None,
    stride: int | None = None,
    sample_weights: ArrayLike | None = None,
) -> tuple[ClipStore, NDArray[np.float64] | None]:
    """The training set, and the weight of each of its clips where weights are given.

    Args:
        clips, window, stride, sample_weights: as for `train_crossclr`.
        config: `recipe_name` and `on_bad_clip`.

    Raises:
        ConfigError: a stride without a window, or weights that cannot be used.
        ShapeError, InvalidClipError: as `training_store`.
    """
    if window is None:
        if stride is not None:
            raise ConfigError(f"stride is {stride} without a window; expected both. Pass window=... too.")
        store = training_store(clips, config)
        return store, None if sample_weights is None else check_weights(sample_weights, len(store))
    read = readable_clips(clips, config)
    weights = None if sample_weights is None else check_weights(sample_weights, len(read))
    cut, owners = cut_windows(read, window, stride)
    store = as_store(cut, config.recipe_name, config.on_bad_clip)
    return store, None if weights is None else weights[owners]


def cut_windows(
    clips: Sequence[Clip], window: int, stride: int | None = None
) -> tuple[ClipStore, NDArray[np.int64]]:
    """Copy the windows of long recordings into a store, but for those without a body.

    Returns:
        the store, and int64 (number of windows,), the recording of each.

    Raises:
        ConfigError: `window` or `stride` is below 1.

    Example:
        >>> take = Clip(data=np.ones((3, 100, 25, 1), dtype=np.float32))
        >>> store, owners = cut_windows([take, take], window=50)
        >>> len(store), owners.tolist()
        (4, [0, 0, 1, 1])
    """
    windows = Windows(clips, window, stride)
    owners = np.repeat(np.arange(len(clips)), windows.counts)
    # NaN passes as a body here and is reported with the window's place, as for any clip.
    kept = [(clip, owner) for clip, owner in zip(windows, owners, strict=True) if clip.data.any()]
    store = ClipStore.from_clips([clip for clip, _ in kept])
    return store, np.array([owner for _, owner in kept], dtype=np.int64)


def check_weights(sample_weights: ArrayLike, count: int) -> NDArray[np.float64]:
    """Weights of `count` clips as float64, scaled to a largest of 1.

    Raises:
        ShapeError: not one number a clip.
        ConfigError: NaN, infinity, a number below 0, or fewer than two above it.
    """
    try:
        weights = np.array(sample_weights, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"sample_weights are no numbers ({error}); expected one a clip.") from error
    if weights.shape != (count,):
        raise ShapeError(
            f"sample_weights have shape {weights.shape}; expected ({count},), one a clip. Clips that "
            "on_bad_clip='skip' leaves out while reading must not be counted."
        )
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ConfigError("sample_weights hold NaN, infinity or a number below 0; expected 0 or more.")
    used = np.count_nonzero(weights)
    if used < MIN_CLIPS:
        raise ConfigError(f"{used} of sample_weights are above 0; pretraining needs at least {MIN_CLIPS}.")
    return weights / weights.max()


def digest_sample_weights(weights: NDArray[np.float64] | None) -> str | None:
    """Identify weights in a checkpoint; None for none."""
    return None if weights is None else hashlib.sha256(weights.astype("<f8").tobytes()).hexdigest()[:16]
