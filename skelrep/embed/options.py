"""What is computed of a clip, as one record; and the checks of what a caller asks for."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import get_args

from ..errors import ConfigError
from ..models import SkeletonEncoder
from ..models.encoder import EncodePrecision, Output
from ..windows import check_window

VECTORS = ("clip", "bodies")  # outputs that are the model's vectors


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
    truncate_dim: int | None = None

    def __post_init__(self) -> None:
        check_options(self.batch_size, self.output, self.window, self.stride, self.precision)
        if self.truncate_dim is None:
            return
        if self.truncate_dim < 1:
            raise ConfigError(f"truncate_dim is {self.truncate_dim}; expected 1 or more.")
        if self.output not in VECTORS:
            raise ConfigError(
                f"truncate_dim is {self.truncate_dim} with output {self.output!r}, which gives feature maps; "
                "expected output 'clip' or 'bodies'."
            )

    def of_model(self, encoder: SkeletonEncoder) -> EncodeOptions:
        """These options, with the model's own `truncate_dim` where none is asked for.

        Raises:
            ConfigError: the model's vector is shorter than `truncate_dim`.
        """
        if self.truncate_dim is None and self.output in VECTORS:
            return dataclasses.replace(self, truncate_dim=encoder.truncate_dim)
        check_truncate_dim(self.truncate_dim, encoder)
        return self


def check_truncate_dim(truncate_dim: int | None, encoder: SkeletonEncoder) -> None:
    """Raise `ConfigError` unless a model's vector has so many numbers."""
    if truncate_dim is not None and not 0 < truncate_dim <= encoder.embedding_dim:
        raise ConfigError(
            f"truncate_dim is {truncate_dim}; expected 1 to {encoder.embedding_dim}, the length of this "
            "model's vector."
        )


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
