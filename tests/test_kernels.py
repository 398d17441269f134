"""Triton kernels: off by default, chosen by name, and the same as the layers."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from skelrep.config import EncoderConfig, ModelConfig
from skelrep.errors import ConfigError
from skelrep.models import SkeletonEncoder
from skelrep.models.kernels import use_kernels
from skelrep.models.stgcn import Block

HERE = Path(__file__).parent
WITHOUT_TRITON = importlib.util.find_spec("triton") is None
needs_triton = pytest.mark.skipif(WITHOUT_TRITON, reason="Triton is not installed")
TOLERANCES = {
    "moments": 1e-6, "norm_without_dropout": 1e-10, "norm_with_dropout_and_residual": 1e-10, "graph": 1e-5,
    "encoder": 1e-5, "training": 1e-8,
}  # fmt: skip


def tiny() -> SkeletonEncoder:
    return SkeletonEncoder(ModelConfig(encoder=EncoderConfig(views=("joint",), base_channels=2)))


def python(script: str, *words: str, **environment: str) -> str:
    variables = os.environ | {"PYTHONPATH": str(HERE.parent), "OMP_NUM_THREADS": "1"} | environment
    done = subprocess.run(
        [sys.executable, str(HERE / script), *words],
        env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_triton
def test_kernels_agree_with_layers_in_the_interpreter() -> None:
    found = json.loads(python("kernel_checks.py", "cpu", TRITON_INTERPRET="1"))
    assert found.keys() == TOLERANCES.keys()
    assert {name: d for name, d in found.items() if not d <= TOLERANCES[name]} == {}


@needs_triton
def test_kernels_compile_for_a_gpu() -> None:
    python("kernel_compile.py", TRITON_INTERPRET="0")


@needs_triton
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_kernels_agree_with_layers_on_a_gpu() -> None:
    import kernel_checks

    found = kernel_checks.run("cuda")
    kernel_checks.leave_layers_aside("cuda")
    assert {name: d for name, d in found.items() if not d <= TOLERANCES[name]} == {}


def test_layers_are_used_unless_asked_otherwise() -> None:
    blocks = [module for module in tiny().modules() if isinstance(module, Block)]
    assert {block.kernels for block in blocks} == {"torch"}


@needs_triton
@torch.inference_mode()
def test_blocks_on_the_cpu_keep_their_layers() -> None:
    model, x = tiny().eval(), torch.randn(1, 3, 6, 25, 1, generator=torch.Generator().manual_seed(0))
    expected = model(x)
    use_kernels(model, "triton")
    assert torch.equal(model(x), expected)
    use_kernels(model, "torch")
    assert {block.kernels for block in model.modules() if isinstance(block, Block)} == {"torch"}


def test_impossible_choices_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="'cuda'; expected one of 'torch', 'triton'"):
        use_kernels(tiny(), "cuda")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="Linear holds no ST-GCN block"):
        use_kernels(nn.Linear(1, 1), "torch")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="not installed"):
        use_kernels(tiny(), "triton")


@needs_triton
@torch.inference_mode()
def test_kernels_step_aside_where_they_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    from skelrep.models.kernels.block import fits

    x, block = torch.randn(1, 3, 4, 25), Block(3, 4, 1, 0.0, first=True).eval()
    assert not fits(block, x)  # on the CPU, outside the interpreter
    monkeypatch.setattr("triton.knobs.runtime.interpret", True)
    assert fits(block, x)
    assert not fits(block, x[:0])
    block.spatial_norm.train()
    assert not fits(block, x)  # batch statistics in evaluation
    block.spatial_norm = nn.SyncBatchNorm(4).eval()
    assert not fits(block, x)
