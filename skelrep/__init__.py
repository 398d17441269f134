"""Embeddings of 3D human skeleton clips: pretrained ST-GCN encoders, and CrosSCLR pretraining.

Three lines to a vector: ``import skelrep``, ``clips = skelrep.read_clips(folder)``,
``vectors = skelrep.encode(clips)``.
"""

from ._version import __version__ as __version__
from .clips import Clip as Clip
from .config import EncoderConfig as EncoderConfig
from .config import ModelConfig as ModelConfig
from .config import PreprocessConfig as PreprocessConfig
from .config import PretrainConfig as PretrainConfig
from .embed import encode as encode
from .models import SkeletonEncoder as SkeletonEncoder
from .pretrained import list_pretrained as list_pretrained
from .pretrained import load_pretrained as load_pretrained
from .read import ClipStore as ClipStore
from .read import read_clips as read_clips
from .train import train_crossclr as train_crossclr

__all__ = [
    "Clip",
    "ClipStore",
    "EncoderConfig",
    "ModelConfig",
    "PreprocessConfig",
    "PretrainConfig",
    "SkeletonEncoder",
    "__version__",
    "encode",
    "list_pretrained",
    "load_pretrained",
    "read_clips",
    "train_crossclr",
]
