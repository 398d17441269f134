"""Vectors with names, in memory or in a folder: what an `Index` holds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .arguments import fitting_rows, names_of, origin_of
from .embedding import embed_clips, loaded
from .files import read_note, read_segment, save_segments
from .names import Names
from .origin import VectorOrigin, check_same_origin
from .rows import Segment, as_rows
from .search import take_rows

if TYPE_CHECKING:
    from ..models import SkeletonEncoder


class VectorStore:
    """Rows that came together are a segment; a store is its segments, one after another.

    Args:
        vectors, names, model: as for an `Index`.

    Attributes:
        dim: D.
        origin: the model, where told.
        names: N texts.

    Raises:
        VectorsError: not (N, D) finite numbers, or another number of names.
    """

    def __init__(
        self,
        vectors: object,
        names: Iterable[str] | None = None,
        *,
        model: str | SkeletonEncoder | VectorOrigin | None = None,
    ) -> None:
        rows = as_rows(vectors)
        self.dim = int(rows.shape[1])
        self.origin = origin_of(model)
        self._segments = [Segment.of(rows, names_of(names, len(rows), 0))]
        self._joined: Names | None = None
        self._saved: tuple[Path | None, tuple[str, ...]] = (None, ())

    @classmethod
    def from_clips(
        cls,
        clips: object,
        model: str | SkeletonEncoder = "default",
        *,
        truncate_dim: int | None = None,
        progress: bool | None = None,
    ) -> Self:
        """Embed clips, and index them under their names.

        Args:
            clips: anything `skelrep.encode` takes; a folder is read file by file.
            model, truncate_dim, progress: as in `skelrep.encode`.

        Raises:
            ShapeError, InvalidClipError, FormatError: of a clip.
        """
        encoder = loaded(model)
        rows, names = embed_clips(clips, encoder, progress, truncate_dim)
        return cls(rows, names, model=VectorOrigin.of(encoder, model if isinstance(model, str) else ""))

    def __len__(self) -> int:
        return sum(len(segment) for segment in self._segments)

    def __repr__(self) -> str:
        maker = self.origin or "an untold model"
        return f"{type(self).__name__}({len(self)} vectors of {self.dim} numbers, made by {maker})"

    @property
    def names(self) -> Sequence[str]:
        """The name of each row."""
        if self._joined is None:
            self._joined = Names.join([segment.names for segment in self._segments])
        return self._joined

    def vectors(self, ids: Iterable[int] | NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """A copy of some rows, or of all: float32 (len(ids), D).

        Raises:
            ConfigError: a row that is not there.
        """
        rows = np.arange(len(self)) if ids is None else np.asarray(list(ids), dtype=np.int64)
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self):
            raise ConfigError(
                f"rows {rows.min()} to {rows.max()} were asked for; expected 0 to {len(self) - 1}."
            )
        return take_rows(self._segments, rows)

    def append(
        self,
        vectors: object,
        names: Iterable[str] | None = None,
        *,
        model: str | SkeletonEncoder | VectorOrigin | None = None,
    ) -> None:
        """Add rows at the end; a folder holds them after the next `save`.

        Args:
            vectors, names, model: as for a new index. The model must be the one of the index.

        Raises:
            VectorsError: vectors of another length or model, not finite, or another number of names; the
                index stays as it was.
        """
        check_same_origin(self.origin, origin_of(model))
        rows = fitting_rows(vectors, "vectors", self.dim)
        self._joined = None
        self._segments.append(Segment.of(rows, names_of(names, len(rows), len(self))))

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write the index into a folder, which `load` reads.

        Into the folder it was loaded from go only the rows that were appended since. The folder holds the old
        index or the new one, whole, whenever writing stops.

        Raises:
            OutputError: the folder cannot be written, the disk is full, or another process has changed the
                index there since it was loaded.
        """
        target = Path(folder).absolute()
        home, tokens = self._saved
        known = tokens if home == target else None
        self._open(target, save_segments(target, self._segments, self.dim, self.origin, known))

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Open a saved index; vectors stay on the disk and are read when asked for.

        Raises:
            FormatError: not an index, or a damaged one.
        """
        source = Path(folder).absolute()
        note = read_note(source)
        index = cls.__new__(cls)
        index.dim, index.origin = note.dim, note.origin
        index._open(source, note.tokens)
        return index

    def _open(self, folder: Path, tokens: tuple[str, ...]) -> None:
        self._joined = None
        self._segments = [read_segment(folder, token, self.dim) for token in tokens]
        self._saved = (folder, tokens)
