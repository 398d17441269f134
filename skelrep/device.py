"""Devices that a caller names."""

from __future__ import annotations

import torch

from .errors import ConfigError


def check_device(device: str | torch.device | None) -> torch.device:
    """The device to load on; the CPU by default.

    Raises:
        ConfigError: no device of this name, or it cannot be used here.
    """
    try:
        return torch.empty(0, device=device or "cpu").device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise ConfigError(
            f"device {str(device)!r} cannot be used: {reason}. Pass 'cpu', or one that exists."
        ) from error
