"""ST-GCN and the encoder made of it."""

from .encoder import SkeletonEncoder as SkeletonEncoder
from .stgcn import STGCN as STGCN

__all__ = ["STGCN", "SkeletonEncoder"]
