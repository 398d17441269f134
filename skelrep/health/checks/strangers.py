"""Strangers: clips unlike those a model was trained on, or unlike all others; the only check with a model.

A trained encoder remembers its training data: the running mean and variance of its first normalisation are
those of every joint's coordinates after preprocessing. How many deviations a clip's joints lie from that mean
says how far it is from what the encoder has seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from einops import rearrange
from numpy.typing import NDArray
from torch import Tensor

from ...clips import Clip
from ...models import SkeletonEncoder
from ...models.bodies import mean_over_bodies, present_bodies, split_bodies
from ...models.fused import fused_encoder
from ...models.stgcn import STGCN
from ...preprocess import preprocess
from ...pretrained import load_pretrained
from ...views import make_view
from ..look import Look
from ..report import Finding
from ..tally import Tally
from .twins import nearest_others

BATCH = 64
# Root mean square over joints and frames. Under the default model 99 % of real upright clips of each of eight
# sets stay below 1.6; people lying reach 2.4, shuffled joints 2 to 4, z up 2.5 to 3.3, upside down 5 to 6.
MAX_DEVIATIONS = 2.0
MAX_ROBUST_SCORE = 5.0  # of the log distance to the nearest other clip; real sets stay below 3
MIN_SET = 20


class Strangers:
    """Encodes clips in batches and keeps a vector and a number of each."""

    def __init__(self, model: str | SkeletonEncoder) -> None:
        self._encoder = model if isinstance(model, SkeletonEncoder) else load_pretrained(model)
        self._names: list[str] = []
        self._waiting: list[Clip] = []
        self._vectors: list[NDArray[np.float32]] = []
        self._deviations: list[float] = []

    def look(self, look: Look) -> None:
        """See one clip; those that cannot be encoded are left to the other checks."""
        if not look.bodies or not look.finite or look.clip.data.shape[3] > 2:
            return
        self._names.append(look.name)
        self._waiting.append(look.clip)
        if len(self._waiting) == BATCH:
            self._encode()

    def _encode(self) -> None:
        encoder = self._encoder
        with torch.inference_mode():
            x = preprocess(self._waiting, encoder.config.preprocess).to(encoder.device)
            vectors = torch.nn.functional.normalize(fused_encoder(encoder)(x), dim=-1)
            self._vectors += list(vectors.float().cpu().numpy())
            self._deviations += deviations(encoder, x).tolist()
        self._waiting = []

    def findings(self) -> list[Finding]:
        """What was found."""
        if self._waiting:
            self._encode()
        unlike, lonely = Tally(), Tally()
        for name, deviation in zip(self._names, self._deviations, strict=True):
            if deviation > MAX_DEVIATIONS:
                unlike.add(name, f"{deviation:.1f} deviations")
        for name, score in zip(self._names, self._loneliness(), strict=True):
            if score > MAX_ROBUST_SCORE:
                lonely.add(name, f"score {score:.0f}")
        return unlike.finding(
            "stranger", "warning", "poses far from those that the model was trained on",
            "look at these clips (skelrep.viz); where they are right, continue pretraining on your own clips",
        ) + lonely.finding(
            "outlier", "note", "motion unlike that of all other clips", "look at these clips (skelrep.viz)"
        )  # fmt: skip

    def _loneliness(self) -> NDArray[np.float64]:
        """Robust score of each clip's distance to its nearest other one."""
        if len(self._vectors) < MIN_SET:
            return np.zeros(len(self._vectors))
        # Centred and scaled, so that vectors that share most of their direction differ in float32 too.
        vectors = np.stack(self._vectors)
        vectors -= vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        vectors /= max(float(np.abs(vectors).max()), 1e-30)
        distance = np.log(np.maximum(nearest_others(vectors)[0], 1e-9)).astype(np.float64)
        away = distance - np.median(distance)
        return np.asarray(away / max(1.4826 * float(np.median(np.abs(away))), 1e-9))

    def summary(self) -> dict[str, Any]:
        """Median deviation from the training data; known once `findings` was asked."""
        if not self._deviations:
            return {}
        return {"deviations_from_training": round(float(np.median(self._deviations)), 2)}


def deviations(encoder: SkeletonEncoder, x_NCTVM: Tensor) -> Tensor:
    """Root mean square standardised coordinate of each clip under its first view's input statistics: (N,)."""
    view = encoder.views[0]
    present = present_bodies(x_NCTVM, "fixed")
    rows = rearrange(split_bodies(make_view(x_NCTVM, view), present), "b c t v -> b t (v c)")
    stgcn: STGCN = encoder.encoders[view]  # type: ignore[assignment]
    mean, var = stgcn.input_norm.running_mean, stgcn.input_norm.running_var
    if mean is None or var is None:
        return torch.zeros(len(x_NCTVM))
    # SpineShoulder is the origin in every frame: a coordinate that never varies says nothing.
    varies = var > 1e-6
    score = ((rows - mean).square() / var.clamp(min=1e-6))[..., varies].mean(dim=(1, 2))
    return mean_over_bodies(score, present).sqrt().cpu()
