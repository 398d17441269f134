"""Broken and hostile files for every reader: `python -m fuzz.run`; not part of the package."""

import sys
from pathlib import Path

# The writers of formats are those of the tests, the records of results those of the benchmarks.
sys.path += [str(Path(__file__).parents[1] / folder) for folder in ("tests", "benchmarks")]
