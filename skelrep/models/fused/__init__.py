"""The encoder for inference: what `SkeletonEncoder` computes, as few products of matrices, cut for the cache.

`fold` makes matrices of a trained network, `network` runs them on rows of channels, `temporal` and `spectral`
are forms of its costliest step, `encoder` takes clips apart and puts vectors together, `cache` keeps one a
model, and `watch` notices when its weights change.
"""

from .cache import fused_encoder as fused_encoder
from .encoder import FusedEncoder as FusedEncoder

__all__ = ["FusedEncoder", "fused_encoder"]
