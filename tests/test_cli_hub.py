"""The commands `push`, `verify` and `info` with a Hub; the document and the example do what they say."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import REPO, HubServer, make_encoder
from labelled import labelled_clips, small_encoder
from test_convert import make_state
from test_readme import ROOT, blocks
from tiny_training import walks

import skelrep
from skelrep.cli import main
from skelrep.demo import load_demo_clips
from skelrep.hub import ModelCard, Result, card_metadata, card_results
from skelrep.pretrained import EMBEDDED

NEW = "acme/new"
CARD = ModelCard(
    name="Squats",
    license="mit",
    training_data=("UI-PRMD",),
    results=(
        Result(data="our clips", task="linear probe", metric="accuracy", value=88.1),
        Result(data="our clips", task="1-NN", metric="accuracy", value="77 ± 2"),
    ),
)
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture(autouse=True)
def quick(no_pauses: None, hub: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty Hub, a token, a cache of this test's own."""
    monkeypatch.setenv("HF_TOKEN", "hf_write")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))


def files(hub: HubServer, ref: str = "main") -> dict[str, bytes]:
    return hub.repos[NEW].commits[hub.repos[NEW].refs[ref]]


def test_push_a_folder(hub: HubServer, tiny_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["push", str(tiny_folder), NEW, "--private", "--commit-message", "First"]) == 0
    said = capsys.readouterr().out
    commit = hub.repos[NEW].refs["main"]
    assert f"commit/{commit}\n" in said
    assert f'skelrep.load_pretrained("{NEW}", revision="{commit}") loads it' in said
    assert "was kept" not in said
    assert hub.repos[NEW].private
    assert hub.repos[NEW].messages[commit] == "First"
    for name in ("config.json", "model.safetensors", "README.md"):
        assert files(hub)[name] == (tiny_folder / name).read_bytes()
    assert main(["push", str(tiny_folder), NEW, "--revision", "v2"]) == 0
    assert "its README.md was kept; --card FILE replaces it" in capsys.readouterr().out
    assert set(hub.repos[NEW].refs) == {"main", "v2"}


def test_push_with_a_card_as_a_pull_request(
    hub: HubServer, tiny_folder: Path, tmp_path: Path, commit: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "card.md").write_text("# mine\n")
    assert main(["push", str(tiny_folder), REPO, "--create-pr", "--card", str(tmp_path / "card.md")]) == 0
    assert f"/{REPO}/discussions/1" in capsys.readouterr().out
    change = hub.repos[REPO].commits[hub.repos[REPO].refs["refs/pr/1"]]
    assert change["README.md"] == b"# mine\n"
    assert hub.repos[REPO].refs["main"] == commit


@pytest.mark.parametrize("name", [model.name for model in skelrep.list_pretrained()])
def test_every_edition_that_comes_with_skelrep_is_ready_for_the_hub(hub: HubServer, name: str) -> None:
    folder = EMBEDDED / name
    assert main(["push", name, NEW]) == 0
    for file in ("config.json", "model.safetensors", "README.md"):
        assert files(hub)[file] == (folder / file).read_bytes()
    card = card_metadata(folder / "README.md")
    assert card["library_name"] == "skelrep"
    assert card["license"]
    assert card["training_data"]
    assert card_results(card)
    assert skelrep.verify(NEW).vector_error < 1e-4
    clips = load_demo_clips()[:1]
    assert np.array_equal(skelrep.encode(clips, NEW), skelrep.encode(clips, name))


