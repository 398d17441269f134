"""What depends on the clips' length: networks ready for it, how to slice, an absent body's features."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Literal, NamedTuple

from torch import Tensor

from ...config import View
from .fold import FoldedView
from .network import FoldedNetwork

Form = Literal["vector", "maps"]
LENGTHS_KEPT = 4
# Frames of single bodies in a slice: few fill a processor's cache, a GPU is idle below many.
SLICE_FRAMES = {"cpu": 800}
SLICE_FRAMES_ELSEWHERE = 51_200


class Plan(NamedTuple):
    """For clips of one length.

    Attributes:
        frames: T.
        networks: one a view.
        bodies: how many go through at once.
        absent: features of a body that is not there, (1, ...), once they were asked for.
    """

    frames: int
    networks: Mapping[View, FoldedNetwork]
    bodies: int
    absent: dict[Form, Tensor]


class Plans:
    """Plans by length; the last few lengths asked for are kept."""

    def __init__(self, views: Mapping[View, FoldedView]) -> None:
        self._views = views
        self._kept: OrderedDict[int, Plan] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, frames: int) -> Plan:
        """The plan for clips of `frames` frames."""
        with self._lock:
            plan = self._kept.pop(frames, None) or self._make(frames)
            self._kept[frames] = plan
            while len(self._kept) > LENGTHS_KEPT:
                self._kept.popitem(last=False)
        return plan

    def _make(self, frames: int) -> Plan:
        device = next(iter(self._views.values())).entry.bias.device
        bodies = max(1, SLICE_FRAMES.get(device.type, SLICE_FRAMES_ELSEWHERE) // frames)
        networks = {view: FoldedNetwork(folded, frames, bodies) for view, folded in self._views.items()}
        return Plan(frames, networks, bodies, absent={})
