"""Fetch a model's two files from one commit of a Hub repo."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from .._version import __version__
from ..errors import ConfigError
from ..weights_file import CONFIG_NAME, WEIGHTS_NAME, ModelFiles
from .card import CARD_NAME
from .errors import translate


def download_model(
    repo_id: str,
    *,
    revision: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
    local_files_only: bool = False,
    token: bool | str | None = None,
) -> ModelFiles:
    """Bring `config.json` and `model.safetensors` of a repo into the cache.

    The revision is resolved once, so both files come from one commit even when somebody pushes in between.
    When the files of a commit are cached, a full commit hash makes no request, a branch or tag one small one.

    Args:
        repo_id: ``"owner/name"``.
        revision: branch, tag or commit; the default branch where None.
        cache_dir: the client's own cache where None (`HF_HOME`, `HF_HUB_CACHE`).
        force_download: fetch again what is cached.
        local_files_only: use the cache only.
        token: True for the stored one, or the text of one.

    Returns:
        The cached files, with the commit they come from.

    Raises:
        ConfigError: `force_download` together with `local_files_only`.
        WeightsNotFoundError: no such repo, revision or file on the Hub or, with `local_files_only`, in the
            cache.
        HubError: gated, offline with nothing cached, interrupted, refused, or the cache cannot be written.
    """
    from huggingface_hub import HfApi

    if force_download and local_files_only:
        raise ConfigError("force_download=True fetches anew, local_files_only=True forbids it; pass one.")
    api = HfApi(library_name="skelrep", library_version=__version__, token=token)
    cache = None if cache_dir is None else Path(cache_dir)
    try:
        commit = api.resolve_revision(
            repo_id, revision=revision, cache_dir=cache, local_files_only=local_files_only, token=token
        ).resolved
        paths = [
            api.hf_hub_download(
                repo_id,
                name,
                revision=commit,
                cache_dir=cache,
                force_download=force_download,
                local_files_only=local_files_only,
                token=token,
            )
            for name in (CONFIG_NAME, WEIGHTS_NAME)
        ]
    except Exception as error:  # the client leaks its transport's classes, which its versions rename
        raise translate(error, repo_id, revision, local_files_only=local_files_only) from error
    return ModelFiles(config=Path(str(paths[0])), weights=Path(str(paths[1])), commit_hash=commit)


def download_card(
    repo_id: str,
    files: ModelFiles,
    *,
    cache_dir: str | os.PathLike[str] | None = None,
    local_files_only: bool = False,
    token: bool | str | None = None,
) -> Path:
    """Bring the card of a downloaded model into the cache, from the same commit.

    Returns:
        Where it is; there may be none, for a card is only a description.
    """
    from huggingface_hub import HfApi

    api = HfApi(library_name="skelrep", library_version=__version__, token=token)
    with contextlib.suppress(Exception):
        api.hf_hub_download(
            repo_id,
            CARD_NAME,
            revision=files.commit_hash,
            cache_dir=None if cache_dir is None else Path(cache_dir),
            local_files_only=local_files_only,
            token=token,
        )
    return files.config.parent / CARD_NAME
