"""How a map is made, checked before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import ConfigError
from .clusters import default_clusters
from .project import Projection, choose_projection


@dataclass(frozen=True, kw_only=True)
class MapOptions:
    """Options of `atlas` that decide about its map.

    Attributes:
        projection: see `choose_projection`.
        num_clusters: None for as many as suit the number of clips.
        top_k: neighbours kept of every clip.
        seed: of t-SNE and the clusters.

    Raises:
        ConfigError: an impossible value.
        MissingDependencyError: t-SNE without scikit-learn.
    """

    projection: Projection = "auto"
    num_clusters: int | None = None
    top_k: int = 12
    seed: int = 0

    def __post_init__(self) -> None:
        choose_projection(self.projection, 0)
        for name, value, least in (
            ("num_clusters", self.num_clusters, 1),
            ("top_k", self.top_k, 0),
            ("seed", self.seed, 0),
        ):
            if value is not None and not least <= value < 2**32:
                raise ConfigError(f"{name} is {value}; expected {least} or more.")

    def projection_of(self, count: int) -> Literal["tsne", "pca"]:
        """What is drawn of so many clips."""
        return choose_projection(self.projection, count)

    def clusters_of(self, count: int) -> int:
        """Groups of so many clips."""
        return self.num_clusters or default_clusters(count)
