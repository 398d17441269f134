"""Names of a package that are imported when they are first used, so that nobody waits for the others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def lazy_names(package: str, modules: Mapping[str, str]) -> Callable[[str], object]:
    """The module-level ``__getattr__`` of a package.

    Args:
        package: its ``__name__``.
        modules: for each name, the module of the package that has it.

    Example:
        >>> find = lazy_names("skelrep", {"list_pretrained": "pretrained"})
        >>> find("list_pretrained").__name__
        'list_pretrained'
    """

    def find(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f".{modules[name]}", package), name)
        setattr(sys.modules[package], name, value)  # found at once from now on
        return value

    return find
