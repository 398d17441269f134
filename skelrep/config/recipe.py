"""The two recipes by name: ``"fixed"`` repairs the published bugs, ``"faithful"`` computes what was published."""

from __future__ import annotations

from typing import Literal

Recipe = Literal["fixed", "faithful"]
