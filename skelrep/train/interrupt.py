"""Ctrl-C that waits for the end of a step, so that what is saved is a whole step."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Whether Ctrl-C was pressed once; a second press stops at once."""

    def __init__(self) -> None:
        self.requested = False

    def handle(self, _signum: int, _frame: FrameType | None) -> None:
        """Remember the first SIGINT, raise at the second."""
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True

    def raise_if_requested(self) -> None:
        """Raise the `KeyboardInterrupt` that was held back."""
        if self.requested:
            raise KeyboardInterrupt


@contextmanager
def deferred_interrupt() -> Iterator[Interrupt]:
    """Hold SIGINT back within the block.

    Only Python's own handler is replaced (and put back): a program with its own keeps it, and in other
    threads, where Python delivers no signals, nothing is done.
    """
    interrupt = Interrupt()
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupt
        return
    try:
        before = signal.signal(signal.SIGINT, interrupt.handle)
    except ValueError:  # not the main thread
        yield interrupt
        return
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
