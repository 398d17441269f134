"""Faults to inject: a name, how, what must happen, and a small function that does it and says what did.

A room's faults live in `faults_<room>.py`, which `fault_injection.py` imports. To add one:

    @fault("reader", "a header that claims 10^9 frames", how="48 bytes of .npy", expected="FormatError",
           observed=r"^FormatError: .*cut short")
    def huge_header(folder: Path) -> str:
        return told(lambda: read_clips(write_header(folder)))
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MAX_WORDS = 230


class NotHereError(Exception):
    """This machine cannot inject the fault, such as for want of root."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One row of the table.

    Attributes:
        room: what is tested.
        name: the fault.
        how: how it is injected.
        expected: what must happen, in words.
        observed: a pattern that what did happen matches, if it is that.
        inject: gets an empty folder; returns what happened.
    """

    room: str
    name: str
    how: str
    expected: str
    observed: str
    inject: Callable[[Path], str]

    def run(self, folder: Path) -> dict[str, str | bool | None]:
        """Inject it and compare."""
        row = {"room": self.room, "name": self.name, "how": self.how, "expected": self.expected}
        try:
            seen = self.inject(folder)
        except NotHereError as error:
            return {**row, "observed": f"not tried: {error}", "as expected": None}
        except Exception as error:
            seen = f"escaped {type(error).__name__}: {error}"
        return {**row, "observed": seen, "as expected": bool(re.search(self.observed, seen, re.DOTALL))}


FAULTS: list[Fault] = []


def fault(
    room: str, name: str, *, how: str, expected: str, observed: str
) -> Callable[[Callable[[Path], str]], Callable[[Path], str]]:
    """Register a function as a `Fault`."""

    def register(inject: Callable[[Path], str]) -> Callable[[Path], str]:
        FAULTS.append(
            Fault(room=room, name=name, how=how, expected=expected, observed=observed, inject=inject)
        )
        return inject

    return register


def told(action: Callable[[], object]) -> str:
    """What an action raised or warned of; "no error" for neither."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            action()
            words = []
        except BaseException as error:
            words = [f"{type(error).__name__}: {error}"]
    said = [f"{one.category.__name__}: {one.message}" for one in caught]
    return "; ".join(short(one) for one in said + words) or "no error"


def short(text: str) -> str:
    """One line, its end left out where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_WORDS else line[: MAX_WORDS - 3] + "..."
