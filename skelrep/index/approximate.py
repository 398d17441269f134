"""`ApproximateIndex`: faiss finds candidates, our rows decide. Needs the extra ``search`` (faiss-cpu).

Axes: Q queries, N rows, D numbers a vector.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, MissingDependencyError, VectorsError
from .arguments import check_count, fitting_rows
from .rows import Segment, blocks, row_scales, unit_rows
from .search import BLOCK_QUERIES, Found, rescored, take_rows

if TYPE_CHECKING:
    from types import ModuleType

ROWS_A_CELL = 64  # that cells are learned from
CANDIDATES = 4  # a neighbour asked for: bytes stand for numbers, so that the order needs room


class ApproximateIndex:
    """Nearest rows, found in a part of them only; made by `Index.approximate`.

    The space is cut into cells (an inverted file); a query looks into the `probes` cells nearest to it, where
    each number of a vector is one byte. The candidates' cosines are then computed exactly, so that a score is
    always right, and only a neighbour can be missing. It holds about N x D bytes beside the index.

    Attributes:
        cells: parts of the space.
    """

    def __init__(self, engine: Any, segments: Sequence[Segment], cells: int) -> None:
        self._engine, self._segments, self.cells = engine, segments, cells

    def __len__(self) -> int:
        return int(self._engine.ntotal)

    def search(self, queries: object, k: int = 10, *, probes: int = 16) -> Found:
        """The nearest rows that were found.

        Args:
            queries: (Q, D) numbers, or one vector (D,).
            k: rows a query.
            probes: cells to look into; more miss less and take longer, all of them find nearly everything.

        Returns:
            As `Index.search`; where fewer than k rows were found, the last scores are -inf and rows -1.

        Raises:
            VectorsError: queries of another length, or not finite.
            ConfigError: k or probes below 1.
        """
        check_count("k", k)
        check_count("probes", probes)
        rows_QD = fitting_rows(queries, "queries", self._engine.d)
        k = min(k, len(self))
        wanted = min(CANDIDATES * k, len(self))
        parts = [self._search(block, wanted, probes) for _, block in blocks(rows_QD, BLOCK_QUERIES)]
        if not parts:
            return np.empty((0, k), np.float32), np.empty((0, k), np.int64)
        scores, ids = (np.concatenate(column) for column in zip(*parts, strict=True))
        return scores[:, :k], ids[:, :k]

    def _search(self, queries_QD: NDArray[np.float32], wanted: int, probes: int) -> Found:
        faiss = import_faiss()
        units = unit_rows(queries_QD, row_scales(queries_QD, "queries"))
        _, ids = self._engine.search(
            units, wanted, params=faiss.SearchParametersIVF(nprobe=min(probes, self.cells))
        )
        return rescored(lambda rows: take_rows(self._segments, rows), queries_QD, ids)


def build_approximate(
    segments: Sequence[Segment], dim: int, cells: int | None, seed: int
) -> ApproximateIndex:
    """Learn cells from a sample of the rows, and sort all rows into them; see `Index.approximate`."""
    faiss = import_faiss()
    total = sum(len(segment) for segment in segments)
    cells = max(1, round(math.sqrt(total))) if cells is None else cells
    if not 1 <= cells <= max(1, total):
        raise ConfigError(f"cells is {cells}; expected 1 to {total}, the number of vectors.")
    if not total:
        raise VectorsError("an empty index cannot be approximated; append vectors first.")
    flat = faiss.IndexFlatIP(dim)
    kind = faiss.ScalarQuantizer.QT_8bit
    engine = faiss.IndexIVFScalarQuantizer(flat, dim, cells, kind, faiss.METRIC_INNER_PRODUCT)
    engine.cp.min_points_per_centroid = 1  # no warning on standard error for small indexes
    engine.train(_sample(segments, total, ROWS_A_CELL * cells, seed))
    for segment in segments:
        for start, block in blocks(segment.rows):
            engine.add(unit_rows(block, segment.scales[start : start + len(block)]))
    return ApproximateIndex(engine, list(segments), cells)


def import_faiss() -> ModuleType:
    """faiss, or an error that names the extra."""
    try:
        import faiss
    except ImportError as error:
        raise MissingDependencyError(
            "an approximate index needs faiss, which is not installed. Run: pip install 'skelrep[search]' "
            "(Index.search is exact and does without it)."
        ) from error
    return faiss


def _sample(segments: Sequence[Segment], total: int, count: int, seed: int) -> NDArray[np.float32]:
    ids = np.random.default_rng(seed).permutation(total)[:count]
    rows = take_rows(segments, np.sort(ids))
    return unit_rows(rows, row_scales(rows))
