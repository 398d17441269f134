"""Does the built wheel work where it is installed? Run it there, outside the checkout."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import numpy as np

import skelrep
from skelrep.demo import load_demo_clips


def check(passed: bool, what: str) -> None:
    """Print one check; stop at the first that fails."""
    print(f"{'ok    ' if passed else 'FAILED'} {what}")  # noqa: T201
    if not passed:
        sys.exit(1)


def main() -> None:
    """Use what was installed."""
    site = Path(sysconfig.get_path("purelib"))
    check(Path(skelrep.__file__).is_relative_to(site), f"it is imported from {site}")
    model = skelrep.load_pretrained("default")
    vectors = skelrep.encode(load_demo_clips(), model)
    check(vectors.shape == (30, model.embedding_dim), f"30 clips give {vectors.shape}")
    check(
        bool(np.isfinite(vectors).all()) and float(vectors.std()) > 0, "their vectors are finite and differ"
    )


if __name__ == "__main__":
    main()
