"""Ctrl-C and SIGTERM that wait for the end of a step, so that what is saved is a whole step."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from .distributed import Group

# What a shell reports of a process that SIGTERM ended: 128 + 15.
EXIT_TERMINATED = 143

# Only a signal whose handler is still the usual one is taken over.
USUAL = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


class Interrupt:
    """Which signals have come so far; the first one decides how the run ends."""

    def __init__(self) -> None:
        self.signals: list[int] = []

    @property
    def requested(self) -> bool:
        """Whether the run is to end after this step."""
        return bool(self.signals)

    def handle(self, signum: int, _frame: FrameType | None) -> None:
        """Remember a signal; raise at the second SIGINT.

        A second SIGTERM changes nothing: torchrun and Slurm send it to the group as well as to the process,
        and a scheduler that has lost its patience sends SIGKILL.
        """
        if signum == signal.SIGINT and signum in self.signals:
            raise KeyboardInterrupt
        self.signals.append(signum)

    def agree(self, group: Group) -> None:
        """End all processes' runs after this step, in the same way, where a signal came to one of them."""
        signum = group.highest(self.signals[0] if self.signals else 0)
        if signum:
            self.signals[:1] = [signum]

    def raise_if_requested(self) -> None:
        """Raise what was held back: `KeyboardInterrupt`, or ``SystemExit(143)`` for SIGTERM.

        `SystemExit` because a scheduler's SIGTERM is meant for the whole program, as Ctrl-C is: its `finally`
        blocks run, and no ``except Exception`` takes it for a failure.
        """
        if self.signals and self.signals[0] == signal.SIGTERM:
            raise SystemExit(EXIT_TERMINATED)
        if self.signals:
            raise KeyboardInterrupt


@contextmanager
def deferred_interrupt() -> Iterator[Interrupt]:
    """Hold SIGINT and SIGTERM back within the block.

    Only Python's own handlers are replaced (and put back): a program with its own keeps them, and in other
    threads, where Python delivers no signals, nothing is done.
    """
    interrupt = Interrupt()
    try:
        before = {
            number: signal.signal(number, interrupt.handle)
            for number, usual in USUAL.items()
            if signal.getsignal(number) == usual
        }
    except ValueError:  # not the main thread
        before = {}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
