"""A model as one ONNX file, which runs without torch and without skelrep."""

from __future__ import annotations

import os
from types import ModuleType
from typing import TYPE_CHECKING

import torch

from ..atomic import atomic_write
from ..errors import MissingDependencyError
from ..golden import reference_twin
from ..models import SkeletonEncoder
from .check import Compute, require_equal
from .graph import GraphInput, check_takes, trace
from .metadata import metadata

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 20
INPUT_NAME, OUTPUT_NAME = "clips", "vectors"
INPUT_AXES = {0: "batch", 2: "frames", 4: "bodies"}


def export_onnx(
    model: SkeletonEncoder,
    path: str | os.PathLike[str],
    *,
    input: GraphInput = "prepared",  # noqa: A002 (as an ONNX graph calls it)
) -> float:
    """Write a model as an ONNX file with which ONNX Runtime has computed the same (needs the extra ``onnx``).

    The graph has one input ``clips``, float32 (batch, 3, frames, 25, bodies), metres, and one output
    ``vectors``, float32 (batch, embedding_dim), unnormalised; batch, frames and bodies (1 or 2) may change
    from call to call. An absent body is zero, and counts as the model's recipe says. The file's metadata hold
    the model's configuration and a golden clip with its vector.

    Args:
        model: what to export; it is left as it is.
        path: of the file.
        input: ``"prepared"`` for what `skelrep.preprocess.preprocess` gives; ``"raw"`` for recordings in the
            NTU-25 layout, y up, all of one length, with the preprocessing inside the graph.

    Returns:
        The largest relative error against the model that the check found.

    Raises:
        MissingDependencyError: onnx, onnxscript or onnxruntime is not installed.
        VerificationError: the graph differs from the model by more than 1e-4; no file is written.
        ConfigError: an unknown `input`.
        OutputError: the file cannot be written.

    Example:
        >>> from skelrep.config import EncoderConfig, ModelConfig
        >>> model = SkeletonEncoder(ModelConfig(encoder=EncoderConfig(views=("joint",), base_channels=2)))
        >>> export_onnx(model, "/tmp/skelrep-example.onnx") < 1e-4
        True
    """
    check_takes(input)
    runtime = _needed_modules()
    twin = reference_twin(model)
    proto = to_proto(twin, input)
    content = proto.SerializeToString(deterministic=True)
    error = require_equal(run_onnx(runtime, content), twin, input, f"the ONNX graph for {path}")
    with atomic_write(path) as file:
        file.write(content)
    return error


def to_proto(twin: SkeletonEncoder, takes: GraphInput) -> ModelProto:
    """The ONNX graph with our metadata, and without the exporter's, which holds paths of this machine."""
    program = torch.onnx.export(
        trace(twin, takes),
        (),
        dynamo=True,
        opset_version=OPSET,
        input_names=[INPUT_NAME],
        output_names=[OUTPUT_NAME],
        verbose=False,
    )
    if program is None:
        raise TypeError("torch.onnx.export gave no program")
    proto = program.model_proto
    graph = proto.graph
    for part in (
        proto,
        graph,
        *graph.input,
        *graph.output,
        *graph.node,
        *graph.initializer,
        *graph.value_info,
    ):
        del part.metadata_props[:]
    del graph.value_info[:]  # ONNX Runtime infers them
    for axis, name in INPUT_AXES.items():
        graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
    graph.output[0].type.tensor_type.shape.dim[0].dim_param = INPUT_AXES[0]
    for key, text in metadata(twin, takes).items():
        proto.metadata_props.add(key=key, value=text)
    return proto


def run_onnx(runtime: ModuleType, content: bytes) -> Compute:
    """The function that a file's content computes on the CPU."""
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return lambda clips: session.run([OUTPUT_NAME], {INPUT_NAME: clips})[0]


def _needed_modules() -> ModuleType:
    try:
        import onnx  # noqa: F401
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            f"export_onnx needs {error.name}, which is not installed. Run: pip install 'skelrep[onnx]' "
            "(skelrep.export_program does without it)."
        ) from error
    return onnxruntime
