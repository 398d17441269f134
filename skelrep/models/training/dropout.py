"""Dropout masks as random bits: one 32-bit word of the generator decides for 32 numbers."""

from __future__ import annotations

import torch
from torch import Tensor

from .scratch import Scratch

SLICE = 32  # bodies; a few of their maps at a time stay in cache
WORD = 32
LEVELS = 1 << 16
_INT_OF = {torch.float32: torch.int32, torch.float64: torch.int64}


def draw_bits(numbers: int, rate: float) -> Tensor:
    """Words whose set bits mark what stays, drawn from torch's default generator.

    Args:
        numbers: how many numbers the mask is for.
        rate: share that is dropped; taken as a multiple of 1 / 65536.

    Returns:
        int32 (M,), M = numbers / 32 rounded up. Bit 31 - k of word m is for number k * M + m.

    Example:
        >>> draw_bits(100, 0.5).shape
        torch.Size([4])
    """
    words = -(-numbers // WORD)
    if rate == 0.5:
        return torch.empty(words, dtype=torch.int32).random_(-(1 << 31), 1 << 31)
    draws = torch.empty(words * WORD // 4, dtype=torch.int64).random_(-(1 << 63), None)
    stays = draws.view(torch.int16).view(WORD, words) >= round(rate * LEVELS) - LEVELS // 2
    packed = torch.zeros(words, dtype=torch.int32)
    for row in stays:
        packed = packed.bitwise_left_shift_(1).bitwise_or_(row)
    return packed


def zero_dropped(x: Tensor, bits: Tensor, scratch: Scratch) -> Tensor:
    """Set to zero, in place, the numbers whose bit is not set; x is contiguous float32 or float64."""
    integer = _INT_OF[x.dtype]
    shifts = torch.arange(WORD, dtype=torch.int32)[:, None]
    # The sign bit, spread over the word: all ones keep a number's bits, all zeros make it zero.
    spread = scratch.take("mask", WORD, len(bits), dtype=torch.int32)
    torch.bitwise_left_shift(bits, shifts, out=spread).bitwise_right_shift_(WORD - 1)
    mask = spread.flatten()[: x.numel()].view_as(x)
    x.view(integer).bitwise_and_(mask.to(integer))
    return x


def whole_mask(total: int, here: slice, shape: torch.Size, rate: float) -> Tensor:
    """What stays of some rows, drawn as `BlockPass` draws for all the rows of a batch.

    Args:
        total: rows of the batch.
        here: which of them.
        shape: (D, T, V) of a row's maps.
        rate: share that is dropped.

    Returns:
        bool (rows here, D, T, V).
    """
    channels, frames, joints = shape
    kept = [torch.ones(0, channels, frames, joints, dtype=torch.bool)]
    for start in range(0, total, SLICE):
        bodies = min(SLICE, total - start)
        numbers = channels * frames * joints * bodies
        bits = draw_bits(numbers, rate)
        inside = range(*here.indices(total))[max(start - here.start, 0) : max(start + bodies - here.start, 0)]
        if inside:
            stays = unpack_bits(bits, numbers).view(frames, channels, joints, bodies)
            kept.append(stays.permute(3, 1, 0, 2)[inside.start - start : inside.stop - start])
    return torch.cat(kept)


def unpack_bits(bits: Tensor, numbers: int) -> Tensor:
    """bool (numbers,): which numbers stay."""
    ones = torch.ones(numbers)
    return zero_dropped(ones, bits, Scratch(ones)) > 0
