"""Does an exported graph compute what the encoder computes? On few and many bodies, frames and clips."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import VerificationError
from ..golden import golden_clip, golden_vector
from ..models import SkeletonEncoder
from ..preprocess import preprocess_arrays
from ..verification import TOLERANCE
from .graph import MIN_FRAMES, GraphInput

Vectors = NDArray[np.float32]
Compute = Callable[[Vectors], Vectors]


def require_equal(compute: Compute, twin: SkeletonEncoder, takes: GraphInput, what: str) -> float:
    """Compare a graph with the encoder on clips of every kind.

    Args:
        compute: the graph: float32 (N, 3, T, 25, M) -> (N, D).
        twin: from `skelrep.golden.reference_twin`.
        takes: what the graph takes.
        what: how to call the graph in an error.

    Returns:
        The largest relative error of a vector.

    Raises:
        VerificationError: an error exceeds 1e-4.
    """
    largest = 0.0
    for kind, clips in example_clips(twin.config.preprocess.frames).items():
        error = relative_error(compute(clips.numpy()), expected(twin, clips, takes).numpy())
        if not error <= TOLERANCE:
            raise VerificationError(
                f"{what} does not compute what the model computes for {kind}: relative error {error:.2e}, "
                f"allowed {TOLERANCE:.0e}. Nothing was written. Check that the model's weights are finite "
                "and pass skelrep.verify; if they do, this version of torch or ONNX Runtime is at fault."
            )
        largest = max(largest, error)
    return largest


def example_clips(frames: int) -> dict[str, Tensor]:
    """Clips that an exported graph must agree on, float32 (N, 3, T, 25, M), by kind."""
    pair = golden_clip(max(frames, MIN_FRAMES))
    alone = pair.clone()
    alone[..., 1] = 0
    return {
        "two bodies": pair,
        "one body": pair[..., :1].contiguous(),
        "present and absent bodies in one batch": torch.cat((alone, pair, alone.flip(4), 0 * pair)),
        "a longer clip": golden_clip(2 * frames + MIN_FRAMES),
    }


def expected(twin: SkeletonEncoder, clips: Tensor, takes: GraphInput) -> Tensor:
    """The encoder's own vectors of clips, (N, D)."""
    if takes == "raw":
        clips = preprocess_arrays(list(clips.numpy()), twin.config.preprocess)
    return golden_vector(twin, clips)


def relative_error(given: Vectors, wanted: Vectors) -> float:
    """The largest |given - wanted| / |wanted| of a row; infinite where shapes differ."""
    if given.shape != wanted.shape:
        return float("inf")
    size = np.linalg.norm(wanted, axis=1).clip(min=1e-12)
    return float((np.linalg.norm(given - wanted, axis=1) / size).max())
