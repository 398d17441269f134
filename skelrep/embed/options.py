"""What is computed of a clip, as one record; and the checks of what a caller asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from ..errors import ConfigError
from ..models.encoder import EncodePrecision, Output
from ..windows import check_window


@dataclass(frozen=True, kw_only=True)
class EncodeOptions:
    """How rows are made of clips; see `skelrep.encode`.

    Raises:
        ConfigError: an impossible option.
    """

    batch_size: int = 64
    output: Output = "clip"
    normalize: bool = False
    preprocess: bool = True
    precision: EncodePrecision = "float32"
    window: int | None = None
    stride: int | None = None

    def __post_init__(self) -> None:
        check_options(self.batch_size, self.output, self.window, self.stride, self.precision)


def check_options(
    batch_size: int,
    output: str,
    window: int | None = None,
    stride: int | None = None,
    precision: str = "float32",
) -> None:
    """Raise `ConfigError` for an impossible option."""
    if batch_size < 1:
        raise ConfigError(f"batch_size is {batch_size}; expected 1 or more.")
    for name, value, known in (("output", output, Output), ("precision", precision, EncodePrecision)):
        if value not in get_args(known):
            raise ConfigError(
                f"{name} is {value!r}; expected one of {', '.join(map(repr, get_args(known)))}."
            )
    if window is not None:
        check_window(window, stride)
    elif stride is not None:
        raise ConfigError(f"stride is {stride} without a window; expected both. Pass window=... too.")
