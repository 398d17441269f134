"""Find clips by their vectors: nearest neighbours, duplicates, clusters, in memory or on the disk."""

from .approximate import ApproximateIndex as ApproximateIndex
from .clusters import Clusters as Clusters
from .index import Index as Index
from .origin import VectorOrigin as VectorOrigin

__all__ = ["ApproximateIndex", "Clusters", "Index", "VectorOrigin"]
