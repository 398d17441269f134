"""Results as an aligned table on stdout and as a JSON record with what is needed to get them again."""

from __future__ import annotations

import datetime
import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from skelrep._version import __version__
from skelrep.atomic import atomic_write


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned text: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = [
        "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in (header, *rows)
    ]
    return "\n".join((lines[0], "-" * len(lines[0]), *lines[1:]))


def percent(values: float | Sequence[float]) -> str:
    """One accuracy as ``85.4``; those of several seeds as ``85.4 ± 0.6`` (sample deviation)."""
    v = 100 * np.atleast_1d(np.asarray(values))
    return f"{v[0]:.1f}" if len(v) == 1 else f"{v.mean():.1f} ± {v.std(ddof=1):.1f}"


def provenance() -> dict[str, Any]:
    """Command, date, commit and versions of this run."""
    import sklearn

    root = Path(__file__).parents[1]
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=False
    )
    versions = {"python": platform.python_version(), "skelrep": __version__, "torch": torch.__version__}
    return {
        "command": " ".join(["python", *sys.argv]),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip() or None,
        "versions": versions | {"numpy": np.__version__, "scikit-learn": sklearn.__version__},
    }


def write_json(path: str | Path, record: dict[str, Any]) -> None:
    """Write a record whole or not at all."""
    with atomic_write(path) as file:
        file.write((json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())
