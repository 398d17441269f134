"""`skelrep push`: publish a model or a classifier on the Hugging Face Hub."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .console import say
from .options import MODEL_HELP, Subparsers, path

if TYPE_CHECKING:
    from ..hub import Pushed, Target


def add_parser(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "push",
        parents=[common],
        allow_abbrev=False,
        help="publish a model or a classifier on the Hugging Face Hub",
        description="Verify a model, then commit config.json, model.safetensors and README.md at once. A "
        "README.md that the repo has is kept, unless --card is given. The token comes from `hf auth login` "
        "or HF_TOKEN.",
    )
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    parser.add_argument("repo_id", metavar="REPO_ID", help="owner/name; made where missing")
    parser.add_argument(
        "--private", action="store_true", default=None, help="a new repo is private; refuse a public one"
    )
    parser.add_argument("--revision", metavar="BRANCH", help="push to this branch; made where missing")
    parser.add_argument("--create-pr", action="store_true", help="open a pull request instead")
    parser.add_argument("--commit-message", metavar="TEXT", help="of the commit")
    parser.add_argument("--card", type=path, metavar="FILE", help="Markdown that becomes the README.md")
    parser.set_defaults(run=run, after_interrupt="; look at the repo: a commit is whole or not there")


def run(options: argparse.Namespace) -> None:
    """Push, and tell where it is."""
    from ..hub import Target

    target = Target(
        repo_id=options.repo_id,
        commit_message=options.commit_message,
        private=options.private,
        revision=options.revision,
        create_pr=options.create_pr,
    )
    pushed = push(options.model, target, options.card)
    say(f"pushed {options.model} to {pushed.repo_id}: {pushed.pull_request or pushed.url}")
    if pushed.card_kept:
        say("its README.md was kept; --card FILE replaces it")
    say(f'skelrep.load_pretrained("{pushed.repo_id}", revision="{pushed.commit_hash}") loads it')


def push(name: str, target: Target, card: Path | None) -> Pushed:
    """Find a model by name and push it: byte for byte, but for a published checkpoint, which is converted.

    Raises:
        VerificationError, HubError, WeightsError, WeightsNotFoundError, ConfigError: it was not pushed.
    """
    from ..classifier.files import push_classifier_folder, stores_classifier
    from ..convert import convert
    from ..hub import download_card
    from ..pretrained import find_pretrained
    from ..publish import push_folder
    from ..weights_file import ModelFiles

    found = find_pretrained(name)
    if isinstance(found, ModelFiles):
        if found.commit_hash is not None:
            download_card(name, found)
        push_any = push_classifier_folder if stores_classifier(found) else push_folder
        return push_any(found.config.parent, target, card)
    with tempfile.TemporaryDirectory(prefix="skelrep-push-") as folder:
        convert(found, folder)
        return push_folder(folder, target, card)
