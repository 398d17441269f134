"""Protocols as records: what is fitted, with which parameters, over which seeds.

A record's fields are its parameters, and go into an `EvaluationRecord`. `PROTOCOLS` names the field's own.
"""

from .base import Protocol as Protocol
from .frozen import FewShot as FewShot
from .frozen import LinearEvaluation as LinearEvaluation
from .frozen import LogisticProbe as LogisticProbe
from .frozen import NearestNeighbours as NearestNeighbours
from .frozen import RidgeProbe as RidgeProbe
from .frozen import SemiSupervised as SemiSupervised
from .frozen import VectorProtocol as VectorProtocol
from .frozen import Vectors as Vectors
from .known import PROTOCOLS as PROTOCOLS
from .known import find_protocols as find_protocols
from .trained import ClipProtocol as ClipProtocol
from .trained import FineTuning as FineTuning
from .trained import FromScratch as FromScratch

__all__ = [
    "PROTOCOLS",
    "ClipProtocol",
    "FewShot",
    "FineTuning",
    "FromScratch",
    "LinearEvaluation",
    "LogisticProbe",
    "NearestNeighbours",
    "Protocol",
    "RidgeProbe",
    "SemiSupervised",
    "VectorProtocol",
    "Vectors",
    "find_protocols",
]
