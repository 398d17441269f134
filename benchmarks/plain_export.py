"""The plain baseline exported to ONNX, under ONNX Runtime and OpenVINO: a user's other choices."""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

Call = Callable[[], Any]


def export(model: nn.Module, x: Tensor, path: Path) -> None:
    """Write the model for this input's shape, weights inside; the exporter's chatter is swallowed."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (x,), path, dynamo=True, external_data=False, verbose=False)


def onnxruntime_call(model: nn.Module, x: Tensor, threads: int) -> Call:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plain.onnx"
        export(model, x, path)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: x.numpy()}
    return lambda: session.run(None, feed)[0]


def openvino_call(model: nn.Module, x: Tensor, threads: int) -> Call:
    import openvino

    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plain.onnx"
        export(model, x, path)
        compiled = openvino.Core().compile_model(path, "CPU", settings)
    array = x.numpy()
    return lambda: np.array(compiled([array])[0])


ENGINES: dict[str, Callable[[nn.Module, Tensor, int], Call]] = {
    "onnxruntime": onnxruntime_call,
    "openvino": openvino_call,
}
