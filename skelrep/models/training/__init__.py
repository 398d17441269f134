"""The training pass of ST-GCN on the CPU: the same function as `STGCN`'s own layers, with its own backward.

Bodies are the innermost axis and lie in slices that stay in cache: a slice is float (T, C, V, B), so that the
neighbourhood sum, the 1x1 convolution and the temporal convolution are each one batched matrix product. What
normalisation, ReLU and dropout make is not kept for the backward pass but made again, a slice at a time.
"""

from .network import encode_bodies as encode_bodies
from .network import fits as fits

__all__ = ["encode_bodies", "fits"]
