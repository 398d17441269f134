"""The Hugging Face Hub; the only room that imports its client, and only when it is used."""

from .card import card_metadata as card_metadata
from .download import download_model as download_model

__all__ = ["card_metadata", "download_model"]
