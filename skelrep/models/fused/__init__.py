"""The encoder for inference: the function of `SkeletonEncoder`, folded into few products and cut for the cache.

`fold` makes matrices of a trained network, `network` runs them on rows of channels, `temporal` and `spectral` are
two forms of its costliest step, `encoder` takes clips apart and puts vectors together, `cache` keeps one a model.
"""

from .cache import fused_encoder as fused_encoder
from .encoder import FusedEncoder as FusedEncoder

__all__ = ["FusedEncoder", "fused_encoder"]
