"""Everything that a model's `config.json` holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import ConfigError
from ..record import Record, check_fields, short
from .encoder import EncoderConfig
from .preprocess import PreprocessConfig

FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class ModelConfig(Record):
    """Everything `config.json` of a published model holds: architecture and preprocessing.

    Attributes:
        format_version: of the file; one that this skelrep does not read is an error.
        encoder: the architecture, and what the vector is made of.
        preprocess: how raw coordinates become the encoder's input.

    Raises:
        ConfigError: an impossible value, or another format version.

    Example:
        >>> ModelConfig.from_dict({"encoder": {"base_channels": 8}}).encoder.base_channels
        8
    """

    format_version: int = FORMAT_VERSION
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    preprocess: PreprocessConfig = field(default_factory=PreprocessConfig)

    def __post_init__(self) -> None:
        check_fields(self)
        if self.format_version != FORMAT_VERSION:
            raise ConfigError(
                f"config has format_version {short(self.format_version)}; this skelrep reads "
                f"{FORMAT_VERSION}. Upgrade skelrep, or load an older revision of the model."
            )
