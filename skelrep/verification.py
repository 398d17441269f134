"""Does a model compute, here and now, what it computed when it was saved? See `skelrep.verify`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from .errors import VerificationError
from .golden import (
    GOLDEN_INPUT,
    GOLDEN_LAYERS,
    GOLDEN_OUTPUT,
    golden_vector,
    layer_names,
    layer_sketches,
    reference_twin,
)
from .models import SkeletonEncoder
from .weights_file import ModelFiles, unpack

# Relative. Sums in another order (threads, kernels, machines) change a layer by about 1e-6 or less,
# as float64 does; weights rounded to half precision by more than 1e-4. A test measures both sides.
TOLERANCE = 1e-4
# Once something is wrong, the layer to blame is the first above what rounding could do.
ROUNDING = 1e-5


@dataclass(frozen=True, kw_only=True)
class Verification:
    """How far a model is from its stored golden tensors; all errors are relative.

    Attributes:
        vector_error: of the golden clip's vector, |computed - stored| / |stored|.
        layer_errors: of each layer's output on it, estimated from sketches, in order of computing; empty for
            files written before there were sketches.
        first_difference: the first layer that differs by more than rounding; None where all agree.
    """

    vector_error: float
    layer_errors: dict[str, float]
    first_difference: str | None

    @property
    def passed(self) -> bool:
        """Whether the vector and every layer are within 1e-4."""
        return all(error <= TOLERANCE for error in (self.vector_error, *self.layer_errors.values()))


def compare_model(encoder: SkeletonEncoder, files: ModelFiles) -> Verification:
    """Compute the golden tensors of a weight file again and compare; a difference is no error here.

    Args:
        encoder: it is left as it is; a copy computes, in float32 on the CPU.
        files: where the golden tensors are.

    Raises:
        VerificationError: no golden vector of this model is stored.
        WeightsError, WeightsNotFoundError: the weight file cannot be read.
    """
    tensors, _ = unpack(files)
    clip, stored = tensors.get(GOLDEN_INPUT), tensors.get(GOLDEN_OUTPUT)
    if clip is None or stored is None or stored.shape != (1, encoder.embedding_dim):
        raise VerificationError(
            f"{files.weights} stores no golden vector of {encoder.embedding_dim} numbers, which this model "
            "gives. Save the model with skelrep first, or pass the file it was loaded from."
        )
    twin = reference_twin(encoder)
    layers = _layer_errors(twin, clip, tensors.get(GOLDEN_LAYERS))
    vector = golden_vector(twin, clip)
    return Verification(
        vector_error=float((vector - stored).norm() / stored.norm().clamp(min=1e-12)),
        layer_errors=layers,
        first_difference=next((name for name, error in layers.items() if not error <= ROUNDING), None),
    )


def verify_model(encoder: SkeletonEncoder, source: str | os.PathLike[str] | ModelFiles) -> float:
    """Hold a model against the golden tensors of the file it was loaded from.

    Args:
        encoder: the loaded model; it is left as it is.
        source: the folder, `model.safetensors` or `ModelFiles` it was loaded from.

    Returns:
        The relative error of the golden vector.

    Raises:
        VerificationError: an error exceeds 1e-4 (the message names the first layer that differs), or no
            golden vector of this model is stored.
        WeightsError, WeightsNotFoundError: the weight file cannot be read.
    """
    files = source if isinstance(source, ModelFiles) else _files(Path(source))
    found = compare_model(encoder, files)
    require(found, files)
    return found.vector_error


def require(found: Verification, files: ModelFiles) -> None:
    """Raise `VerificationError` unless a comparison passed."""
    if found.passed:
        return
    first = found.first_difference
    if first is not None:
        where = f"the first layer that differs is {first} (by {found.layer_errors[first]:.2e})"
    elif found.layer_errors:
        where = "all layers agree, so the difference lies in the pooling or the order of the views"
    else:
        where = "the file is older than skelrep's layer sketches, so no layer can be named"
    raise VerificationError(
        f"the model does not reproduce the golden vector in {files.weights}: relative error "
        f"{found.vector_error:.2e}, allowed {TOLERANCE:.0e}; {where}. {files.remedy}"
    )


def _layer_errors(twin: SkeletonEncoder, clip: Tensor, stored: Tensor | None) -> dict[str, float]:
    if stored is None:
        return {}
    computed = layer_sketches(twin, clip).double()
    gaps = (computed[:, 1:] - stored[:, 1:]).norm(dim=1) / stored[:, 0].double().clamp(min=1e-12)
    return dict(zip(layer_names(twin), gaps.tolist(), strict=True))


def _files(path: Path) -> ModelFiles:
    return (
        ModelFiles.in_folder(path)
        if path.is_dir()
        else ModelFiles(config=path.parent / "config.json", weights=path)
    )
