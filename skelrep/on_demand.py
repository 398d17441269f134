"""Sequences whose items are made when they are asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar, overload

Item = TypeVar("Item", covariant=True)


class OnDemand(Sequence[Item]):
    """A sequence that says how long it is and what stands at a place; other ways to ask follow from that.

    Example:
        >>> class Squares(OnDemand[int]):
        ...     def __len__(self) -> int:
        ...         return 5
        ...
        ...     def item(self, place: int) -> int:
        ...         return place**2
        >>> Squares()[-1], Squares()[1:3], list(Squares())
        (16, [1, 4], [0, 1, 4, 9, 16])
    """

    @abstractmethod
    def item(self, place: int) -> Item:
        """What stands at a place from 0 to the length less 1."""

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        places = range(len(self))[index]
        return self.item(places) if isinstance(places, int) else [self.item(place) for place in places]
