"""Golden vectors: a fixed clip and its vector travel with the weights, so that a model can check itself."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .config import ModelConfig
from .errors import VerificationError
from .layout import NUM_JOINTS, hops_to_centre
from .models import SkeletonEncoder
from .weights_file import ModelFiles, unpack

GOLDEN_INPUT, GOLDEN_OUTPUT = "golden.input", "golden.output"
TOLERANCE = 1e-4


def golden_clip(frames: int) -> Tensor:
    """A smooth clip of two bodies, made by a formula.

    Args:
        frames: T.

    Returns:
        float32 (1, C=3, T, V=25, M=2), shaped like preprocessed joints: farther joints swing wider.
    """
    c, t, v, m = np.ogrid[:3, :frames, :NUM_JOINTS, :2]
    reach = np.array(hops_to_centre())[v] / 5
    phase = 2 * np.pi * t / frames * (1 + m) + 0.7 * c + 1.3 * v + 0.4 * m
    clip = reach * (np.sin(1.7 * c + 2.3 * v) + 0.3 * np.sin(phase)) + 0.05 * m
    return torch.from_numpy(clip.astype(np.float32))[None]


def golden_pair(encoder: SkeletonEncoder) -> dict[str, Tensor]:
    """The golden clip and its vector (1, D), computed in float32 on the CPU in eval mode."""
    clip = golden_clip(encoder.config.preprocess.frames)
    return {GOLDEN_INPUT: clip, GOLDEN_OUTPUT: _vector(encoder, clip)}


def golden_shapes(config: ModelConfig, embedding_dim: int) -> dict[str, Tensor]:
    """Empty tensors of the shapes that a model's golden pair must have."""
    shape = (1, 3, config.preprocess.frames, NUM_JOINTS, 2)
    return {
        GOLDEN_INPUT: torch.empty(shape, device="meta"),
        GOLDEN_OUTPUT: torch.empty(1, embedding_dim, device="meta"),
    }


def verify_model(encoder: SkeletonEncoder, source: str | Path | ModelFiles) -> float:
    """Recompute the golden vector and hold it against the stored one.

    Args:
        encoder: the loaded model; it is left as it is.
        source: the folder, `model.safetensors` or `ModelFiles` it was loaded from.

    Returns:
        The relative error, |computed - stored| / |stored|.

    Raises:
        VerificationError: the error exceeds 1e-4, or no golden vector of this model is stored.
        WeightsError, WeightsNotFoundError: the weight file cannot be read.
    """
    files = source if isinstance(source, ModelFiles) else _files(Path(source))
    tensors, _ = unpack(files)
    clip, stored = tensors.get(GOLDEN_INPUT), tensors.get(GOLDEN_OUTPUT)
    if clip is None or stored is None or stored.shape != (1, encoder.embedding_dim):
        raise VerificationError(
            f"{files.weights} stores no golden vector of {encoder.embedding_dim} numbers, which this model "
            "gives. Save the model with skelrep first, or pass the file it was loaded from."
        )
    computed = _vector(encoder, clip)
    error = float((computed - stored).norm() / stored.norm().clamp(min=1e-12))
    if not error <= TOLERANCE:
        norms = f"norm {float(computed.norm()):.5g}, stored {float(stored.norm()):.5g}"
        raise VerificationError(
            f"the model does not reproduce the golden vector in {files.weights}: relative error {error:.2e}, "
            f"allowed {TOLERANCE:.0e} ({norms}). {files.remedy}"
        )
    return error


def _vector(encoder: SkeletonEncoder, clip: Tensor) -> Tensor:
    # A copy: the caller's model keeps its device, type and mode. The CPU, because a GPU may use TF32.
    twin = copy.deepcopy(encoder).to("cpu", torch.float32).eval()
    with torch.inference_mode():
        return twin(clip.float()).clone()


def _files(path: Path) -> ModelFiles:
    return (
        ModelFiles.in_folder(path)
        if path.is_dir()
        else ModelFiles(config=path.parent / "config.json", weights=path)
    )
