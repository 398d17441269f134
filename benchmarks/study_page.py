"""Join the records of the pretraining study and fill docs/study.md: `python benchmarks/study_page.py RUN`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pages import fill, markdown_table
from records import percent, provenance, write_json
from study_variants import VARIANTS

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "benchmarks" / "results" / "pretraining_study.json"
PAGE = ROOT / "docs" / "study.md"
PROBES = ("linear", "1-NN")
Records = Sequence[dict[str, Any]]


def accuracies(records: Records, protocol: str, vector: str, name: str, probe: str) -> list[float]:
    """One number a seed: of one set, or the mean over sets."""
    found = [record[protocol][vector] for record in records]
    names = list(found[0]) if name == "mean" else [name]
    return [float(np.mean([sets[one][probe] for one in names])) for sets in found]


def comparison(records: Records, vector: str, protocol: str) -> str:
    """Random, SkeletonCLR and CrosSCLR, one vector: a column a set and probe."""
    sets = list(records[0][protocol][vector])
    header = ["", "seeds", *(f"{name}, {probe}" for name in (*sets, "mean") for probe in PROBES)]
    rows = []
    for name in dict.fromkeys(record["name"] for record in records):
        these = [record for record in records if record["name"] == name]
        cells = (
            percent(accuracies(these, protocol, vector, one, probe))
            for one in (*sets, "mean")
            for probe in PROBES
        )
        rows.append([name, str(len(these)), *cells])
    return markdown_table(header, rows)


def factors(records: Records) -> str:
    """Means over the sets' tuning folds, a column a vector and probe, the recipe itself first."""
    vectors = list(records[0]["tune"])
    header = ["group", "changed", *(f"{vector}: {probe}" for vector in vectors for probe in PROBES)]
    base = [record for record in records if record["name"] == "SkeletonCLR, joint"]
    groups = [("", "nothing (three seeds)", base)]
    groups += [(r["group"], r["name"], [r]) for r in records if r["group"] != "comparison"]
    rows = []
    for group, name, these in groups:
        cells = (percent(accuracies(these, "tune", v, "mean", probe)) for v in vectors for probe in PROBES)
        rows.append([group, name, *cells])
    return markdown_table(header, rows)


def in_order(records: Records) -> list[dict[str, Any]]:
    """As the study lists its variants; random encoders first."""
    names = [variant.name for variant in VARIANTS]
    return sorted(
        records, key=lambda r: (names.index(r["name"]) if r["name"] in names else -1, r["name"], r["seed"])
    )


def main(folder: Path) -> None:
    """Write the record and the page's tables."""
    records = in_order([json.loads(path.read_text()) for path in folder.glob("*.json")])
    write_json(RECORD, provenance() | {"rows": records})
    compared = [record for record in records if record["group"] == "comparison"]
    for number, vector in enumerate(compared[0]["report"]):
        fill(PAGE, f"comparison {number}", comparison(compared, vector, "report"))
    fill(PAGE, "factors", factors(records))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
