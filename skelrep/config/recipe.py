"""The two recipes: ``"fixed"`` repairs the bugs of the published code, ``"faithful"`` repeats them."""

from __future__ import annotations

from typing import Literal

Recipe = Literal["fixed", "faithful"]
