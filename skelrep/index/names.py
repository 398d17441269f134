"""Names of rows: millions of texts as two arrays, which a file maps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, VectorsError
from ..on_demand import OnDemand

# File names that are no Unicode hold halves of pairs; they must come back as they went in.
_CODEC = ("utf-8", "surrogatepass")


class Names(OnDemand[str]):
    """A sequence of texts, packed.

    Attributes:
        text: uint8, all names one after another in UTF-8.
        ends: int64 (N,), where each name ends in `text`.

    Example:
        >>> names = Names.pack(["wave", "", "sit"])
        >>> len(names), names[2], names.ends.tolist()
        (3, 'sit', [4, 4, 7])
    """

    def __init__(self, text: NDArray[np.uint8], ends: NDArray[np.int64]) -> None:
        self.text, self.ends = text, ends

    @classmethod
    def pack(cls, names: Iterable[str]) -> Self:
        """Pack texts.

        Raises:
            VectorsError: a name that is no text.
        """
        parts = []
        for row, name in enumerate(names):
            if not isinstance(name, str):
                raise VectorsError(f"names[{row}] is {name!r:.80}; expected text. Pass str(name).")
            parts.append(name.encode(*_CODEC))
        ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
        return cls(np.frombuffer(b"".join(parts), dtype=np.uint8), ends)

    @classmethod
    def join(cls, groups: Sequence[Names]) -> Self:
        """The names of several groups, one group after another; of a single group without a copy."""
        if len(groups) == 1:
            return cls(groups[0].text, groups[0].ends)
        starts = np.cumsum([0, *(len(group.text) for group in groups)])
        ends = [group.ends + start for group, start in zip(groups, starts.tolist(), strict=False)]
        return cls(np.concatenate([group.text for group in groups]), np.concatenate(ends))

    def check(self, where: str) -> None:
        """Raise `FormatError` unless the ends rise and stay within the text."""
        if len(self.ends) == 0:
            return
        rising = bool((np.diff(self.ends) >= 0).all())
        if not rising or self.ends[0] < 0 or self.ends[-1] != len(self.text):
            raise FormatError(f"{where}: the ends of names do not divide their text. Save the index again.")

    def __len__(self) -> int:
        return len(self.ends)

    def item(self, place: int) -> str:
        """The name of a row.

        Raises:
            FormatError: it is no text.
        """
        start = int(self.ends[place - 1]) if place else 0
        try:
            return self.text[start : int(self.ends[place])].tobytes().decode(*_CODEC)
        except UnicodeDecodeError as error:
            raise FormatError(f"name {place} of the index is damaged ({error}). Save it again.") from error
