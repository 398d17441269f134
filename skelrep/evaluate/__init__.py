"""Evaluation of frozen vectors: probes, baselines and splits."""

from .probes import knn_probe as knn_probe
from .probes import linear_probe as linear_probe
from .probes import ridge_probe as ridge_probe
from .splits import by_subject as by_subject
from .splits import subject_folds as subject_folds
from .task import ProbeResult as ProbeResult
