"""What travels with an exported graph: the model's record, where it comes from, and its golden vector."""

from __future__ import annotations

import base64
import json

from torch import Tensor

from .._version import __version__
from ..golden import golden_clip
from ..models import SkeletonEncoder
from .check import expected
from .graph import GraphInput


def metadata(twin: SkeletonEncoder, takes: GraphInput) -> dict[str, str]:
    """Text by key, each beginning with ``skelrep.``.

    Args:
        twin: from `skelrep.golden.reference_twin`.
        takes: what the graph takes.

    Returns:
        ``version`` of skelrep, ``format_version``, ``commit_hash`` (of the Hub; empty for other models),
        ``input`` (``prepared`` or ``raw``), ``config`` (the text of `config.json`), and ``golden_input`` and
        ``golden_output``: JSON with ``shape`` and ``float32``, the little-endian numbers in base 64.
    """
    clip = golden_clip(twin.config.preprocess.frames)
    config = twin.config.to_dict()
    return {
        "skelrep.version": __version__,
        "skelrep.format_version": str(config["format_version"]),
        "skelrep.commit_hash": twin.commit_hash or "",
        "skelrep.input": takes,
        "skelrep.config": json.dumps(config, sort_keys=True),
        "skelrep.golden_input": _text(clip),
        "skelrep.golden_output": _text(expected(twin, clip, takes)),
    }


def _text(tensor: Tensor) -> str:
    numbers = tensor.numpy().astype("<f4").tobytes()
    return json.dumps({"shape": list(tensor.shape), "float32": base64.b64encode(numbers).decode()})
