"""Which model made the vectors of an index."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ..errors import VectorsError
from ..record import Record, check_fields, short

if TYPE_CHECKING:
    from ..models import SkeletonEncoder


@dataclass(frozen=True, kw_only=True)
class VectorOrigin(Record):
    """The model that made vectors.

    Attributes:
        model: what `load_pretrained` was given, empty where that is not known.
        commit: the Hub commit the weights came from, empty where they did not.
        config_sha256: of the model's configuration.
        model_sha256: of the configuration and all weights. Vectors compare only where this is the same.
    """

    model: str = ""
    commit: str = ""
    config_sha256: str = ""
    model_sha256: str = ""

    def __post_init__(self) -> None:
        check_fields(self)

    @classmethod
    def of(cls, model: str | SkeletonEncoder, name: str = "") -> Self:
        """The origin of what a model makes.

        Args:
            model: a `SkeletonEncoder`, or a name for `load_pretrained`.
            name: by which a `SkeletonEncoder` was loaded.

        Example:
            >>> import skelrep
            >>> origin = VectorOrigin.of(skelrep.SkeletonEncoder(skelrep.ModelConfig()))
            >>> origin.model, len(origin.model_sha256)
            ('', 64)
        """
        from ..embed.part import model_digest
        from ..embed.workers import loaded

        encoder = loaded(model)
        config = json.dumps(encoder.config.to_dict(), sort_keys=True).encode()
        return cls(
            model=model if isinstance(model, str) else name,
            commit=encoder.commit_hash or "",
            config_sha256=hashlib.sha256(config).hexdigest(),
            model_sha256=model_digest(encoder),
        )

    def __str__(self) -> str:
        name = short(self.model) if self.model else "a model without a name"
        commit = f", commit {self.commit[:12]}" if self.commit else ""
        return f"{name}{commit} (sha256 {self.model_sha256[:12]})"


def check_same_origin(held: VectorOrigin | None, given: VectorOrigin | None) -> None:
    """Refuse to compare vectors of two models.

    Raises:
        VectorsError: two models, or one that is known and one that is not.
    """
    if (held and held.model_sha256) == (given and given.model_sha256):
        return
    if held is None:
        remedy = "Make the index with Index(vectors, names, model=...), so that it knows its model."
    elif given is None:
        remedy = "Say which model made them with model=..., or encode them with that of the index."
    else:
        remedy = "Encode all clips with one model."
    raise VectorsError(
        f"vectors of {given or 'a model that was not told'} cannot join an index of vectors of "
        f"{held or 'a model that was not told'}: their cosines mean nothing. {remedy}"
    )
