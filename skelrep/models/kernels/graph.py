"""Graph convolution, normalisation and ReLU of one frame of one body in one Triton program, for evaluation.

The layers write maps of three times the output's channels, read them for the sum over neighbours, and again
for BN and for ReLU; here a frame stays in registers from its input to its output.

Axes: B bodies, C input and D output channels, T frames, V joints, W joints reached, P partitions.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

JOINTS = 32  # 25 joints filled up: sides of a product are powers of two, 16 or more
LEAST, MOST = 16, 64  # output channels of a program


@triton.jit
def graph_relu(
    x, adjacency, weight, offset, out, channels, out_channels, frames, joints,
    x_body, x_channel, x_frame, x_joint, out_body, out_channel, out_frame, out_joint,
    PARTS: tl.constexpr, C: tl.constexpr, D: tl.constexpr, V: tl.constexpr,
    TYPE: tl.constexpr, ACCUMULATED: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    body, frame = tl.program_id(0) // frames, tl.program_id(0) % frames
    c, v = tl.arange(0, C), tl.arange(0, V)
    d = tl.program_id(1) * D + tl.arange(0, D)
    x_here = x + body.to(tl.int64) * x_body + frame * x_frame
    in_x = (c < channels)[:, None] & (v < joints)[None, :]
    maps = tl.load(x_here + c[:, None] * x_channel + v[None, :] * x_joint, mask=in_x, other=0.0)
    total = tl.zeros((D, V), ACCUMULATED)
    in_edges = (v < joints)[:, None] & (v < joints)[None, :]
    in_weight = (d < out_channels)[:, None] & (c < channels)[None, :]
    for p in tl.static_range(PARTS):
        place = (p * joints + v[:, None]) * joints + v[None, :]
        edges = tl.load(adjacency + place, mask=in_edges, other=0.0).to(TYPE)
        near = tl.dot(maps, edges, input_precision=PRECISION, out_dtype=ACCUMULATED)
        mix = tl.load(
            weight + (p * out_channels + d)[:, None] * channels + c[None, :], mask=in_weight, other=0.0
        ).to(TYPE)
        total += tl.dot(mix, near.to(TYPE), input_precision=PRECISION, out_dtype=ACCUMULATED)
    in_out = (d < out_channels)[:, None] & (v < joints)[None, :]
    total += tl.load(offset + d[:, None] * joints + v[None, :], mask=in_out, other=0.0)
    out_here = out + body.to(tl.int64) * out_body + frame * out_frame
    tl.store(
        out_here + d[:, None] * out_channel + v[None, :] * out_joint, tl.maximum(total, 0.0), mask=in_out
    )


def graph_norm_relu(
    x_BCTV: Tensor,
    weight_PDC: Tensor,
    bias_PD: Tensor,
    adjacency_PVW: Tensor,
    scale_D: Tensor,
    shift_D: Tensor,
) -> Tensor:
    """relu(scale * graph_convolution(x) + shift), with the scale taken into the weights.

    Args:
        x_BCTV: any strides, float32 or bfloat16 (float64 in the interpreter).
        weight_PDC, bias_PD: of the 1x1 convolution.
        adjacency_PVW: with edge importance.
        scale_D, shift_D: of the normalisation that follows.

    Returns:
        (B, D, T, V), contiguous.
    """
    bodies, channels, frames, joints = x_BCTV.shape
    partitions, out_channels = bias_PD.shape
    # A bias reaches joint w as often as w has neighbours.
    offset = scale_D[:, None] * (bias_PD.T @ adjacency_PVW.sum(dim=1)) + shift_D[:, None]
    weight = (weight_PDC * scale_D[:, None]).contiguous()
    out = x_BCTV.new_empty(bodies, out_channels, frames, joints)
    tile = min(max(triton.next_power_of_2(out_channels), LEAST), MOST)
    double = x_BCTV.dtype == torch.float64
    types = {torch.float64: tl.float64, torch.bfloat16: tl.bfloat16, torch.float16: tl.float16}
    graph_relu[(bodies * frames, triton.cdiv(out_channels, tile))](
        x_BCTV, adjacency_PVW.contiguous(), weight, offset.contiguous(), out,
        channels, out_channels, frames, joints, *x_BCTV.stride(), *out.stride(),
        PARTS=partitions, C=max(triton.next_power_of_2(channels), LEAST), D=tile, V=JOINTS,
        TYPE=types.get(x_BCTV.dtype, tl.float32), ACCUMULATED=tl.float64 if double else tl.float32,
        PRECISION="ieee",
    )  # fmt: skip
    return out
