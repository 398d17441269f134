"""`Index`: vectors with names; what is nearest, what is double, what belongs together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .arguments import check_count, fitting_rows
from .clusters import Clusters, cluster_rows
from .duplicates import duplicate_groups
from .embedding import embed_clips, fitting_dim, own_model
from .search import Found, nearest_rows
from .store import VectorStore

if TYPE_CHECKING:
    from ..models import SkeletonEncoder
    from .approximate import ApproximateIndex


class Index(VectorStore):
    """Vectors, a name for each, and the model that made them.

    Vectors stay as they are given: a float32 array, a mapped `.npy` above all, is neither copied nor scaled,
    must not be changed afterwards, and is read block by block. A row of zeros has cosine 0 to everything.

    Args:
        vectors: (N, D) numbers, as `skelrep.encode` or `encode_to_file` returns them.
        names: N texts, which may repeat; by default the rows' numbers.
        model: what made the vectors: a `SkeletonEncoder`, a name for `load_pretrained`, or a `VectorOrigin`.
            An index that knows its model refuses vectors of another.

    Attributes:
        dim: D.
        origin: the model, where told.
        names: N texts.

    Raises:
        VectorsError: not (N, D) finite numbers, or another number of names.

    Example:
        >>> index = Index([[1.0, 0.0], [0.0, 2.0], [3.0, 4.0]], names=["sit", "wave", "bow"])
        >>> scores, ids = index.search([[0.0, 1.0]], k=2)
        >>> [index.names[row] for row in ids[0]], scores.round(3).tolist()
        (['wave', 'bow'], [[1.0, 0.800000011920929]])
    """

    def search(self, queries: object, k: int = 10) -> Found:
        """The k nearest rows of each query by cosine, exactly.

        Args:
            queries: (Q, D) numbers, or one vector (D,).
            k: rows a query; an index of fewer gives all it has.

        Returns:
            float32 (Q, k) cosines, highest first, of equal ones the lower row first; int64 (Q, k) row
            numbers, for `names`.

        Raises:
            VectorsError: queries of another length, or not finite.
            ConfigError: k below 1.
        """
        check_count("k", k)
        return nearest_rows(self._segments, fitting_rows(queries, "queries", self.dim), min(k, len(self)))

    def search_clips(
        self, clips: object, k: int = 10, *, model: str | SkeletonEncoder | None = None
    ) -> Found:
        """Embed clips with the model of the index, and `search`.

        Args:
            clips: anything `skelrep.encode` takes.
            k: rows a clip.
            model: that of the index, where it has no name to load it by, or so as not to load it each time.

        Returns:
            As `search`, a row a clip.

        Raises:
            VectorsError: another model, or an index that does not know its own.
            ShapeError, InvalidClipError, FormatError: of a clip.
        """
        encoder = own_model(self.origin, model)
        return self.search(embed_clips(clips, encoder, False, fitting_dim(self.dim, encoder))[0], k)

    def duplicates(self, threshold: float = 0.999) -> list[NDArray[np.int64]]:
        """Groups of rows that are nearly the same.

        Rows whose cosine reaches the threshold are joined, and what is joined to one of them too, so that two
        rows of a group can be farther apart. All pairs are compared: time grows with N squared.

        Args:
            threshold: cosine, above 0 to 1; 1 finds rows of the same direction.

        Returns:
            Row numbers of each group, rising; groups in the order of their first row.

        Raises:
            ConfigError: another threshold.

        Example:
            >>> Index([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]]).duplicates(1.0)
            [array([0, 2])]
        """
        if not 0 < threshold <= 1:
            raise ConfigError(f"threshold is {threshold}; expected a cosine above 0, at most 1.")
        return duplicate_groups(self._segments, threshold)

    def clusters(self, k: int, *, seed: int = 0) -> Clusters:
        """Rows in k groups by direction: mini-batch k-means (scikit-learn, extra ``eval``) on unit vectors.

        Centres are learned from at most 100,000 rows, drawn by the seed; then every row goes to its nearest.

        Args:
            k: clusters, at most N.
            seed: fixes the result.

        Returns:
            The cluster of each row, 0 for the largest; the centres, and how many rows each has.

        Raises:
            ConfigError: k below 1 or above N.
            MissingDependencyError: scikit-learn is not installed.
        """
        check_count("k", k)
        if k > len(self):
            raise ConfigError(f"k is {k}, but the index holds {len(self)} vectors; expected at most as many.")
        return cluster_rows(self._segments, k, seed)

    def approximate(self, *, cells: int | None = None, seed: int = 0) -> ApproximateIndex:
        """A faster index of the same rows that can miss neighbours; see `ApproximateIndex`.

        Args:
            cells: parts that the space is cut into; by default about the square root of N.
            seed: of the rows that the cells are learned from.

        Returns:
            An index of the rows that are here now; rows appended later are not in it.

        Raises:
            ConfigError: cells below 1 or above N.
            VectorsError: an index without rows.
            MissingDependencyError: faiss is not installed (extra ``search``).
        """
        from .approximate import build_approximate

        return build_approximate(self._segments, self.dim, cells, seed)
