"""One clip, as the checks see it: present bodies, their size, unit and steps, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..clips import Clip
from ..layout import SPINE_BASE, SPINE_SHOULDER

FPS = 30.0  # of a clip whose rate is not known
# Trunks (SpineBase to SpineShoulder) of people in metres; between centimetres and millimetres lies a gap.
SMALL_TRUNK, LARGE_TRUNK = 0.15, 1.15


@dataclass(frozen=True, eq=False, kw_only=True)
class Body:
    """One body slot.

    Attributes:
        slot: its place on axis M.
        frames: int64 (K,), frames in which the body is there with finite joints.
        joints: float32 (K, V=25, 3), in the clip's own unit.
    """

    slot: int
    frames: NDArray[np.int64]
    joints: NDArray[np.float32]

    @cached_property
    def trunk(self) -> float:
        """Median distance between SpineBase and SpineShoulder, in the clip's unit."""
        return float(median_distances(self.joints, [SPINE_BASE], [SPINE_SHOULDER])[0])

    @cached_property
    def steps(self) -> NDArray[np.float32]:
        """float32 (K - 1, V, 3): where each joint goes until the next frame; NaN where that frame is lost."""
        steps = self.joints[1:] - self.joints[:-1]
        if self.frames[-1] - self.frames[0] >= len(self.frames):
            steps[np.diff(self.frames) > 1] = np.nan
        return steps

    @cached_property
    def distances(self) -> NDArray[np.float32]:
        """float32 (K - 1, V): lengths of the steps."""
        return np.sqrt(np.einsum("kvc,kvc->kv", self.steps, self.steps))


def median_distances(joints_KVC: NDArray[np.float32], a: list[int], b: list[int]) -> NDArray[np.float64]:
    """Median over frames of the distance of each joint of `a` to the one of `b`.

    Example:
        >>> median_distances(np.ones((5, 25, 3), np.float32), [0, 1], [2, 3]).tolist()
        [0.0, 0.0]
    """
    return sorted_distances(joints_KVC, a, b)[len(joints_KVC) // 2]


def sorted_distances(joints_KVC: NDArray[np.float32], a: list[int], b: list[int]) -> NDArray[np.float64]:
    """(K, pairs), each column sorted: rows are quantiles, at a fraction of the price of `np.quantile`."""
    apart = joints_KVC[:, a].astype(np.float64) - joints_KVC[:, b]
    return np.sort(np.sqrt(np.einsum("kpc,kpc->kp", apart, apart)), axis=0)


@dataclass(frozen=True, eq=False, kw_only=True)
class Look:
    """A clip and what is derived from it.

    Attributes:
        clip: as read; its values may be NaN or all zero.
        name: a name for the report.
    """

    clip: Clip
    name: str

    @cached_property
    def bodies_first(self) -> NDArray[np.float32]:
        """The clip's data as contiguous (M, T, V, C): reductions over it are many times as fast."""
        return np.ascontiguousarray(self.clip.data.transpose(3, 1, 2, 0))

    @cached_property
    def finite(self) -> bool:
        """Whether no coordinate is NaN or infinite."""
        return bool(np.isfinite(self.bodies_first).all())

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """bool (M, T): frames in which a slot holds anything but zeros."""
        return np.asarray(self.bodies_first.reshape(*self.bodies_first.shape[:2], -1).any(axis=2))

    @cached_property
    def bodies(self) -> tuple[Body, ...]:
        """The slots with at least one whole body, in order."""
        whole = self.present
        if not self.finite:
            whole = whole & np.isfinite(self.bodies_first).all(axis=(2, 3))
        bodies = []
        for slot in np.flatnonzero(whole.any(axis=1)).tolist():
            frames = np.flatnonzero(whole[slot])
            joints = self.bodies_first[slot] if whole[slot].all() else self.bodies_first[slot, frames]
            bodies.append(Body(slot=slot, frames=frames, joints=joints))
        return tuple(bodies)

    @property
    def fps(self) -> float:
        """Frames per second; 30 where not known."""
        return self.clip.fps or FPS

    @property
    def num_frames(self) -> int:
        """T."""
        return self.clip.data.shape[1]

    @cached_property
    def metre(self) -> float:
        """Metres in one unit of the clip, guessed from the first body: 1, 0.01, 0.001, or by its trunk."""
        trunk = self.bodies[0].trunk if self.bodies else 0.5
        for metre in (1.0, 0.01, 0.001):
            if SMALL_TRUNK <= trunk * metre <= LARGE_TRUNK:
                return metre
        return 0.5 / trunk if trunk > 0 else 1.0
