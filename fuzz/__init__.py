"""Broken and hostile files for every reader: `python -m fuzz.run`; not part of the package."""
