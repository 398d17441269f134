"""The vectors that `choose_vector.py` compares."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from package_default import NUISANCE

from skelrep.config import AugmentConfig, Pooling

Weights = Literal["trained", "random"]

# How the two crops that a whitening is fitted to differ: the default's, and changes of it.
NUISANCES: dict[str, AugmentConfig] = {
    "default": NUISANCE,
    "with legs of others": dataclasses.replace(NUISANCE, part_mix=0.2),
}


@dataclass(frozen=True)
class Candidate:
    """One way to make a vector, by default the second edition's.

    Attributes:
        weights: of the run, or an untrained encoder's.
        blocks, pooling: as in `EncoderConfig`.
        size: length of the whitened vector; 0 for the pooled vector as it is.
        shrinkage: as in `fit_whitening`.
        nuisance: a name in `NUISANCES`.
    """

    weights: Weights = "trained"
    blocks: tuple[int, ...] = (0, 4)
    pooling: Pooling = "parts_std"
    size: int = 768
    shrinkage: float = 0.1
    nuisance: str = "default"

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Candidate:
        """What `dataclasses.asdict` made of one, by way of JSON."""
        return cls(**{**record, "blocks": tuple(record["blocks"])})

    def __str__(self) -> str:
        blocks = " + ".join(map(str, self.blocks))
        words = [self.weights, f"block{'s' * (len(self.blocks) > 1)} {blocks}"]
        if self.pooling != Candidate.pooling:
            words.append(f"`{self.pooling}`")
        if not self.size:
            return ", ".join([*words, "not whitened"])
        if self.shrinkage != Candidate.shrinkage:
            words.append(f"shrinkage {self.shrinkage}")
        if self.nuisance != "default":
            words.append(f"crops {self.nuisance}")
        return ", ".join(words)


CANDIDATES = (
    Candidate(),
    Candidate(blocks=(0, 2)),
    Candidate(blocks=(0, 2, 4), size=512),
    Candidate(blocks=(0, 3)),
    Candidate(blocks=(0, 7)),
    Candidate(blocks=(0,)),
    Candidate(blocks=(2,)),
    Candidate(blocks=(4,)),
    Candidate(size=512),
    Candidate(shrinkage=0.3),
    Candidate(size=0),
    Candidate(nuisance="with legs of others"),
    Candidate(weights="random"),
    Candidate(weights="random", blocks=(0, 2)),
)
