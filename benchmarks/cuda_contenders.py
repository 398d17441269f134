"""Who `speed_cuda.py` measures: each is made of a case and a device, and is a call without arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from plain import plain_encoder
from plain_training import plain_crossclr
from speed_contenders import LEARNING_RATE, model_and_clips, training_crops, training_model
from speed_turns import Case
from torch import Tensor

from skelrep.config import Recipe
from skelrep.models.kernels import use_kernels
from skelrep.train.optim import build_optimizer, set_learning_rate

Call = Callable[[], Any]
WARM_UP = 3  # calls before a graph is captured, as torch asks for


def encoder(
    variant: str, dtype: torch.dtype = torch.float32, *, compiled: bool = False, graphed: bool = False
) -> Callable[[Case, torch.device], Call]:
    """The encoder as plain code, by its layers, by layers with Triton kernels, or fused."""

    def make(case: Case, device: torch.device) -> Call:
        model, x = model_and_clips(case)
        model, x = model.to(device), x.to(device)
        run = network(variant, model, dtype)
        run = torch.inference_mode()(torch.compile(run) if compiled else run)
        if not graphed:
            return lambda: run(x)
        return capture(lambda: run(x))

    return make


def network(variant: str, model: Any, dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
    if variant == "fused":
        from skelrep.models.fused import fused_encoder

        return fused_encoder(model, "bfloat16" if dtype == torch.bfloat16 else "float32").forward
    if variant == "plain":
        model = plain_encoder(model).to(model.device)
    if variant == "triton":
        use_kernels(model, "triton")

    def run(x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
            return model(x)

    return run


def training(
    variant: str, recipe: Recipe = "faithful", dtype: torch.dtype = torch.float32, *, graphed: bool = False
) -> Callable[[Case, torch.device], Call]:
    """One step: forward, losses, backward, optimiser."""

    def make(case: Case, device: torch.device) -> Call:
        model = training_model(case, recipe).to(device).train()
        x_query, x_key = (crop.to(device) for crop in training_crops(case))
        if variant == "plain":
            plain = plain_crossclr(model).to(device)
            plain.queues = {view: queue.to(device) for view, queue in plain.queues.items()}
            return lambda: plain.step(x_query, x_key, case.stage)
        use_kernels(model, "triton" if variant == "triton" else "torch")
        optimizer = build_optimizer(model.named_parameters(), model.config)
        set_learning_rate(optimizer, LEARNING_RATE)

        def step() -> None:
            with torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
                output = model(x_query, x_key, stage=case.stage)
            optimizer.zero_grad(set_to_none=not graphed)
            output.loss.backward()
            optimizer.step()

        return capture(step) if graphed else step

    return make


def capture(call: Call) -> Call:
    """A CUDA graph of a call whose tensors stay in place; calling it replays the graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM_UP):
            call()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        output = call()

    def replay() -> Any:
        graph.replay()
        return output

    return replay


HALF = torch.bfloat16
ENCODE: dict[str, Callable[[Case, torch.device], Call]] = {
    "plain": encoder("plain"),
    "plain, compiled": encoder("plain", compiled=True),
    "layers": encoder("layers"),
    "layers, Triton kernels": encoder("triton"),
    "fused": encoder("fused"),
    "fused, CUDA graph": encoder("fused", graphed=True),
    "plain, bfloat16": encoder("plain", HALF),
    "layers, bfloat16": encoder("layers", HALF),
    "layers, Triton kernels, bfloat16": encoder("triton", HALF),
    "fused, bfloat16": encoder("fused", HALF),
}
TRAIN: dict[str, Callable[[Case, torch.device], Call]] = {
    "plain": training("plain"),
    "skelrep, faithful": training("layers"),
    "skelrep, faithful, CUDA graph": training("layers", graphed=True),
    "skelrep, faithful, Triton kernels": training("triton"),
    "skelrep, faithful, bfloat16": training("layers", dtype=HALF),
    "skelrep, faithful, Triton kernels, bfloat16": training("triton", dtype=HALF),
    "skelrep, fixed": training("layers", "fixed"),
    "skelrep, fixed, Triton kernels": training("triton", "fixed"),
    "skelrep, fixed, Triton kernels, bfloat16": training("triton", "fixed", HALF),
}
