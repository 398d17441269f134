"""The README, the docs and the examples do what they say."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_training import walks

import skelrep
from skelrep.cli.program import build_parser
from skelrep.models import SkeletonEncoder

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# A real run takes hours; the words around it stay as they are.
SHORTER = {"epochs=100, cross_view_epoch=51": "epochs=1, cross_view_epoch=1, batch_size=4"}


def blocks(text: str, language: str) -> list[str]:
    """Fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def recordings(tmp_path: Path, tiny: SkeletonEncoder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reader's working folder: eight clips in `recordings`, and a default model that was not trained."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    for number, clip in enumerate(walks(8)):
        np.save(folder / f"S001C001P{number // 2:03d}R001A{number % 2 + 1:03d}.npy", clip)
    for name in ("small", "large", "takes"):
        shutil.copytree(folder, tmp_path / name)
    weights = tmp_path / "weights"
    SkeletonEncoder(skelrep.ModelConfig()).save_pretrained(weights / "default")
    monkeypatch.setattr("skelrep.pretrained.EMBEDDED", weights)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.parametrize("document", ["README.md", "docs/training.md"])
def test_python_blocks_run_one_after_another(recordings: Path, document: str) -> None:
    code = "\n".join(blocks((ROOT / document).read_text(encoding="utf-8"), "python"))
    for long, short in SHORTER.items():
        assert long in code
        code = code.replace(long, short)
    names: dict[str, object] = {}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        exec(compile(code, document, "exec"), names)
    finally:
        torch.set_num_threads(threads)
    assert isinstance(names["model"], SkeletonEncoder)
    assert (recordings.parent / "runs" / "mine" / "model.safetensors").is_file()


def test_the_commands_named_in_documents_can_be_parsed() -> None:
    texts = [README, *(path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md"))]
    lines = [line for text in texts for block in blocks(text, "bash") for line in block.splitlines()]
    commands = [line.removeprefix("skelrep ").split() for line in lines if line.startswith("skelrep ")]
    assert len(commands) >= 3
    for command in commands:
        assert build_parser().parse_args(command).command == command[0]


def test_the_commands_of_the_table_can_be_parsed_and_ci_runs_them() -> None:
    commands = runpy.run_path(str(ROOT / ".ci" / "readme.py"))["table_lines"](README)
    assert len(commands) >= 15
    for command in commands:
        program, *words = command.split()
        assert program == "skelrep"
        assert build_parser().parse_args(words).command == words[0]
    assert "python .ci/readme.py README.md" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_two_commands_do_all_the_set_up_and_ci_takes_them_from_here() -> None:
    lines = [line for block in blocks(README, "bash") for line in block.splitlines()]
    commands = [line for line in lines if "pip install" in line]
    assert commands == [
        'python -m pip install ".[viz]" && skelrep demo',
        'python -m pip install -e ".[test,dev]" && '
        "python -m pytest --cov=skelrep --cov-report=term-missing:skip-covered -q",
    ]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    extraction = re.search(r"^mapfile .*$", script, re.MULTILINE)
    assert extraction is not None
    shell = f"set -euo pipefail\n{extraction[0]}\nprintf '%s\\n' \"${{readme_commands[@]}}\""
    done = subprocess.run(["bash", "-c", shell], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == commands
    assert "pytest" not in script, "the tests' command is retyped instead of taken from the README"


def test_links_of_the_readme_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r"`(docs/[\w.]+)`", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_the_changelog_has_a_place_for_what_comes_next_and_a_heading_for_what_is_released() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\](.*)$", changes, re.MULTILINE)
    assert headings[0] == ("Unreleased", "")
    assert all(re.fullmatch(r" - \d{4}-\d\d-\d\d", date) for _, date in headings[1:])
    if ".dev" not in skelrep.__version__:
        assert headings[1][0] == skelrep.__version__


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"]["path"] == "skelrep/_version.py"
    for name in ("README.md", "CITATION.cff", "mkdocs.yml", "docs/index.md", "SECURITY.md"):
        assert skelrep.__version__.removesuffix(".dev0") not in (ROOT / name).read_text(encoding="utf-8")


def test_the_licence_is_apache() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert len(text) == 11357


@pytest.mark.parametrize(
    ("script", "arguments", "words"),
    [
        ("embed_folder.py", ["recordings"], r"(?m)^S001C001P000R001A001\s+S001\S+\s+-?[01]\.\d{3}$"),
        (
            "pretrain_own_clips.py",
            ["recordings", "run", "--epochs", "1", "--batch-size", "4"],
            r"(?m)^random .*\ntrained +\d+\.\d% of 4 held-out clips$",
        ),
    ],
)
def test_examples_run(
    recordings: Path, script: str, arguments: list[str], words: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(sys, "argv", [script, *arguments])
    runpy.run_path(str(ROOT / "examples" / script), run_name="__main__")
    assert re.search(words, capsys.readouterr().out)
