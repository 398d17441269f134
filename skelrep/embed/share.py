"""Which batches are missing in a part file, and which of them this process computes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ..clips import Clip
from ..errors import OutputError
from .batches import Batch, Chunk, chunks
from .part import PartFile
from .ranks import Ranks


class Share:
    """A rank's part of what is missing; opens the part file.

    The missing batches are dealt out in turn, so that ranks have equally much to do after any interruption.

    Args:
        part: prepared.
        source: all clips.
        ranks: this process and the others.

    Attributes:
        count: clips of the source, once `missing` has come to its end.
    """

    def __init__(self, part: PartFile, source: Iterable[Clip], ranks: Ranks) -> None:
        self._part, self._source, self._ranks = part, source, ranks
        self._marks = part.open()
        ranks.wait()  # until all have looked, so that all divide the same work
        self.count = 0

    @property
    def rows_done(self) -> int:
        """Rows that were there at the beginning."""
        return int(np.count_nonzero(self._marks)) * self._part.batch_size

    def missing(self) -> Iterator[Batch]:
        """The batches of this rank.

        Raises:
            OutputError: clips whose rows are there are not the clips that were given then.
        """
        finished = np.flatnonzero(self._marks)
        # Clips in memory or in a store are not read again, but for the two that would most likely differ.
        checked = {*finished[:1].tolist(), *finished[-1:].tolist()}
        turn = 0
        for chunk in chunks(self._source, self._part.batch_size):
            self.count += chunk.stop - chunk.start
            if chunk.number < len(self._marks) and self._marks[chunk.number]:
                if chunk.number in checked or not isinstance(self._source, Sequence):
                    self._check(chunk)
                continue
            if turn % self._ranks.size == self._ranks.rank:
                yield chunk.gather()
            turn += 1

    def _check(self, chunk: Chunk) -> None:
        if chunk.gather().checksum() != int(self._marks[chunk.number]):
            first = chunk.number * self._part.batch_size
            raise OutputError(
                f"{self._part.rows} holds rows of other clips: clips[{first}] to "
                f"clips[{first + chunk.stop - chunk.start - 1}] are not those of the call before. Repeat "
                "that call, pass resume=False to begin anew, or choose another name."
            )
