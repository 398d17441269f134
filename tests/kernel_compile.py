"""Compiles the Triton kernels for an H100 without one: the interpreter does not see what a GPU refuses."""

from __future__ import annotations

from typing import Any

import triton
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from skelrep.models.kernels.graph import graph_relu
from skelrep.models.kernels.norm import ELEMENTS
from skelrep.models.kernels.norm_programs import apply, gradient_sums, gradients, moments

HOPPER = GPUTarget("cuda", 90, 32)
MAPS = ("x", "out", "residual", "d_out", "d_x", "d_residual")
POINTERS = (
    "scale", "shift", "first", "second", "mean", "deviation", "weight", "mean_gradient", "mean_product",
    "adjacency", "offset",
)  # fmt: skip
FLAGS = {"RESIDUAL": True, "DROPOUT": True, "COMPUTED": tl.float32, "SIZE": ELEMENTS}
TILES = {"PARTS": 3, "C": 16, "D": 16, "V": 32, "ACCUMULATED": tl.float32, "PRECISION": "ieee"}


def compile_for_hopper(kernel: Any, map_type: str) -> None:
    settings = FLAGS | TILES | {"TYPE": tl.bfloat16 if map_type == "bf16" else tl.float32}
    constants = {(i,): settings[n] for i, n in enumerate(kernel.arg_names) if n in settings}
    types = dict.fromkeys(POINTERS, "*fp32") | dict.fromkeys(MAPS, f"*{map_type}")
    types |= {"seed": "*i32", "rate": "fp32"} | dict.fromkeys(settings, "constexpr")
    signature = {name: types.get(name, "i32") for name in kernel.arg_names}
    compiled = triton.compile(ASTSource(kernel, signature, constants), target=HOPPER)
    assert compiled.asm["cubin"]


if __name__ == "__main__":
    for kernel in (apply, moments, gradient_sums, gradients, graph_relu):
        for map_type in ("fp32", "bf16"):
            compile_for_hopper(kernel, map_type)
