"""Temporal convolution of a slice: windows of frames overlap in memory, so each frame is one matrix product.

Axes: T frames, C channels, N columns (joints times bodies of a slice), D output channels, K taps.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .scratch import Scratch


class TemporalConvolution:
    """A (K, 1) convolution with `stride` over frames and K // 2 zeros at both ends, and its gradients.

    The bias is left out: the normalisation that follows takes it away again.

    Args:
        weight: (D, C, K, 1), K odd.
        stride: 1 or 2.
        frames: T.
        scratch: for what lives as long as one slice.
    """

    def __init__(self, weight: Tensor, stride: int, frames: int, scratch: Scratch) -> None:
        self.out_channels, self.channels, self.taps = weight.shape[:3]
        self.stride, self.frames, self.scratch = stride, frames, scratch
        self.out_frames = -(-frames // stride)
        self.weight_DKC = weight[..., 0].transpose(1, 2).contiguous()
        self.d_weight = torch.zeros_like(self.weight_DKC).view(self.out_channels, -1)
        self.backward_weights = [self._towards(phase) for phase in range(stride)]

    def input(self, columns: int) -> Tensor:
        """Where a slice's input (T, C, N) goes before `forward` and `backward`."""
        return self._padded("input", self.taps // 2, self.frames, self.channels, columns)

    def gradient(self, columns: int) -> Tensor:
        """Where the gradient (T', D, N) at a slice's output goes before `backward`."""
        margin = -(-(self.taps // 2) // self.stride)
        return self._padded("gradient", margin, self.out_frames, self.out_channels, columns)

    def forward(self, x_TCN: Tensor) -> Tensor:
        """Output (T', D, N) for the input that was put where `input` said."""
        weight = self.weight_DKC.view(self.out_channels, -1)
        out = x_TCN.new_empty(self.out_frames, self.out_channels, x_TCN.shape[2])
        return torch.bmm(weight.expand(len(out), *weight.shape), self._input_windows(x_TCN), out=out)

    def backward(self, x_TCN: Tensor, d_out_TDN: Tensor) -> Tensor:
        """Gradient (T, C, N) at the input, in scratch; the weight's is added to what earlier slices gave."""
        self.d_weight += torch.bmm(d_out_TDN, self._input_windows(x_TCN).transpose(1, 2)).sum(dim=0)
        columns = d_out_TDN.shape[2]
        d_x = self.scratch.take("d_input", self.frames, self.channels, columns)
        for phase, weight in enumerate(self.backward_weights):
            part = d_x[phase :: self.stride]
            windows = self._gradient_windows(d_out_TDN, phase, len(part))
            torch.bmm(weight.expand(len(part), *weight.shape), windows, out=part)
        return d_x

    def gradients(self) -> Tensor:
        """Gradient of the weight, from all slices."""
        return self.d_weight.view(self.out_channels, self.taps, self.channels).transpose(1, 2)[..., None]

    def _padded(self, name: str, margin: int, frames: int, channels: int, columns: int) -> Tensor:
        buffer = self.scratch.take(name, frames + 2 * margin, channels, columns)
        buffer[:margin] = 0
        buffer[margin + frames :] = 0
        return buffer[margin : margin + frames]

    def _input_windows(self, x_TCN: Tensor) -> Tensor:
        """(T', K * C, N): row t holds the frames that output t sees."""
        frame = self.channels * x_TCN.shape[2]
        shape = (self.out_frames, self.taps * self.channels, x_TCN.shape[2])
        first = x_TCN.storage_offset() - self.taps // 2 * frame
        return x_TCN.as_strided(shape, (self.stride * frame, x_TCN.shape[2], 1), first)

    def _towards(self, phase: int) -> Tensor:
        """(C, taps * D): what the outputs that saw frames `phase`, `phase + stride`, ... send back."""
        taps = self.weight_DKC[:, self._taps(phase)]
        return taps.flip(1).permute(2, 1, 0).reshape(self.channels, -1)

    def _gradient_windows(self, d_out_TDN: Tensor, phase: int, frames: int) -> Tensor:
        """(frames, taps * D, N): row r holds the outputs that saw frame `phase + stride * r`."""
        frame = self.out_channels * d_out_TDN.shape[2]
        taps = len(range(self.taps)[self._taps(phase)])
        # The latest output that sees frame t is (t + K // 2) // stride; the windows end there.
        latest = (phase + self.taps // 2) // self.stride
        first = d_out_TDN.storage_offset() + (latest - taps + 1) * frame
        shape = (frames, taps * self.out_channels, d_out_TDN.shape[2])
        return d_out_TDN.as_strided(shape, (frame, d_out_TDN.shape[2], 1), first)

    def _taps(self, phase: int) -> slice:
        """Taps by which frames of a phase are seen: t + K // 2 = stride * t' + tap."""
        return slice((phase + self.taps // 2) % self.stride, None, self.stride)
