"""A model as a program of `torch.export`, which runs with torch alone."""

from __future__ import annotations

import io
import os

import torch
from torch.export import ExportedProgram

from ..atomic import atomic_write
from ..golden import reference_twin
from ..models import SkeletonEncoder
from .check import Vectors, require_equal
from .graph import GraphInput, check_takes, trace
from .metadata import metadata


def export_program(
    model: SkeletonEncoder,
    path: str | os.PathLike[str] | None = None,
    *,
    input: GraphInput = "prepared",  # noqa: A002 (the word of `export_onnx`)
) -> ExportedProgram:
    """A model as a `torch.export.ExportedProgram`, which has computed the same on clips of every kind.

    It takes float32 (N, 3, T, 25, M) and gives (N, embedding_dim), unnormalised; N, T (5 or more for prepared
    clips) and M (1 or 2) may change from call to call. It serves `torch.export.load`, AOTInductor and
    ExecuTorch.

    Args:
        model: what to export; it is left as it is.
        path: of a `.pt2` file to write as well. It also holds `export_onnx`'s metadata, as extra files.
        input: ``"prepared"`` for what `skelrep.preprocess.preprocess` gives; ``"raw"`` for recordings of one
            length, with the preprocessing inside.

    Returns:
        The program, on the CPU.

    Raises:
        VerificationError: the program differs from the model by more than 1e-4; no file is written.
        ConfigError: an unknown `input`.
        OutputError: the file cannot be written.

    Example:
        >>> from skelrep.config import EncoderConfig, ModelConfig
        >>> model = SkeletonEncoder(ModelConfig(encoder=EncoderConfig(views=("joint",), base_channels=2)))
        >>> export_program(model).module()(torch.ones(4, 3, 50, 25, 1)).shape
        torch.Size([4, 256])
    """
    check_takes(input)
    twin = reference_twin(model)
    program = trace(twin, input)
    network = program.module()

    def compute(clips: Vectors) -> Vectors:
        with torch.no_grad():
            return network(torch.from_numpy(clips)).numpy()

    require_equal(compute, twin, input, "the exported program")
    if path is not None:
        buffer = io.BytesIO()
        torch.export.save(program, buffer, extra_files=metadata(twin, input))
        with atomic_write(path) as file:
            file.write(buffer.getvalue())
    return program
