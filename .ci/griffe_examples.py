"""What mkdocs.yml asks of griffe: an `Example:` of our docstrings is shown as code, like `Examples:`."""

from __future__ import annotations

import re
from typing import Any

import griffe


class ShowExamples(griffe.Extension):
    """Name the section as griffe knows it; docstrings stay as they are."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for every module, class, function and attribute once it is read."""
        if obj.docstring:
            obj.docstring.value = re.sub(r"(?m)^Example:$", "Examples:", obj.docstring.value)
