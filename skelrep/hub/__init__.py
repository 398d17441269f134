"""The Hugging Face Hub, both ways; the only room that imports its client, and only when it is used."""

from .card import ModelCard as ModelCard
from .card import Result as Result
from .card import card_metadata as card_metadata
from .card import card_results as card_results
from .card import training_data as training_data
from .download import download_card as download_card
from .download import download_model as download_model
from .push import Pushed as Pushed
from .push import Target as Target
from .push import push_files as push_files

__all__ = [
    "ModelCard",
    "Pushed",
    "Result",
    "Target",
    "card_metadata",
    "card_results",
    "download_card",
    "download_model",
    "push_files",
    "training_data",
]
