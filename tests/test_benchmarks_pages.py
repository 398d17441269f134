"""What scripts write on pages follows from their records."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
ABOUT = {
    "date": "2026-01-02T03:04:05",
    "machine": {"cpu": "a processor", "cores": 2, "load_average": 0.1},
    "versions": {"python": "3.11", "torch": "2.13"},
}


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return pytest.importorskip(request.param)


@pytest.mark.parametrize("script", ["export_speed"], indirect=True)
@pytest.mark.parametrize(
    ("ratios", "words"),
    [
        ((0.5, 0.25, 0.75, 0.8), "the fastest at every batch; the best of the others had 0.50 to 0.80"),
        (
            (0.5, 0.25, 1.5, 0.8),
            "Faster than `skelrep.encode`: ort at batch 16 (1.50 times as fast); nothing",
        ),
    ],
)
def test_the_verdict_on_exports_follows_from_the_record(
    script: ModuleType, ratios: tuple[float, ...], words: str
) -> None:
    rows = [{"batch": batch, "contender": script.OURS, "ratio": 1.0} for batch in (1, 16)]
    places = [(1, "ort"), (1, "export"), (16, "ort"), (16, "export")]
    rows += [{"batch": b, "contender": name, "ratio": r} for (b, name), r in zip(places, ratios, strict=True)]
    assert words in script.verdict(rows)


@pytest.mark.parametrize("script", ["stranger"], indirect=True)
def test_the_strangers_seconds_add_up_and_commands_fail_loudly(script: ModuleType, tmp_path: Path) -> None:
    commands = [
        {"command": command, "seconds": 1.5, "cpu_seconds": 1.0, "said": "done"}
        for command in script.COMMANDS
    ]
    lines = script.table(ABOUT | {"commands": commands}).splitlines()
    assert [line.split(" | ")[2] for line in lines[2:6]] == ["1.5", "3.0", "4.5", "6.0"]
    assert script.run("echo a; echo b", tmp_path, {"PATH": "/bin:/usr/bin"})["seconds"] < 60
    with pytest.raises(SystemExit, match=r"(?s)exit 3.*failed.*said before"):
        script.run("echo said before; exit 3", tmp_path, {"PATH": "/bin:/usr/bin"})
