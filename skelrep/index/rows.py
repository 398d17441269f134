"""Rows of vectors with their lengths, in memory or mapped from a file; looked at block by block.

Axes: N rows, D numbers a vector, B rows of a block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import VectorsError
from .names import Names

Number = TypeVar("Number", bound=np.generic)
BLOCK_ROWS = 16384
# Shorter vectors count as zero: float32 cannot hold the inverse of their length.
SHORTEST = float(np.finfo(np.float32).tiny)
LONGEST = 1e37  # and beyond this, products overflow


@dataclass(frozen=True, eq=False)
class Segment:
    """Rows that came together; an index is a list of segments.

    Attributes:
        rows: float32 (N, D), of any length, as the model made them.
        scales: float32 (N,), one over the length of each row; 0 for a row of zeros.
        names: N texts.
    """

    rows: NDArray[np.float32]
    scales: NDArray[np.float32]
    names: Names

    @classmethod
    def of(cls, rows_ND: NDArray[np.float32], names: Names) -> Segment:
        """Rows with their lengths measured; the rows are not copied."""
        return cls(rows_ND, row_scales(rows_ND), names)

    def __len__(self) -> int:
        return len(self.rows)


def as_rows(vectors: object, where: str = "vectors") -> NDArray[np.float32]:
    """Vectors as an array; what is float32 already, a mapped file above all, is not copied.

    Args:
        vectors: (N, D) or (D,), numpy, torch, or nested sequences of numbers.
        where: how to call them in an error.

    Returns:
        float32 (N, D).

    Raises:
        VectorsError: not numbers on two axes.
    """
    if hasattr(vectors, "detach"):  # a tensor, perhaps with a gradient, bfloat16 or on a GPU
        vectors = vectors.detach().cpu().float().numpy()
    try:
        array = np.asarray(vectors)
    except ValueError as error:
        raise VectorsError(f"{where} have rows of different lengths; expected (N, D).") from error
    array = array[None] if array.ndim == 1 else array
    if array.ndim != 2 or array.dtype.kind not in "iuf" or array.shape[1] == 0:
        raise VectorsError(
            f"{where} are {array.dtype} {array.shape}; expected numbers (N, D), a row a clip, as "
            "skelrep.encode returns them."
        )
    with np.errstate(over="ignore"):
        return array.astype(np.float32, copy=False)


def row_scales(rows_ND: NDArray[np.float32], where: str = "vectors") -> NDArray[np.float32]:
    """One over the length of each row, 0 for a row of zeros.

    Raises:
        VectorsError: NaN, infinity, or numbers that float32 cannot multiply, in a row.
    """
    lengths = np.empty(len(rows_ND))
    for start, block in blocks(rows_ND):
        with np.errstate(all="ignore"):
            lengths[start : start + len(block)] = np.linalg.norm(block.astype(np.float64), axis=1)
    bad = np.flatnonzero(~(lengths < LONGEST))
    if len(bad):
        raise VectorsError(
            f"{where}[{bad[0]}] holds NaN, infinity or numbers beyond all use, as {len(bad)} of "
            f"{len(rows_ND)} rows do; expected finite numbers. Encode those clips again, or leave them out."
        )
    return np.where(lengths >= SHORTEST, 1 / np.maximum(lengths, SHORTEST), 0).astype(np.float32)


def unit_rows(rows_ND: NDArray[np.float32], scales_N: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length 1, or 0: (N, D)."""
    return np.asarray(rows_ND * scales_N[:, None], dtype=np.float32)


def blocks(rows: NDArray[Number], size: int = BLOCK_ROWS) -> Iterator[tuple[int, NDArray[Number]]]:
    """The rows a block at a time, each with the number of its first row."""
    for start in range(0, len(rows), size):
        yield start, np.asarray(rows[start : start + size])
