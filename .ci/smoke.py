"""Does the built wheel work where it is installed? Run it outside the checkout: `smoke.py skelrep.whl`."""

from __future__ import annotations

import sys
import sysconfig
import zipfile
from pathlib import Path

import numpy as np

import skelrep
from skelrep.demo import load_demo_clips

MAX_MEGABYTES = 13
NEEDED = (
    "skelrep/py.typed",
    "skelrep/demo/clips.npz",
    "skelrep/explore/web/index.html",
    "skelrep/demo/README.md",
    "skelrep/weights/default/config.json",
    "skelrep/weights/default/model.safetensors",
    "skelrep/weights/default/README.md",
)


def check(passed: bool, what: str) -> None:
    """Print one check; stop at the first that fails."""
    print(f"{'ok    ' if passed else 'FAILED'} {what}")  # noqa: T201
    if not passed:
        sys.exit(1)


def main() -> None:
    """Look into the wheel, then use what was installed from it."""
    wheel = Path(sys.argv[1])
    size = wheel.stat().st_size / 1e6
    check(size < MAX_MEGABYTES, f"{wheel.name} has {size:.1f} MB, less than {MAX_MEGABYTES}")
    names = zipfile.ZipFile(wheel).namelist()
    for name in NEEDED:
        check(name in names, f"{name} is in it")
    check(all(name.startswith("skelrep") for name in names), "nothing but the package is in it")
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
