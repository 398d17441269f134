"""Clips to vectors: all at once (`encode`), one after another (`encode_stream`), into a file
(`encode_to_file`).

All three cut clips into the same batches, and compute them on one device or several, so that they give the
same rows.
"""

from typing import TYPE_CHECKING

from ..lazy_names import lazy_names

if TYPE_CHECKING:
    from .file import encode_to_file as encode_to_file
    from .memory import encode as encode
    from .options import check_options as check_options
    from .stream import encode_stream as encode_stream

# Who wants vectors does not wait for part files, ranks and streams.
__getattr__ = lazy_names(
    __name__,
    {"check_options": "options", "encode": "memory", "encode_stream": "stream", "encode_to_file": "file"},
)

__all__ = ["check_options", "encode", "encode_stream", "encode_to_file"]
