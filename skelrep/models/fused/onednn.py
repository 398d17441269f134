"""Convolution, residual and ReLU as one oneDNN kernel, where this build of torch and the processor have it.

These are the operators that `torch.compile` emits for a processor. They are private, so they are asked once
whether they do what is expected of them; otherwise torch's public operators serve.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor


def pack(weight: Tensor, stride: int, padding: int, image: tuple[int, ...]) -> Tensor:
    """A weight (D, C, K, 1) in the order that suits images of this shape best."""
    reorder = torch._C._nn.mkldnn_reorder_conv2d_weight
    sizes = ([padding, 0], [stride, 1], [1, 1], 1, list(image))
    return reorder(weight.to_mkldnn(), *sizes)  # type: ignore[call-arg]  # torch's stub lacks the last one


def convolve_onto_(onto: Tensor, x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> None:
    """onto <- relu(onto + convolution of x), in place; images channels last, the weight packed or not."""
    operator = torch.ops.mkldnn._convolution_pointwise_.binary
    sizes = ([padding, 0], [stride, 1], [1, 1], 1)
    operator(onto, x, weight, bias, *sizes, "add", 1.0, "relu", [], None)


@cache
def usable() -> bool:
    """Whether both operators are there and right."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    generator = torch.Generator().manual_seed(0)
    x, onto = (
        torch.randn(1, 8, n, 5, generator=generator).contiguous(memory_format=torch.channels_last)
        for n in (7, 4)
    )
    weight, bias = torch.randn(8, 8, 9, 1, generator=generator), torch.randn(8, generator=generator)
    expected = torch.relu(onto + torch.nn.functional.conv2d(x, weight, bias, (2, 1), (4, 0)))
    try:
        convolve_onto_(onto, x, pack(weight, 2, 4, x.shape), bias, 2, 4)
    except (RuntimeError, AttributeError, TypeError):
        return False
    return torch.allclose(onto, expected, rtol=1e-4, atol=1e-4)
