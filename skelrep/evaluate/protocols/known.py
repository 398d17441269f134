"""The field's protocols by name."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import EvaluationError
from .base import Protocol
from .frozen import (
    FewShot,
    LinearEvaluation,
    LogisticProbe,
    NearestNeighbours,
    RidgeProbe,
    SemiSupervised,
)
from .trained import FineTuning, FromScratch

SHARES = (0.01, 0.05, 0.1)
PROTOCOLS: dict[str, tuple[Protocol, ...]] = {
    "linear": (LinearEvaluation(),),
    "logistic": (LogisticProbe(),),
    "ridge": (RidgeProbe(),),
    "knn": (NearestNeighbours(k=1), NearestNeighbours(k=20)),
    "1-nn": (NearestNeighbours(k=1),),
    "few-shot": (FewShot(shots=1), FewShot(shots=5), FewShot(shots=10)),
    "1-shot": (FewShot(shots=1),),
    "5-shot": (FewShot(shots=5),),
    "10-shot": (FewShot(shots=10),),
    "semi-supervised": tuple(SemiSupervised(share=share) for share in SHARES),
    "finetune": (FineTuning(),),
    "semi-finetune": tuple(FineTuning(share=share) for share in SHARES),
    "scratch": (FromScratch(),),
}


def find_protocols(wanted: Sequence[str | Protocol]) -> tuple[Protocol, ...]:
    """Protocols by name or as records, each once, in order.

    Raises:
        EvaluationError: no name, or one that is not in `PROTOCOLS`.

    Example:
        >>> [protocol.title for protocol in find_protocols(["knn", RidgeProbe(alpha=1.0)])]
        ['1-NN', '20-NN', 'ridge']
    """
    found: dict[Protocol, None] = {}
    for one in wanted:
        if isinstance(one, str) and one not in PROTOCOLS:
            raise EvaluationError(f"there is no protocol {one!r}; expected one of {', '.join(PROTOCOLS)}.")
        found |= dict.fromkeys(PROTOCOLS[one] if isinstance(one, str) else (one,))
    if not found:
        raise EvaluationError(f"no protocol given; expected one or more of {', '.join(PROTOCOLS)}.")
    return tuple(found)
