"""The front matter of a model card."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def card_metadata(card: Path) -> dict[str, Any]:
    """The YAML front matter of a card as a mapping; empty where there is no readable one."""
    from huggingface_hub import metadata_load

    if not card.is_file():
        return {}
    try:
        return dict(metadata_load(card) or {})
    except Exception:  # YAML's errors belong to a package that is not ours; a card is only a description
        return {}
