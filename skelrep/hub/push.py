"""Publish a model's files: one commit, and nothing that stood there is lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._version import __version__
from ..errors import HubError
from ..weights_file import CONFIG_NAME, WEIGHTS_NAME, ModelFiles
from .card import CARD_NAME
from .errors import translate_upload

if TYPE_CHECKING:
    from huggingface_hub import CommitInfo, HfApi


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a push goes.

    Attributes:
        repo_id: ``"owner/name"``; made where missing.
        commit_message: ``"Upload a skelrep model"`` where None.
        private: whether a new repo is private; the account's default where None. True also refuses to push to
            a repo that is public.
        token: True for the stored one, or the text of one.
        revision: branch; made from the default branch where missing, unless `create_pr`.
        create_pr: open a pull request (against `revision`) instead of writing to the branch.
    """

    repo_id: str
    commit_message: str | None = None
    private: bool | None = None
    token: bool | str | None = field(default=None, repr=False)
    revision: str | None = None
    create_pr: bool = False


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """What a push left on the Hub.

    Attributes:
        repo_id: ``"owner/name"``.
        commit_hash: for `load_pretrained(repo_id, revision=...)`.
        url: of the commit.
        pull_request: its address, where one was asked for.
        card_kept: the repo had a `README.md`, and it stands as it was.
    """

    repo_id: str
    commit_hash: str
    url: str
    pull_request: str | None
    card_kept: bool


def push_files(files: ModelFiles, target: Target, *, card: str, replace_card: bool = False) -> Pushed:
    """Commit `config.json`, `model.safetensors` and a card at once; the caller has verified the model.

    Args:
        files: on this disk.
        target: where they go.
        card: text of `README.md`.
        replace_card: write it over a `README.md` that the repo has.

    Raises:
        HubError: refused, failed or unreachable, the repo is public, or somebody pushed at the same time.
        ConfigError: no repo id, or a card whose front matter the Hub refuses.
    """
    from huggingface_hub import HfApi

    api = HfApi(library_name="skelrep", library_version=__version__, token=target.token)
    try:
        parent, has_card = _prepare(api, target)
        keep = has_card and not replace_card
        commit = _commit(api, files, target, None if keep else card, parent)
    except HubError:
        raise
    except Exception as error:  # the client leaks its transport's classes, which its versions rename
        raise translate_upload(error, target.repo_id, target.revision) from error
    return Pushed(
        repo_id=target.repo_id,
        commit_hash=commit.oid,
        url=commit.commit_url,
        pull_request=commit.pr_url,
        card_kept=keep,
    )


def _prepare(api: HfApi, target: Target) -> tuple[str | None, bool]:
    """Make repo and branch where missing; returns the commit to build on, and whether it has a card."""
    api.create_repo(target.repo_id, private=target.private, exist_ok=True)
    if target.private and not api.model_info(target.repo_id).private:
        raise HubError(
            f"{target.repo_id} is public, and private=True was given; nothing was pushed. Make the repo "
            "private in its settings on the Hub, or push to another one."
        )
    if target.revision is not None and not target.create_pr:
        api.create_branch(target.repo_id, branch=target.revision, exist_ok=True)
    info = api.model_info(target.repo_id, revision=target.revision)
    return info.sha, any(file.rfilename == CARD_NAME for file in info.siblings or ())


def _commit(
    api: HfApi, files: ModelFiles, target: Target, card: str | None, parent: str | None
) -> CommitInfo:
    from huggingface_hub import CommitOperationAdd

    contents: dict[str, bytes | str] = {CONFIG_NAME: str(files.config), WEIGHTS_NAME: str(files.weights)}
    if card is not None:
        contents[CARD_NAME] = card.encode()
    return api.create_commit(
        target.repo_id,
        [CommitOperationAdd(path_in_repo=name, path_or_fileobj=data) for name, data in contents.items()],
        commit_message=target.commit_message or "Upload a skelrep model",
        revision=target.revision,
        create_pr=target.create_pr,
        parent_commit=parent,  # whoever pushed since we looked for a card is not overwritten
    )
