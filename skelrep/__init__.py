"""Embeddings of 3D human skeleton clips: pretrained ST-GCN encoders, and CrosSCLR pretraining.

Three lines to a vector: ``import skelrep``, ``clips = skelrep.read_clips(folder)``,
``vectors = skelrep.encode(clips)``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ._version import __version__ as __version__

if TYPE_CHECKING:
    from .classifier import SkeletonClassifier as SkeletonClassifier
    from .classifier import finetune as finetune
    from .classifier import load_classifier as load_classifier
    from .clips import Clip as Clip
    from .config import EncoderConfig as EncoderConfig
    from .config import ModelConfig as ModelConfig
    from .config import PreprocessConfig as PreprocessConfig
    from .config import PretrainConfig as PretrainConfig
    from .embed import encode as encode
    from .embed import encode_stream as encode_stream
    from .embed import encode_to_file as encode_to_file
    from .evaluate import knn_probe as knn_probe
    from .evaluate import linear_probe as linear_probe
    from .explore import AtlasFile as AtlasFile
    from .explore import atlas as atlas
    from .export import export_onnx as export_onnx
    from .export import export_program as export_program
    from .health import HealthReport as HealthReport
    from .health import doctor as doctor
    from .index import Index as Index
    from .layouts import Layout as Layout
    from .models import SkeletonEncoder as SkeletonEncoder
    from .pretrained import list_pretrained as list_pretrained
    from .pretrained import load_pretrained as load_pretrained
    from .read import ClipStore as ClipStore
    from .read import inspect_clips as inspect_clips
    from .read import read_clips as read_clips
    from .reproduction import reproduce as reproduce
    from .selfcheck import verify as verify
    from .train import train_crossclr as train_crossclr
    from .whiten import fit_whitening as fit_whitening

# A name, or a room such as `skelrep.crossclr`, is imported when it is first used, so that `skelrep --help`
# does not wait for torch.
_ROOMS = {
    "AtlasFile": "explore",
    "Clip": "clips",
    "ClipStore": "read",
    "EncoderConfig": "config",
    "HealthReport": "health",
    "Index": "index",
    "Layout": "layouts",
    "ModelConfig": "config",
    "PreprocessConfig": "config",
    "PretrainConfig": "config",
    "SkeletonClassifier": "classifier",
    "SkeletonEncoder": "models",
    "atlas": "explore",
    "doctor": "health",
    "encode": "embed",
    "encode_stream": "embed",
    "encode_to_file": "embed",
    "export_onnx": "export",
    "export_program": "export",
    "finetune": "classifier",
    "fit_whitening": "whiten",
    "inspect_clips": "read",
    "knn_probe": "evaluate",
    "linear_probe": "evaluate",
    "list_pretrained": "pretrained",
    "load_classifier": "classifier",
    "load_pretrained": "pretrained",
    "read_clips": "read",
    "reproduce": "reproduction",
    "train_crossclr": "train",
    "verify": "selfcheck",
}

__all__ = [
    "AtlasFile",
    "Clip",
    "ClipStore",
    "EncoderConfig",
    "HealthReport",
    "Index",
    "Layout",
    "ModelConfig",
    "PreprocessConfig",
    "PretrainConfig",
    "SkeletonClassifier",
    "SkeletonEncoder",
    "__version__",
    "atlas",
    "doctor",
    "encode",
    "encode_stream",
    "encode_to_file",
    "export_onnx",
    "export_program",
    "finetune",
    "fit_whitening",
    "inspect_clips",
    "knn_probe",
    "linear_probe",
    "list_pretrained",
    "load_classifier",
    "load_pretrained",
    "read_clips",
    "reproduce",
    "train_crossclr",
    "verify",
]


def __getattr__(name: str) -> object:
    try:
        room = import_module(f".{_ROOMS.get(name, name)}", __name__)
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
        raise AttributeError(f"module 'skelrep' has no attribute {name!r}") from error
    value = getattr(room, name) if name in _ROOMS else room
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
