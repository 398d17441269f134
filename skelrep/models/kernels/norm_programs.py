"""The Triton programs of `norm`: apply, moments, sums of gradients, gradients.

Every pointer is to contiguous memory; `total`, `bodies`, `channels` and `positions` are sizes. A program that
sums takes every `parts`-th stretch of a channel, `rounds` of them.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def kept(seed, i, rate):
    return tl.rand(tl.load(seed), i) >= rate


@triton.jit
def apply(
    x, scale, shift, residual, seed, out, total, channels, positions, rate,
    RESIDUAL: tl.constexpr, DROPOUT: tl.constexpr, COMPUTED: tl.constexpr, SIZE: tl.constexpr,
):  # fmt: skip
    i = tl.program_id(0) * SIZE + tl.arange(0, SIZE)
    inside = i < total
    c = (i // positions) % channels
    y = tl.load(x + i, mask=inside).to(COMPUTED) * tl.load(scale + c, mask=inside)
    y += tl.load(shift + c, mask=inside)
    if DROPOUT:
        y = tl.where(kept(seed, i, rate), y / (1 - rate), 0.0)
    if RESIDUAL:
        y += tl.load(residual + i, mask=inside).to(COMPUTED)
    tl.store(out + i, tl.maximum(y, 0.0), mask=inside)


@triton.jit
def moments(
    x, first, second, bodies, channels, positions, rounds,
    COMPUTED: tl.constexpr, SIZE: tl.constexpr,
):  # fmt: skip
    """Sums of x - pivot and of its square, a channel and a part; the pivot keeps the squares small."""
    c, part, parts = tl.program_id(0), tl.program_id(1), tl.num_programs(1)
    pivot = tl.load(x + c * positions).to(COMPUTED)
    count = bodies * positions
    total = tl.zeros((SIZE,), COMPUTED)
    squares = tl.zeros((SIZE,), COMPUTED)
    for n in range(rounds):
        j = (n * parts + part) * SIZE + tl.arange(0, SIZE)
        inside = j < count
        i = (j // positions * channels + c) * positions + j % positions
        away = tl.where(inside, tl.load(x + i, mask=inside, other=0.0).to(COMPUTED) - pivot, 0.0)
        total += away
        squares += away * away
    tl.store(first + part * channels + c, tl.sum(total))
    tl.store(second + part * channels + c, tl.sum(squares))


@triton.jit
def gradient_sums(
    d_out, out, x, mean, deviation, seed, first, second, bodies, channels, positions, rate, rounds,
    DROPOUT: tl.constexpr, COMPUTED: tl.constexpr, SIZE: tl.constexpr,
):  # fmt: skip
    """Sums of the gradient at the norm's output and of its product with the normalised input."""
    c, part, parts = tl.program_id(0), tl.program_id(1), tl.num_programs(1)
    middle, width = tl.load(mean + c), tl.load(deviation + c)
    count = bodies * positions
    total = tl.zeros((SIZE,), COMPUTED)
    products = tl.zeros((SIZE,), COMPUTED)
    for n in range(rounds):
        j = (n * parts + part) * SIZE + tl.arange(0, SIZE)
        inside = j < count
        i = (j // positions * channels + c) * positions + j % positions
        live = tl.load(out + i, mask=inside, other=0.0) > 0
        g = tl.where(live, tl.load(d_out + i, mask=inside, other=0.0).to(COMPUTED), 0.0)
        if DROPOUT:
            g = tl.where(kept(seed, i, rate), g / (1 - rate), 0.0)
        total += g
        products += g * (tl.load(x + i, mask=inside, other=0.0).to(COMPUTED) - middle) / width
    tl.store(first + part * channels + c, tl.sum(total))
    tl.store(second + part * channels + c, tl.sum(products))


@triton.jit
def gradients(
    d_out, out, x, mean, deviation, weight, mean_gradient, mean_product, seed, d_x, d_residual,
    total, channels, positions, rate,
    RESIDUAL: tl.constexpr, DROPOUT: tl.constexpr, COMPUTED: tl.constexpr, SIZE: tl.constexpr,
):  # fmt: skip
    i = tl.program_id(0) * SIZE + tl.arange(0, SIZE)
    inside = i < total
    c = (i // positions) % channels
    live = tl.load(out + i, mask=inside, other=0.0) > 0
    g = tl.where(live, tl.load(d_out + i, mask=inside, other=0.0).to(COMPUTED), 0.0)
    if RESIDUAL:
        tl.store(d_residual + i, g, mask=inside)
    if DROPOUT:
        g = tl.where(kept(seed, i, rate), g / (1 - rate), 0.0)
    width = tl.load(deviation + c, mask=inside, other=1.0)
    normal = (tl.load(x + i, mask=inside, other=0.0).to(COMPUTED) - tl.load(mean + c, mask=inside)) / width
    g -= tl.load(mean_gradient + c, mask=inside) + normal * tl.load(mean_product + c, mask=inside)
    tl.store(d_x + i, g * tl.load(weight + c, mask=inside) / width, mask=inside)
