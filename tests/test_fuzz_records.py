"""What the fuzzers did: records of parts become one, and records become the tables of the threat model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from fuzz.atheris_all import statistics
from fuzz.merge import joined, merged
from fuzz.page import GUIDED, PAGE, RECORD, guided_table, main


def part(first: int, last: int, **fields: Any) -> dict[str, Any]:
    """A record of the target "csv"."""
    usual = {"outcomes": {"parsed": last - first}, "findings": [], "memory_mb": 1.0}
    return {"csv": {"first": first, "inputs": last, "cpu_seconds": 1.5, "slowest_ms": 2.0} | usual | fields}


def test_parts_are_added_in_their_order() -> None:
    middle = part(10, 30, outcomes={"parsed": 5, "FormatError": 15}, slowest_ms=9.0, findings=[{"input": 12}])
    whole, other = joined([part(30, 40, memory_mb=7.0), {"npy": part(0, 9)["csv"]}, middle, part(0, 10)])[
        ::-1
    ]
    assert other["npy"]["inputs"] == 9
    assert whole["csv"] == {
        "first": 0, "inputs": 40, "outcomes": {"parsed": 25, "FormatError": 15}, "cpu_seconds": 4.5,
        "slowest_ms": 9.0, "memory_mb": 7.0, "findings": [{"input": 12}],
    }  # fmt: skip


@pytest.mark.parametrize("first", [11, 9])
def test_parts_that_do_not_meet_are_refused(first: int) -> None:
    with pytest.raises(SystemExit, match=f"nothing ends at input {first}"):
        joined([part(0, 10), part(first, 40)])


def test_the_record_of_more_inputs_stays() -> None:
    old, new = part(0, 20), part(0, 10)
    assert merged(old, new, replace=False) == merged(new, old, replace=False) == old
    assert merged(old, new, replace=True) == new


def test_what_libfuzzer_says() -> None:
    said = "#2 INITED cov: 5 ft: 9\n#9 NEW cov: 7 ft: 12\nstat::number_of_executed_units: 120\n"
    said += "stat::new_units_added:          3\nstat::slowest_unit_time_sec:    0\nstat::peak_rss_mb: 99\n"
    found = {"inputs": 120, "kept": 3, "coverage": 7, "slowest_s": 0, "peak_rss_mb": 99}
    assert statistics(said) == found
    assert set(statistics("").values()) == {None}
    table = guided_table(
        {
            "csv": {"seconds": 60, "exit_code": 0, **found},
            "x": {"seconds": 1, "exit_code": 77, **statistics("")},
        }
    )
    assert "| csv | 60 | 120 | 3 | 7 | 0 |" in table
    assert "| x | 1 | ? | ? | ? | 1 |" in table
    assert table.endswith("| **all** | 61 | 120 | | | 1 |\n")


def test_the_page_shows_the_committed_records(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text())
    main(RECORD, GUIDED, page)
    assert page.read_text() == PAGE.read_text()


def test_the_page_is_written_from_the_record(tmp_path: Path) -> None:
    targets = {
        "json": {"inputs": 1200, "outcomes": {"parsed": 200, "FormatError": 900, "ShapeError": 100}}
        | {"slowest_ms": 12.6, "memory_mb": 3.2, "findings": []},
        "csv": {"inputs": 10, "outcomes": {"finding": 10}}
        | {"slowest_ms": 0.1, "memory_mb": 0, "findings": [{"input": 3, "what": "a crash", "times": 10}]},
    }
    record, page = tmp_path / "fuzz.json", tmp_path / "page.md"
    record.write_text(json.dumps({"targets": targets}))
    page.write_text(PAGE.read_text())
    for _ in range(2):
        main(record, GUIDED, page)
        assert (
            "| json | 1,200 | 200 | FormatError 900, ShapeError 100 | 13 ms | 3 MB | 0 |" in page.read_text()
        )
        assert page.read_text().count("| **all** | 1,210 | | | | | 1 |") == 1
    page.write_text("no markers")
    with pytest.raises(SystemExit, match="should hold the marker 'fuzz' once, found 0"):
        main(record, GUIDED, page)
