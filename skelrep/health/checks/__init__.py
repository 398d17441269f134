"""The doctor's checks, one a file: each looks at every clip once and says at the end what it found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from ..look import Look
from ..report import Finding


class Check(Protocol):
    """A check keeps a few numbers a clip, so that memory stays flat."""

    def look(self, look: Look) -> None:
        """See one clip."""

    def findings(self) -> Iterable[Finding]:
        """What was found, after the last clip."""

    def summary(self) -> dict[str, Any]:
        """Facts worth telling whether or not something was found."""


def default_checks() -> tuple[Check, ...]:
    """All checks that need no model, in the order of the summary."""
    from .axes import UpAxis
    from .bones import BoneLengths
    from .glitches import Glitches
    from .lengths import Lengths
    from .people import People
    from .sides import Sides
    from .size import Size
    from .stills import Stills
    from .tempo import Tempo
    from .twins import Twins
    from .values import Values

    return (
        Lengths(), Values(), People(), Size(), UpAxis(), Sides(), Tempo(), Glitches(), Stills(),
        BoneLengths(), Twins(),
    )  # fmt: skip
