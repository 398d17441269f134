"""`choose_bodies`: of any number of slots, the people; identities that change slots are followed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..clips import MAX_BODIES, as_float32
from ..errors import ConfigError, InvalidClipError
from .bodies import MAX_JUMP, Track, select_bodies

MAX_KNOWN = 100  # identities that a body can still be
FAR = 1e6  # metres: a pair that must not be matched, but must stay comparable in a sum


def choose_bodies(array_CTVM: NDArray[np.generic], limit: int = MAX_BODIES) -> NDArray[np.float32]:
    """The people of a recording whose slots may change owner from frame to frame.

    Each body is matched to the one of the frames before whose joints are nearest (at most 0.4 m away in the
    mean), so that people who swap slots stay themselves. Then the rules of tracked recordings hold
    (`skelrep.read.bodies`): ghosts are dropped, those who move most are kept, gaps filled.

    Args:
        array_CTVM: numbers (C=3, T, V=25, M), metres, any M from 1 on; an absent body is all zero.
        limit: how many bodies are kept at most, 1 or 2.

    Returns:
        float32 (C=3, T, V, <= limit), the one that moves most first; T runs from the first to the last frame
        with a kept body.

    Raises:
        ShapeError: other axes.
        InvalidClipError: NaN, infinity or no body.
        ConfigError: another limit.

    Example:
        >>> pose = np.random.default_rng(0).normal(size=(3, 20, 25, 2)).cumsum(axis=1) / 50
        >>> pose[0, ..., 1] += 2
        >>> swapped = np.where(np.arange(20)[:, None, None] % 2, pose, pose[..., ::-1])
        >>> chosen = choose_bodies(swapped)
        >>> bool(np.ptp(chosen[0, :, 0], axis=0).max() < 1)
        True
    """
    if limit not in range(1, MAX_BODIES + 1):
        raise ConfigError(f"limit is {limit!r}; expected 1 or {MAX_BODIES} bodies.")
    x = _checked(array_CTVM)
    return select_bodies(follow(np.ascontiguousarray(x.transpose(1, 3, 2, 0))), limit)


def follow(x_TMVC: NDArray[np.float32]) -> list[Track]:
    """Tracks of the bodies in slots (T, M, V, 3), whichever slot each has in a frame."""
    present = np.asarray(x_TMVC.any(axis=(2, 3)))
    seen: list[list[tuple[int, int]]] = []
    for frame in np.flatnonzero(present.any(axis=1)).tolist():
        slots = np.flatnonzero(present[frame])
        known = newest(seen)
        last = np.array([x_TMVC[seen[owner][-1]] for owner in known]).reshape(-1, *x_TMVC.shape[2:])
        for column, row in enumerate(match(distances(last, x_TMVC[frame, slots]))):
            if row < 0:
                seen.append([])
            seen[known[row] if row >= 0 else -1].append((frame, int(slots[column])))
    places = [np.array(track, dtype=np.int64) for track in seen]
    return [Track(frames=p[:, 0], joints=x_TMVC[p[:, 0], p[:, 1]]) for p in places]


def newest(seen: Sequence[Sequence[tuple[int, int]]]) -> list[int]:
    """The identities that were seen last, at most `MAX_KNOWN`, in their order: in noise, every frame brings
    new ones, and comparing with all would take the square of the recording's length."""
    by_time = sorted(range(len(seen)), key=lambda owner: seen[owner][-1][0])
    return sorted(by_time[-MAX_KNOWN:])


def distances(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean distance over joints, (I, D), of poses (I, V, 3) and (D, V, 3); `FAR` beyond `MAX_JUMP`."""
    apart = before[:, None].astype(np.float64) - after[None]
    mean = np.linalg.norm(apart, axis=-1).mean(axis=-1)
    return np.where(mean > MAX_JUMP, FAR, mean)


def match(cost_ID: NDArray[np.float64]) -> list[int]:
    """For each column the row it belongs to, or -1: nearest pairs first, then exchanges that lower the sum.

    Example:
        >>> match(np.array([[1.0, 2.0], [0.9, 9.0]]))
        [1, 0]
    """
    rows, columns = cost_ID.shape
    # As many columns' worth of strangers as there are bodies: each may be new.
    cost = np.concatenate([cost_ID, np.full((columns, columns), FAR)])
    owners = [-1] * columns
    for place in np.argsort(cost, axis=None, kind="stable"):
        row, column = divmod(int(place), columns)
        if owners[column] < 0 and row not in owners:
            owners[column] = row
    improved = True
    while improved:
        improved = False
        for a in range(columns):
            for b in range(a):
                now = cost[owners[a], a] + cost[owners[b], b]
                if cost[owners[b], a] + cost[owners[a], b] < now - 1e-9:
                    owners[a], owners[b] = owners[b], owners[a]
                    improved = True
    return [row if row < rows and cost[row, n] < FAR else -1 for n, row in enumerate(owners)]


def _checked(array: NDArray[np.generic]) -> NDArray[np.float32]:
    x = as_float32(array, "the clip", any_bodies=True)
    if not np.isfinite(x).all():
        raise InvalidClipError(
            f"the clip has {np.count_nonzero(~np.isfinite(x))} NaN or infinite values. Fill short gaps "
            "first: max_gap=... (read_clips, as_clips) or skelrep.read.fill_gaps."
        )
    if not x.any():
        raise InvalidClipError("the clip holds no body: every coordinate is 0. Leave this clip out.")
    return x
