"""Evaluation: protocols of the field on frozen vectors and by training, baselines, splits, and records.

`probe` runs protocols on a model with the baselines beside it, and gives `EvaluationRecord`s.
"""

from .baselines import random_encoder as random_encoder
from .baselines import raw_joints as raw_joints
from .compare import probe as probe
from .few_labels import draw_share as draw_share
from .few_labels import draw_shots as draw_shots
from .few_labels import few_shot as few_shot
from .few_labels import semi_supervised as semi_supervised
from .linear import linear_evaluation as linear_evaluation
from .probes import centroid_probe as centroid_probe
from .probes import knn_probe as knn_probe
from .probes import linear_probe as linear_probe
from .probes import ridge_probe as ridge_probe
from .protocols import PROTOCOLS as PROTOCOLS
from .protocols import FewShot as FewShot
from .protocols import FineTuning as FineTuning
from .protocols import FromScratch as FromScratch
from .protocols import LinearEvaluation as LinearEvaluation
from .protocols import LogisticProbe as LogisticProbe
from .protocols import NearestNeighbours as NearestNeighbours
from .protocols import RidgeProbe as RidgeProbe
from .protocols import SemiSupervised as SemiSupervised
from .report import card_results as card_results
from .report import results_table as results_table
from .results import EvaluationRecord as EvaluationRecord
from .results import read_records as read_records
from .results import write_records as write_records
from .splits import between_sets as between_sets
from .splits import by_column as by_column
from .splits import by_subject as by_subject
from .splits import join as join
from .splits import k_fold as k_fold
from .splits import subject_folds as subject_folds
from .supervised import finetune_evaluation as finetune_evaluation
from .supervised import scratch_evaluation as scratch_evaluation
from .task import ProbeResult as ProbeResult

__all__ = [
    "PROTOCOLS",
    "EvaluationRecord",
    "FewShot",
    "FineTuning",
    "FromScratch",
    "LinearEvaluation",
    "LogisticProbe",
    "NearestNeighbours",
    "ProbeResult",
    "RidgeProbe",
    "SemiSupervised",
    "between_sets",
    "by_column",
    "by_subject",
    "card_results",
    "centroid_probe",
    "draw_share",
    "draw_shots",
    "few_shot",
    "finetune_evaluation",
    "join",
    "k_fold",
    "knn_probe",
    "linear_evaluation",
    "linear_probe",
    "probe",
    "random_encoder",
    "raw_joints",
    "read_records",
    "results_table",
    "ridge_probe",
    "scratch_evaluation",
    "semi_supervised",
    "subject_folds",
    "write_records",
]
