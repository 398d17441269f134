"""Who is who in a recording: tracks by body id, ghosts dropped, at most two people kept, the main one first.

The Kinect tracker takes furniture for people and flickers. The FAQ of the NTU RGB+D data set
(shahroudy/NTURGB-D) names the facts used here: a ghost's spread in Y is small against its spread in X, and of
several bodies the one whose joints vary most in X, Y and Z is the main actor. The limits below were set on
5,172 real clips (IRDS, UI-PRMD, CMU, HDM05, Bandai 1) so that a person is hardly ever outside them: wider
than tall most of the time in 0.3 % of the clips (people lying down); deviation at least 16 mm; median speed
at most 0.16 m a frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..clips import MAX_BODIES as MAX_BODIES
from ..layout import NUM_JOINTS, SPINE_BASE

MIN_FRAMES, MIN_SHARE = 10, 0.1  # a person stays longer than a flicker
MAX_WIDE_SHARE = 2 / 3  # share of frames in which the body is wider (X) than tall (Y)
MIN_DEVIATION = 0.01  # metres, root mean square over joints about their mean place: furniture stands still
MAX_STEP = 0.2  # metres a frame, median of the mean joint speed: 6 m/s
MAX_JUMP = 0.4  # metres SpineBase may move while the tracker loses a person and gives a new id


@dataclass(frozen=True, eq=False, kw_only=True)
class Track:
    """One body through a recording.

    Attributes:
        frames: int64 (K,), rising frame numbers where the tracker saw the body.
        joints: float32 (K, V=25, 3), metres.
    """

    frames: NDArray[np.int64]
    joints: NDArray[np.float32]


def select_bodies(tracks: list[Track], limit: int = MAX_BODIES) -> NDArray[np.float32]:
    """The clip of the people in a recording.

    A person whose id changes on the way is put together again; ghosts are dropped where a better body exists;
    the two bodies that move most are kept, the one that moves most first. A gap in a track is filled
    linearly, and a body holds its first and last pose while only the other one is seen.

    Args:
        tracks: at least one, in the order in which they first appear in the file.
        limit: how many are kept at most.

    Returns:
        float32 (C=3, T, V, M) with M = 1 to `limit`; T runs from the first to the last frame with a kept
        body.

    Example:
        >>> pose = np.random.default_rng(0).normal(size=(20, 25, 3)).astype("float32")
        >>> select_bodies([Track(frames=np.arange(5, 25), joints=pose)]).shape
        (3, 20, 25, 1)
    """
    people = drop_ghosts(join_tracks(tracks))
    kept = sorted(people, key=activity, reverse=True)[:limit]
    first = min(int(track.frames[0]) for track in kept)
    last = max(int(track.frames[-1]) for track in kept)
    bodies = [fill(track, np.arange(first, last + 1)) for track in kept]
    return np.ascontiguousarray(np.stack(bodies).transpose(3, 1, 2, 0))


def tracks_of(array: NDArray[np.float32]) -> list[Track]:
    """Tracks of an array (C=3, T, V, M) whose slots are bodies and whose absent bodies are zero.

    Example:
        >>> len(tracks_of(np.zeros((3, 8, 25, 2), dtype=np.float32)))
        0
    """
    tracks = []
    for body_CTV in np.moveaxis(array, 3, 0):
        frames = np.flatnonzero(body_CTV.any(axis=(0, 2)))
        if len(frames):
            tracks.append(Track(frames=frames, joints=body_CTV[:, frames].transpose(1, 2, 0)))
    return tracks


def join_tracks(tracks: list[Track]) -> list[Track]:
    """Put together tracks of one person: one begins after another ends, and close to where that one ended."""
    people: list[list[Track]] = []
    # Where and when each of them was seen last.
    ends, last = np.zeros((len(tracks), 3)), np.zeros(len(tracks), dtype=np.int64)
    for track in sorted(tracks, key=lambda t: int(t.frames[0])):
        count = len(people)
        apart = np.linalg.norm(ends[:count] - track.joints[0, SPINE_BASE].astype(np.float64), axis=1)
        apart[last[:count] >= track.frames[0]] = np.inf
        place = int(apart.argmin()) if count else 0
        if count and apart[place] <= MAX_JUMP:
            people[place].append(track)
        else:
            place = count
            people.append([track])
        ends[place], last[place] = track.joints[-1, SPINE_BASE], track.frames[-1]
    return [_joined(parts) for parts in people]


def _joined(parts: list[Track]) -> Track:
    if len(parts) == 1:
        return parts[0]
    return Track(
        frames=np.concatenate([part.frames for part in parts]),
        joints=np.concatenate([part.joints for part in parts]),
    )


def drop_ghosts(tracks: list[Track]) -> list[Track]:
    """The tracks that break none of the rules of `faults`, or the one that breaks fewest (then: moves
    most)."""
    if len(tracks) == 1:
        return tracks
    total = len(np.unique(np.concatenate([track.frames for track in tracks])))
    broken = [len(faults(track, total)) for track in tracks]
    good = [track for track, count in zip(tracks, broken, strict=True) if not count]
    return good or [min(zip(broken, tracks, strict=True), key=lambda pair: (pair[0], -activity(pair[1])))[1]]


def faults(track: Track, total: int) -> list[str]:
    """Why a track may be a ghost: any of ``"short"``, ``"wide"``, ``"still"``, ``"wild"``.

    Args:
        track: the body.
        total: frames of the recording in which any body was seen.
    """
    joints = track.joints.astype(np.float64)  # differences of absurd coordinates must not overflow
    spread = np.ptp(joints, axis=1)
    steps = np.linalg.norm(np.diff(joints, axis=0), axis=2).mean(axis=1)
    rules = {
        "short": len(track.frames) < max(MIN_SHARE * total, min(MIN_FRAMES, total / 2)),
        "wide": np.mean(spread[:, 0] > spread[:, 1]) > MAX_WIDE_SHARE,
        "still": deviation(track) < MIN_DEVIATION,
        "wild": len(steps) > 0 and np.median(steps) > MAX_STEP,
    }
    return [name for name, is_broken in rules.items() if is_broken]


def deviation(track: Track) -> float:
    """Root mean square distance of the joints from their mean place, metres."""
    away = track.joints - track.joints.mean(axis=0, dtype=np.float64)
    return float(np.sqrt(np.square(away).sum(axis=2).mean()))


def activity(track: Track) -> float:
    """Variance of X, Y and Z summed over joints and frames: large for a body that moves much, and for
    long."""
    return len(track.frames) * NUM_JOINTS * deviation(track) ** 2


def fill(track: Track, frames: NDArray[np.int64]) -> NDArray[np.float32]:
    """Joints (T, V, 3) at every one of `frames`: linear inside gaps, the first and last pose held outside."""
    if len(frames) == len(track.frames):
        return track.joints
    after = np.clip(np.searchsorted(track.frames, frames), 1, max(len(track.frames) - 1, 1))
    after = np.minimum(after, len(track.frames) - 1)
    before = np.maximum(after - 1, 0)
    span = np.maximum(track.frames[after] - track.frames[before], 1)
    weight = np.clip((frames - track.frames[before]) / span, 0, 1).astype(np.float32)[:, None, None]
    filled: NDArray[np.float32] = track.joints[before] * (1 - weight) + track.joints[after] * weight
    return filled
