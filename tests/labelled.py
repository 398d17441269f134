"""Small labelled clips that can be told apart, and a small model to tell them apart with."""

from __future__ import annotations

import numpy as np
import torch

from skelrep.config import EncoderConfig, ModelConfig, PreprocessConfig
from skelrep.models import SkeletonEncoder
from skelrep.preprocess import preprocess

NAMES = ("bow", "jump", "wave")
SMALL = {"views": ("joint",), "base_channels": 4, "feature_channels": 16}


def small_encoder(**fields: object) -> SkeletonEncoder:
    """A model of one view with torch's own first weights, and BN statistics of clips it has seen."""
    config = ModelConfig(
        encoder=EncoderConfig(**(SMALL | fields)),  # type: ignore[arg-type]
        preprocess=PreprocessConfig(frames=12),
    )
    x = preprocess(labelled_clips(each=4, seed=7)[0], config.preprocess)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        model = SkeletonEncoder(config).train()
        for _ in range(20):
            model(x)
    return model.eval()


def labelled_clips(each: int = 6, seed: int = 0) -> tuple[list[np.ndarray], list[str]]:
    """`each` clips of three classes in turn, float32 (3, T, 25, 1): a pose and a swing a class, and noise."""
    kinds, swings = np.random.default_rng(99).normal(0, 0.3, (2, 3, 3, 1, 25, 1))
    rng = np.random.default_rng(seed)
    clips, labels = [], []
    for number in range(3 * each):
        kind, frames = number % 3, int(rng.integers(14, 24))
        time = np.linspace(0, 2 * np.pi, frames)[None, :, None, None]
        clip = kinds[kind] + swings[kind] * np.sin(time * (1 + kind)) / 2
        clips.append((clip + rng.normal(0, 0.03, clip.shape)).astype(np.float32))
        labels.append(NAMES[kind])
    return clips, labels
