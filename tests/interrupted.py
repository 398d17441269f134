"""Which batches an encoding really computed, and sources that stop on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from numpy.typing import NDArray

from skelrep.embed.workers import Workers


def batches_computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The list that every batch's number is appended to, from now on."""
    numbers: list[int] = []
    plain = Workers.encode

    def counted(self: Workers, encoder: object, batch: object) -> object:
        numbers.append(batch.number)  # type: ignore[attr-defined]
        return plain(self, encoder, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(Workers, "encode", counted)
    return numbers


def stopping(clips: Sequence[NDArray], error: BaseException, after: int) -> Iterator[NDArray]:
    """Some clips, then an error."""
    yield from clips[:after]
    raise error
