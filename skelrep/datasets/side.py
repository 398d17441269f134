"""The two sides of a split."""

from __future__ import annotations

from typing import Literal

Side = Literal["train", "test"]
