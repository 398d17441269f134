"""Put records of single targets into one, which outlives them: `python -m fuzz.merge RECORD.json ...`.

Targets that are fuzzed side by side write a record each (`python -m fuzz.run --target NAME --json FILE`).
Of two records of one target, the one with more inputs stays; delete a target's old record by --replace.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from .page import RECORD

Targets = dict[str, Any]


def main() -> None:
    """Merge the files into the committed record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("records", nargs="+", type=Path)
    parser.add_argument("--into", type=Path, default=RECORD)
    parser.add_argument("--replace", action="store_true", help="also records of more inputs")
    options = parser.parse_args()
    from .catalogue import TARGETS

    known = json.loads(options.into.read_text()) if options.into.exists() else {"targets": {}}
    for path in options.records:
        known["targets"] = merged(known["targets"], _targets(path), replace=options.replace)
    known["targets"] = {name: known["targets"][name] for name in TARGETS if name in known["targets"]}
    options.into.write_text(json.dumps(known, indent=1) + "\n")


def merged(old: Targets, new: Targets, *, replace: bool) -> Targets:
    """Both; of a target that both hold, the newer one or that of more inputs."""
    better = {
        name: record
        for name, record in new.items()
        if replace or record["inputs"] > old.get(name, {"inputs": 0})["inputs"]
    }
    return old | better


def _targets(path: Path) -> Targets:
    """The targets of a record, each with the commit and the versions that it was made with."""
    content = json.loads(path.read_text())
    about = {name: content[name] for name in ("date", "commit") if name in content}
    return {name: record | about for name, record in content["targets"].items()}


if __name__ == "__main__":
    main()
