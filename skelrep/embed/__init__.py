"""Clips to vectors: all at once (`encode`), one after another (`encode_stream`), into a file
(`encode_to_file`).

All three cut clips into the same batches, and compute them on one device or several, so that they give the
same rows.
"""

from .file import encode_to_file as encode_to_file
from .memory import encode as encode
from .options import check_options as check_options
from .stream import encode_stream as encode_stream

__all__ = ["check_options", "encode", "encode_stream", "encode_to_file"]
