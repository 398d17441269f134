"""One fused encoder a model, kept while the model lives and its weights stay as they are."""

from __future__ import annotations

import threading
from typing import get_args
from weakref import WeakKeyDictionary

from ...errors import ConfigError
from ..encoder import SkeletonEncoder
from .encoder import FusedEncoder, InferencePrecision
from .watch import WeightsSeen

# Beside the models, not in them: a model's copies, pickles and weight files know nothing of it.
_KEPT: WeakKeyDictionary[SkeletonEncoder, dict[str, tuple[WeightsSeen, FusedEncoder]]] = WeakKeyDictionary()
_LOCK = threading.Lock()


def fused_encoder(encoder: SkeletonEncoder, precision: InferencePrecision = "float32") -> FusedEncoder:
    """The encoder's function in eval mode, as its weights are now, for inference.

    It is made once and kept until a weight changes. What it returned before stays as it was.

    Args:
        encoder: a model on any device; it is left as it is.
        precision: ``"float32"`` computes in the model's type and equals it to rounding. ``"bfloat16"`` keeps
            weights and feature maps in bfloat16: vectors differ by up to a few percent (a test holds it to
            that), and it is slower on processors without units for it.

    Raises:
        ConfigError: another precision.

    Example:
        >>> import torch
        >>> from skelrep.config import ModelConfig
        >>> model = SkeletonEncoder(ModelConfig()).eval()
        >>> x = torch.randn(2, 3, 50, 25, 2)
        >>> bool((fused_encoder(model).forward(x) - model(x)).abs().max() < 1e-5 * model(x).abs().max())
        True
    """
    if precision not in get_args(InferencePrecision):
        names = " or ".join(map(repr, get_args(InferencePrecision)))
        raise ConfigError(f"precision is {precision!r}; expected {names}.")
    with _LOCK:
        kept = _KEPT.setdefault(encoder, {})
        if precision in kept:
            seen, fused = kept[precision]
            if seen.unchanged(encoder):
                return fused
        seen, fused = WeightsSeen(encoder), FusedEncoder(encoder, precision)
        kept[precision] = seen, fused
    return fused
