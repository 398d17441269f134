"""Is a precision worth asking for on this machine?"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping

import torch

from ..errors import SkelrepWarning
from ..models.encoder import EncodePrecision


def warn_of_slow_precision(precision: EncodePrecision, devices: Iterable[torch.device], level: int) -> None:
    """Warn, once a call, of bfloat16 on a processor that can only emulate it.

    Args:
        precision: of the computation.
        devices: where it is computed.
        level: functions up to the one that the warning is about, as `warnings.warn` counts.
    """
    if precision != "bfloat16" or all(device.type != "cpu" for device in devices) or has_bfloat16_units():
        return
    warnings.warn(
        "precision is 'bfloat16', but this processor has no units for it: it is many times slower than "
        "float32 here, and coarser. Expected a GPU, or a processor with AVX512-BF16 or AMX. Use "
        "precision='float32', or another device.",
        SkelrepWarning,
        stacklevel=level + 1,
    )


def has_bfloat16_units() -> bool:
    """Whether this processor multiplies bfloat16 numbers; True where this version of torch cannot tell."""
    if not hasattr(torch.cpu, "get_capabilities"):
        return True
    found: Mapping[str, object] = torch.cpu.get_capabilities()
    names = [name for name in found if "bf16" in name]  # avx512_bf16 and amx_bf16 on x86, bf16 on Arm
    return not names or any(found[name] for name in names)
