"""What is in the built wheel and sdist, and how large they are: `contents.py DIST`."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

MEGABYTES = {".whl": 13, ".gz": 20}
IN_WHEEL = (
    "skelrep/py.typed",
    "skelrep/demo/clips.npz",
    "skelrep/demo/README.md",
    "skelrep/explore/web/index.html",
    "skelrep/hub/card_template.md",
    "skelrep/viz/page.html",
    "skelrep/weights/default/config.json",
    "skelrep/weights/default/model.safetensors",
    "skelrep/weights/default/README.md",
)
IN_SDIST = (
    *IN_WHEEL, "CHANGELOG.md", "CITATION.cff", "LICENSE", "PKG-INFO", "README.md", "docs/index.md",
    "pyproject.toml", "tests/conftest.py",
)  # fmt: skip
ROOMS_OF_SDIST = {"skelrep", "tests", "fuzz", "examples", "benchmarks", "docs"}
# What work leaves behind in a checkout, and must not travel.
LEFT_BEHIND = ("__pycache__", ".pyc", ".so", ".env", ".ckpt", "/runs/", "/site/")


def names_of(path: Path) -> list[str]:
    """Files of a wheel or sdist; an sdist's own folder is cut off."""
    if path.suffix == ".whl":
        return zipfile.ZipFile(path).namelist()
    with tarfile.open(path) as archive:
        return [member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()]


def faults(path: Path) -> list[str]:
    """What is wrong with a wheel or sdist."""
    names, size, limit = names_of(path), path.stat().st_size / 1e6, MEGABYTES[path.suffix]
    print(f"{path.name}: {size:.1f} MB of at most {limit}, {len(names)} files")  # noqa: T201
    needed = IN_WHEEL if path.suffix == ".whl" else IN_SDIST
    found = [f"{name} is missing" for name in needed if name not in names]
    found += [f"{name} was left behind" for name in names if any(part in name for part in LEFT_BEHIND)]
    if size > limit:
        found.append("too large")
    rooms = {name.partition("/")[0] for name in names if "/" in name}
    strange = {room for room in rooms if not is_ours(room, path.suffix)}
    return found + [f"the folder {room} is not part of it" for room in sorted(strange)]


def is_ours(room: str, suffix: str) -> bool:
    """Whether a top folder belongs into a wheel or sdist."""
    return room == "skelrep" or room.endswith(".dist-info") if suffix == ".whl" else room in ROOMS_OF_SDIST


def main() -> None:
    """Look into one wheel and one sdist; exit with what is wrong."""
    paths = sorted(Path(sys.argv[1]).iterdir())
    if [path.suffix for path in paths] != [".whl", ".gz"] and [p.suffix for p in paths] != [".gz", ".whl"]:
        sys.exit(f"expected one wheel and one sdist, found {[path.name for path in paths]}")
    wrong = [f"{path.name}: {fault}" for path in paths for fault in faults(path)]
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
