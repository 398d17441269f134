"""A bar on standard error, where it helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

PROGRESS_FROM = 512  # clips; fewer are done before a bar could be read


@contextmanager
def progress_bar(
    total: int | None, progress: bool | None, done: int = 0
) -> Iterator[Callable[[int], object]]:
    """A bar that counts clips.

    Args:
        total: how many there are, where known.
        progress: show it; None shows it from 512 clips on, on a terminal.
        done: clips that an earlier call did.

    Yields:
        What is to be called with the number of further clips.
    """
    if progress is False or (progress is None and total is not None and total < PROGRESS_FROM):
        yield lambda clips: clips
        return
    from tqdm.auto import tqdm

    hidden = None if progress is None else False  # None: tqdm asks whether this is a terminal
    with tqdm(total=total, initial=done, desc="encode", unit="clip", disable=hidden) as bar:
        yield bar.update
