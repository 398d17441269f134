"""Evaluation of frozen vectors: probes, baselines and splits."""

from .baselines import random_encoder as random_encoder
from .baselines import raw_joints as raw_joints
from .probes import knn_probe as knn_probe
from .probes import linear_probe as linear_probe
from .probes import ridge_probe as ridge_probe
from .splits import by_subject as by_subject
from .splits import subject_folds as subject_folds
from .task import ProbeResult as ProbeResult

__all__ = [
    "ProbeResult",
    "by_subject",
    "knn_probe",
    "linear_probe",
    "random_encoder",
    "raw_joints",
    "ridge_probe",
    "subject_folds",
]
