"""Killed and started again equals never stopped: a short form of benchmarks/kill_test.py."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def test_killed_at_random_moments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    import kill_test

    monkeypatch.setattr(kill_test, "MAX_KILLS", 2)
    (outcome,) = kill_test.measure(runs=1, processes=1, seed=2)
    assert outcome.differences == []
    assert outcome.kills
    (row, everything) = kill_test.rows_of([vars(outcome)])
    assert (row[0], row[-1], everything[-1]) == ("fixed", "1/1", "1/1")
