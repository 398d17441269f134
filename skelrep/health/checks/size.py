"""Units and body size: the trunk tells metres from millimetres, and a child from a mistake."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..look import LARGE_TRUNK, SMALL_TRUNK, Look
from ..report import Finding
from ..tally import Tally

UNITS = {0.01: "centimetres", 0.001: "millimetres"}
MAX_RATIO = 1.8  # of a trunk to the set's median; real sets of children to adults stay within 1.4


class Size:
    """How large the bodies are."""

    def __init__(self) -> None:
        self._units = {name: Tally() for name in UNITS.values()}
        self._unknown = Tally()
        self._names: list[str] = []
        self._trunks: list[float] = []

    def look(self, look: Look) -> None:
        """See one clip."""
        if not look.bodies:
            return
        trunk = look.bodies[0].trunk
        if look.metre in UNITS:
            self._units[UNITS[look.metre]].add(look.name, f"trunk {trunk:.3g}")
        elif not SMALL_TRUNK <= trunk <= LARGE_TRUNK:
            self._unknown.add(look.name, f"trunk {trunk:.3g}")
            return
        self._names.append(look.name)
        self._trunks.append(trunk * look.metre)

    def findings(self) -> list[Finding]:
        """What was found."""
        found: list[Finding] = []
        for unit, factor in (("millimetres", 1000), ("centimetres", 100)):
            found += self._units[unit].finding(
                "units", "problem", f"{unit} instead of metres", f"divide these clips by {factor}"
            )
        found += self._unknown.finding(
            "units", "problem", "a body that is neither in metres, centimetres nor millimetres",
            "scale the clips so that SpineBase and SpineShoulder are about 0.5 m apart",
        )  # fmt: skip
        return found + self._odd_sizes()

    def _odd_sizes(self) -> list[Finding]:
        odd = Tally()
        median = float(np.median(self._trunks)) if self._trunks else 1.0
        for name, trunk in zip(self._names, self._trunks, strict=True):
            if not 1 / MAX_RATIO <= trunk / median <= MAX_RATIO:
                odd.add(name, f"trunk {trunk:.2f} m, median {median:.2f}")
        return odd.finding(
            "size", "warning", "a body much larger or smaller than the others", "check its units"
        )

    def summary(self) -> dict[str, Any]:
        """Smallest, median and largest trunk."""
        if not self._trunks:
            return {}
        low, middle, high = (float(round(v, 3)) for v in np.quantile(self._trunks, (0, 0.5, 1)))
        return {"trunk_metres": {"smallest": low, "median": middle, "largest": high}}
