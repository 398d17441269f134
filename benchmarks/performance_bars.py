"""The bars of what surrounds the network, found in the records of the scripts that measure it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any


@dataclass(frozen=True)
class OtherBar:
    """A number of a script's record, and what it should be; `most` where less is better."""

    title: str
    script: str
    keys: tuple[str, ...]
    reach: float
    aim: float | None = None
    unit: str = "x"
    most: bool = False

    def row(self, record: dict[str, Any]) -> list[str]:
        """The bar as a row of a table."""
        value = float(reduce(lambda part, key: part[key], self.keys, record))
        met = value <= self.reach if self.most else value >= self.reach
        found = f"{value:.3g}{self.unit}"
        aim = "" if self.aim is None else f"{self.aim:g}{self.unit}"
        return [self.title, f"{self.reach:g}{self.unit}", aim, f"**{found}**" if met else f"{found} (missed)"]


OTHER_BARS = (
    OtherBar("augmentation against per-sample NumPy", "augment_speed", ("ratio",), 7, 20),
    OtherBar(
        "preprocessing against the published code",
        "data_path", ("preprocessing, published code", "ratio"), 40, 90,
    ),
    OtherBar("parsing `.skeleton` against plain Python", "data_path", ("parsing .skeleton", "ratio"), 2, 60),
    OtherBar(
        "import, load default, first vector, above `import torch`",
        "startup", ("above import torch, s",), 0.1, unit=" s", most=True,
    ),
    OtherBar(
        "growth of memory in a long stream, from clip 10,000 on",
        "stream_memory", ("most above 10,000 clips, MB",), 20, unit=" MB", most=True,
    ),
)  # fmt: skip


def bar_rows_of(records: dict[str, dict[str, Any]]) -> list[list[str]]:
    """A row for each bar whose script has left a record."""
    return [bar.row(records[bar.script]) for bar in OTHER_BARS if bar.script in records]
