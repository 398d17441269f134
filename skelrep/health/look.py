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
        spine = self.joints[:, SPINE_BASE].astype(np.float64) - self.joints[:, SPINE_SHOULDER]
        return float(np.median(np.linalg.norm(spine, axis=1)))

    @cached_property
    def steps(self) -> NDArray[np.float32]:
        """float32 (K - 1, V, 3): where each joint goes until the next frame; NaN where that frame is lost."""
        steps = np.diff(self.joints, axis=0)
        steps[np.diff(self.frames) > 1] = np.nan
        return steps

    @cached_property
    def distances(self) -> NDArray[np.float32]:
        """float32 (K - 1, V): lengths of the steps."""
        return np.sqrt(np.einsum("kvc,kvc->kv", self.steps, self.steps))


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
    def finite(self) -> NDArray[np.bool_]:
        """bool (T, V, M): joints with finite coordinates."""
        return np.asarray(np.isfinite(self.clip.data).all(axis=0))

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """bool (T, M): frames in which a slot holds anything but zeros."""
        return np.asarray(self.clip.data.any(axis=(0, 2)))

    @cached_property
    def bodies(self) -> tuple[Body, ...]:
        """The slots with at least one whole body, in order."""
        whole = self.present & np.asarray(self.finite.all(axis=1))
        bodies = []
        for slot in np.flatnonzero(whole.any(axis=0)):
            frames = np.flatnonzero(whole[:, slot])
            joints = np.ascontiguousarray(self.clip.data[..., slot][:, frames].transpose(1, 2, 0))
            bodies.append(Body(slot=int(slot), frames=frames, joints=joints))
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
