"""Build the documentation strictly, and look at what came out: `docs.py SITE`, in the repository."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import zlib
from pathlib import Path

ROOMS = ("skelrep", "skelrep.evaluate", "skelrep.datasets", "skelrep.index", "skelrep.viz")
WITHOUT_PAGE = {"skelrep.__version__"}
# What a browser would load by itself; a link that a reader may follow is no such thing.
LOADED = re.compile(
    r"<(?:script|img|iframe|source)[^>]*\ssrc=[\"']?(?:https?:)?//[^\s>]*"
    r"|<link[^>]*rel=[\"']?(?:stylesheet|preconnect|preload|icon)[^>]*href=[\"']?(?:https?:)?//[^\s>]*"
)


def build(site: Path) -> None:
    """Run mkdocs; a broken link, a page outside the navigation or an unknown name is an error."""
    # mkdocs-material tells of its successor in a banner; pyproject.toml names the version we build with.
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(site)]
    subprocess.run(command, check=True, env=environment)


def documented(site: Path) -> set[str]:
    """Names that have an entry of their own, from the inventory that mkdocstrings writes."""
    packed = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    return {line.split(" ")[0] for line in zlib.decompress(packed).decode().splitlines()}


def undocumented(site: Path) -> list[str]:
    """Public names without an entry."""
    public = {f"{room}.{name}" for room in ROOMS for name in importlib.import_module(room).__all__}
    return sorted(public - documented(site) - WITHOUT_PAGE)


def foreign(site: Path) -> list[str]:
    """What pages would load from other hosts."""
    pages = sorted(site.rglob("*.html"))
    return [f"{page.name}: {found}" for page in pages for found in LOADED.findall(page.read_text("utf-8"))]


def main() -> None:
    """Build and check; exit with what is wrong."""
    site = Path(sys.argv[1])
    build(site)
    faults = [f"no page in docs/api has {name}" for name in undocumented(site)]
    faults += [f"loaded from another host: {found}" for found in foreign(site)]
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
