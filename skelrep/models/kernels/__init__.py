"""Optional Triton kernels for the blocks of ST-GCN on CUDA. Off unless asked for: they are unmeasured.

They compute what the layers compute and are held against them by tests, in Triton's interpreter where there
is no GPU. Triton is imported when a block first uses it.
"""

from .switch import Kernels as Kernels
from .switch import use_kernels as use_kernels

__all__ = ["Kernels", "use_kernels"]
