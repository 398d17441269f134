"""The smallest models that have every part: quick to load a hundred thousand times."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from skelrep.config import EncoderConfig, ModelConfig, PreprocessConfig
from skelrep.models import SkeletonEncoder

# Our name in one encoder -> the published one, for the joint view.
_PUBLISHED = (
    ("adjacency", "A"), ("input_norm.", "data_bn."), (".spatial.edge_importance", ""),
    (".spatial_norm.", ".tcn.0."), (".temporal_norm.", ".tcn.3."), (".temporal.", ".tcn.2."), (".spatial.",
    ".gcn.conv."),
)  # fmt: skip

SIZES: dict[str, object] = {"views": ("joint",), "base_channels": 1, "feature_channels": 2}
PARTS: dict[str, object] = {"blocks": 2, "feature_blocks": (0, 2), "pooling": "parts_std", "whitening": 8}


@functools.cache
def tiny_encoder(recipe: str = "fixed") -> SkeletonEncoder:
    """One view, one channel, random weights; under ``"faithful"`` what published code has, and no more."""
    shape = SIZES if recipe == "faithful" else SIZES | PARTS
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = EncoderConfig(recipe_name=recipe, **shape)  # type: ignore[arg-type]
        preprocess = PreprocessConfig(recipe_name=recipe, frames=4)  # type: ignore[arg-type]
        return SkeletonEncoder(ModelConfig(encoder=encoder, preprocess=preprocess)).eval()


def reference_state() -> dict[str, Tensor]:
    """The tiny encoder under the names of the published code."""
    out = {}
    for name, tensor in tiny_encoder("faithful").encoders["joint"].state_dict().items():
        published = name
        if name.endswith(".spatial.edge_importance"):
            published = f"edge_importance.{name.split('.')[1]}"
        else:
            for ours, theirs in _PUBLISHED:
                published = published.replace(ours, theirs)
            published = published.replace("blocks.", "st_gcn_networks.")
        out[f"encoder_q.{published}"] = tensor
    return out
