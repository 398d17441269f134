"""The command `skelrep`; each command lives in a file of its own and imports the heavy rooms when it runs."""

from .program import main as main

__all__ = ["main"]
