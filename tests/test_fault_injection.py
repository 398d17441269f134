"""The scripts behind docs/reliability.md judge what they see, and fill their tables."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import faults

    monkeypatch.setattr(faults, "FAULTS", [])
    return faults


def warn_and_raise() -> None:
    warnings.warn("careful", UserWarning, stacklevel=1)
    raise KeyboardInterrupt("enough " * 99)


def test_told(faults: ModuleType) -> None:
    said = faults.told(warn_and_raise)
    assert said.startswith("UserWarning: careful; KeyboardInterrupt: enough enough")
    assert said.endswith("...")
    assert faults.told(lambda: None) == "no error"


def escape(_folder: Path) -> str:
    raise OSError("gone")


@pytest.mark.parametrize(
    ("inject", "verdict", "seen"),
    [
        (lambda folder: f"fine in {folder.name}", True, "fine in x"),
        (lambda folder: "strange", False, "strange"),
        (escape, False, "escaped OSError: gone"),
    ],
)
def test_a_verdict(
    faults: ModuleType, inject: Callable[[Path], str], verdict: bool, seen: str, tmp_path: Path
) -> None:
    faults.fault("room", "name", how="how", expected="fine", observed="^fine")(inject)
    row = faults.FAULTS[0].run(tmp_path / "x")
    assert (row["as expected"], row["observed"]) == (verdict, seen)


def test_what_this_machine_cannot_do_is_not_a_verdict(faults: ModuleType, tmp_path: Path) -> None:
    def need_root(_folder: Path) -> str:
        raise faults.NotHereError("needs root")

    faults.fault("room", "name", how="how", expected="fine", observed="^fine")(need_root)
    row = faults.FAULTS[0].run(tmp_path)
    assert (row["as expected"], row["observed"]) == (None, "not tried: needs root")


def test_pages_hold_every_marker_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import checkpoint_cost
    import fault_injection
    import kill_test

    page = tmp_path / "docs" / "reliability.md"
    page.parent.mkdir()
    page.write_text((BENCHMARKS.parent / "docs" / "reliability.md").read_text())
    for module in (checkpoint_cost, fault_injection, kill_test):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    row = {"room": "disk", "name": "full", "how": "tmpfs", "expected": "OutputError", "as expected": None}
    run = {"scenario": "fixed", "repeated": 3, "differences": [], "kills": []}
    cost = {"batch_size": 16, "threads": 1, **dict.fromkeys(checkpoint_cost.MEASURED, 1.234)}
    for number, (module, record) in enumerate(
        (
            (fault_injection, {"faults": [row]}),
            (kill_test, {"runs": [run], "processes": 1}),
            (checkpoint_cost, cost),
        )
    ):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(record))
        module.write_docs(path)
    text = page.read_text()
    assert "| disk | full | tmpfs | OutputError | not tried |" in text
    assert "| fixed | 1 | 0 | 0 | 3 | 1/1 |" in text
    assert "| 16 | 1 | 1.23 |" in text