def test_push_a_published_checkpoint_and_a_classifier(hub: HubServer, tmp_path: Path) -> None:
    torch.save(make_state(("joint",)), tmp_path / "published.pt")
    assert main(["push", str(tmp_path / "published.pt"), NEW]) == 0
    assert skelrep.load_pretrained(NEW).views == ("joint",)
    assert main(["push", NEW, "acme/copy", "--card", str(ROOT / "README.md")]) == 0
    assert main(["push", "acme/copy", "acme/copy-of-copy"]) == 0
    copy = hub.repos["acme/copy-of-copy"]
    assert copy.commits[copy.refs["main"]]["README.md"] == (ROOT / "README.md").read_bytes()
    clips, labels = labelled_clips(each=4)
    skelrep.finetune(small_encoder(), clips, labels).save_pretrained(tmp_path / "mine")
    assert main(["push", str(tmp_path / "mine"), "acme/classes"]) == 0
    assert set(skelrep.load_classifier("acme/classes").classes_) == set(labels)


def test_refusals_are_one_line(hub: HubServer, tiny_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = tiny_folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + bytes([weights.read_bytes()[-1] ^ 1]))
    for command in (
        ["push", str(tiny_folder), NEW],
        ["verify", str(tiny_folder)],
        ["info", str(tiny_folder)],
    ):
        assert main(command) == 2
        error = capsys.readouterr().err
        assert "is damaged" in error
        assert error.count("\n") == 1
    assert hub.log == []


def test_verify_tells_how_close_it_is(
    tiny_folder: Path, commit: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", REPO, "--revision", commit]) == 0
    said = capsys.readouterr().out
    assert re.search(r"reproduces its golden vector \(relative error \d\.\de[+-]\d\d\)", said)
    assert "the outputs of 165 layers" in said
    monkeypatch.setattr("skelrep.models.stgcn.torch.relu", torch.nn.functional.softplus)
    assert main(["verify", str(tiny_folder)]) == 2
    assert "the first layer that differs is encoders.joint.blocks.0.temporal" in capsys.readouterr().err


def test_info_of_a_repo_tells_what_its_card_says(
    hub: HubServer, tiny: skelrep.SkeletonEncoder, capsys: pytest.CaptureFixture[str]
) -> None:
    pushed = tiny.push_to_hub(NEW, card=CARD)
    assert main(["info", NEW, "--revision", pushed.commit_hash]) == 0
    said = capsys.readouterr().out
    for line in (
        f"commit          {pushed.commit_hash}",
        "size            0.4 MB",
        "licence         mit",
        "training data   UI-PRMD",
        "result          our clips, linear probe: accuracy 88.1",
        "result          our clips, 1-NN: accuracy 77 ± 2",
        "golden vector   reproduced",
    ):
        assert line in said
    hub.add_repo(NEW, {name: data for name, data in files(hub).items() if name != "README.md"})
    assert main(["info", NEW]) == 0
    assert "result          none in its card" in capsys.readouterr().out


def test_info_of_a_classifier(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips, labels = labelled_clips(each=4)
    skelrep.finetune(small_encoder(), clips, labels).save_pretrained(tmp_path / "mine")
    assert main(["info", str(tmp_path / "mine")]) == 0
    assert f"classes         {', '.join(sorted(set(labels)))}\n" in capsys.readouterr().out


def test_the_example_publishes_a_model(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], hub: HubServer
) -> None:
    source = ROOT / "examples" / "publish_my_model.py"
    options = [str(tiny_folder), NEW, "--license", "mit", "--data", "our recordings", "--accuracy", "88"]
    monkeypatch.setattr(sys, "argv", [source.name, *options])
    runpy.run_path(str(source), run_name="__main__")
    assert re.search(r"loaded commit [0-9a-f]{40}: the same vectors", capsys.readouterr().out)
    assert hub.repos[NEW].private
    assert b"- our recordings" in files(hub)["README.md"]


def test_the_document_does_what_it_says(tmp_path: Path) -> None:
    code = "\n".join(blocks((ROOT / "docs" / "hub.md").read_text(encoding="utf-8"), "python"))
    make_encoder().push_to_hub("acme/squats", private=True)
    names: dict[str, object] = {"clips": walks(2)}
    exec(compile(code, "hub.md", "exec"), names)
    assert names["pinned"].commit_hash == names["commit"]  # type: ignore[attr-defined]
