"""A model outside of skelrep: as an ONNX file, or as a program of `torch.export`.

Both are traced from `SkeletonEncoder.forward`, and compared with it before they get their name.
"""

from .onnx_file import export_onnx as export_onnx
from .program import export_program as export_program

__all__ = ["export_onnx", "export_program"]
