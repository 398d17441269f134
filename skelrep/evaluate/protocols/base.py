"""What a protocol is: a record whose fields are its parameters, a title, and the seeds of its runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from ...record import Record, check_fields


class Protocol(Record):
    """Base of all: parameters as fields, a title for tables, and the seeds it wants."""

    seeded = False

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def title(self) -> str:
        """The name in tables."""
        raise NotImplementedError

    def seeds(self, seeds: Sequence[int]) -> tuple[int, ...]:
        """The runs' seeds, given those that the caller wants; none where nothing is random."""
        return tuple(seeds) if self.seeded else ()

    def check(self, train_y: NDArray[Any]) -> None:
        """Raise `EvaluationError` where the training labels of a fold cannot serve, before anything runs."""
