"""`benchmarks/speed.py` runs, notices contenders that compute something else, and makes the page."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


def test_a_quick_run_makes_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import performance_page
    import speed

    group = speed.GROUPS["encode_mix"]
    group = replace(group, contenders=("plain_tuned", "skelrep_encode"), alone=("plain_as_shipped",))
    monkeypatch.setattr(speed, "GROUPS", {"encode_mix": group})
    record, page = tmp_path / "speed.json", tmp_path / "performance.md"
    words = ["--quick", "--threads", "1", "--json", str(record)]
    assert speed.main(words) == 0
    assert "plain, as shipped" in capsys.readouterr().out
    written = json.loads(record.read_text())
    rows = {row["contender"]: row for row in written["groups"]["encode_mix"]["rows"]}
    assert len(rows["plain_as_shipped"]["seconds"]) == 3
    assert 0 < rows["skelrep_encode"]["deviation"] < 1e-5
    shutil.copy(ROOT / "docs" / "performance.md", page)
    performance_page.write_page(page, written, None, tmp_path / "performance.svg")
    assert written["machine"]["cpu"] in page.read_text()
    assert "skelrep.encode on arrays" in page.read_text()
    assert (tmp_path / "performance.svg").read_text().startswith("<?xml")


def test_a_later_run_of_some_groups_keeps_the_others(tmp_path: Path) -> None:
    import speed
    from machine import machine, versions

    record = tmp_path / "speed.json"
    old = {
        "machine": machine(1) | {"load_average": 7.0},
        "versions": versions(),
        "groups": {"pyskl": {"rows": []}},
    }
    parse = speed.parser().parse_args
    args = parse(["--threads", "1", "--only", "encode", "--json", str(record)])
    record.write_text(json.dumps(old))
    assert speed.start_record(args)["groups"] == {"pyskl": {"rows": []}}
    record.write_text(json.dumps(old | {"versions": {"torch": "0.1"}}))
    assert speed.start_record(args)["groups"] == {}


def test_other_records_become_numbers_with_names() -> None:
    from performance_page import leaves

    record = {"date": "today", "parsing": {"ratio": 2.5, "ok": True}, "rows": [{"title": "a", "ms": 3}]}
    assert leaves(record) == [["parsing: ratio", "2.5"], ["rows: a: ms", "3"]]


def test_bars_of_other_records_are_met_or_missed() -> None:
    from performance_bars import bar_rows_of

    records = {"startup": {"above import torch, s": 0.2}, "augment_speed": {"ratio": 8.0}}
    found = [row[-1] for row in bar_rows_of(records)]
    assert found == ["**8x**", "0.2 s (missed)"]


def found(**outputs: list[float]) -> dict:
    from speed_groups import Bar, Group
    from speed_measure import bars, deviating, row
    from speed_turns import Case

    group = Group("case", Case(batch=4), tuple(outputs), (Bar("skelrep", "plain_tuned", 2, 3),))
    seconds = {"plain_tuned": [1.0, 3.0, 2.0], "skelrep": [0.5, 0.5, 1.0]}
    arrays = {name: np.array(output) for name, output in outputs.items()}
    rows = [
        row(name, "plain_tuned", seconds, arrays, dict.fromkeys(outputs, 1), group.case.batch)
        for name in outputs
    ]
    record = {"title": group.title, "rows": rows, "bars": bars(group, rows)}
    return record | {"deviating": deviating(record)}


def test_ratios_are_medians_over_rounds() -> None:
    record = found(plain_tuned=[1.0, 2.0], skelrep=[1.0, 2.0 + 1e-7])
    assert record["bars"][0]["value"] == 2.0  # of 2, 6 and 2; the ratio of medians would be 4
    assert record["rows"][1]["clips_per_second"] == 8
    assert record["deviating"] == []


@pytest.mark.parametrize("output", [[1.0, 2.001], [1.0, float("nan")]])
def test_another_function_is_named(output: list[float]) -> None:
    record = found(plain_tuned=[1.0, 2.0], skelrep=output)
    assert len(record["deviating"]) == 1
    assert "skelrep deviates" in record["deviating"][0]


def test_a_contender_that_cannot_be_built_says_why() -> None:
    from speed_turns import Case, Worker, WorkerError

    with pytest.raises(WorkerError, match="KeyError: 'nobody'"):
        Worker("nobody", Case(), 1)


def test_turns_go_forwards_and_backwards() -> None:
    from speed_turns import take_turns

    order: list[str] = []

    class Fake:
        def __init__(self, name: str) -> None:
            self.name = name

        def run(self) -> float:
            order.append(self.name)
            return 1.0

    seconds = take_turns({"a": Fake("a"), "b": Fake("b")}, budget=0.0, rounds=9)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert seconds == {"a": [1.0] * 3, "b": [1.0] * 3}


def test_the_gpu_benchmark_lists_what_it_cannot_build(capsys: pytest.CaptureFixture[str]) -> None:
    import speed_cuda
    from speed_turns import Case

    def broken(case: object, device: object) -> None:
        raise RuntimeError("no such\nthing")

    makers = {
        "plain": lambda case, device: lambda: torch.ones(2),
        "other": lambda case, device: lambda: torch.full((2,), 1.1),
        "broken": broken,
    }
    group = speed_cuda.measure("title", Case(batch=4), makers, torch.device("cpu"), rounds=2)
    assert group["missing"] == {"broken": "RuntimeError: no such"}
    assert [fault.split(" deviates")[0] for fault in speed_cuda.report(group)] == ["title: other"]
    assert "missing: broken" in capsys.readouterr().out


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_the_gpu_benchmark_needs_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    import speed_cuda

    assert speed_cuda.main([]) == 2
    assert "needs a CUDA device" in capsys.readouterr().err
