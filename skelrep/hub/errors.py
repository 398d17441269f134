"""What the Hub client raises, said in our words, each with its remedy."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from ..errors import HubError, WeightsNotFoundError


def translate(
    error: Exception, repo_id: str, revision: str | None, *, local_files_only: bool
) -> HubError | WeightsNotFoundError:
    """Our error for one of the client's.

    Args:
        error: whatever the client raised.
        repo_id, revision: what was asked for.
        local_files_only: whether the Hub was left out on purpose.

    Returns:
        An error to raise `from` the given one.
    """
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return HubError(
            f"the disk is full: {repo_id} could not be put into the cache. Free space, or pass another "
            "cache_dir=."
        )
    return _refusal(error, repo_id, revision, local_files_only) or _failure(error, repo_id)


def _refusal(
    error: Exception, repo_id: str, revision: str | None, local_files_only: bool
) -> HubError | WeightsNotFoundError | None:
    """What was asked for is not there, or not for everybody; None for every other error."""
    from huggingface_hub import errors as hub

    # Gated first: it derives from "not found". Missing files too: offline derives from them.
    match error:
        case hub.GatedRepoError():
            return HubError(
                f"{repo_id} is gated. Ask for access on its page on the Hub, then pass token=... or run "
                "`hf auth login`."
            )
        case hub.RepositoryNotFoundError() | hub.HFValidationError():
            return WeightsNotFoundError(
                f"{repo_id!r} is neither a local folder nor a public repo on the Hub. Check its spelling; "
                "for a private repo pass token=... or run `hf auth login`."
            )
        case hub.RevisionNotFoundError():
            return WeightsNotFoundError(
                f"{repo_id} has no revision {revision!r}. Pass a branch, tag or commit of it, or "
                "leave revision out."
            )
        case hub.RemoteEntryNotFoundError():
            return WeightsNotFoundError(
                f"{repo_id} at revision {revision or 'main'!r} lacks a file: {_first_line(error)} A skelrep "
                "model is config.json and model.safetensors; is this repo one?"
            )
        case hub.LocalEntryNotFoundError() | hub.RevisionResolutionError() if local_files_only:
            return WeightsNotFoundError(
                f"{repo_id} at revision {revision or 'main'!r} is not in the cache. Load it once with "
                "local_files_only=False."
            )
    return None


def _failure(error: Exception, repo_id: str) -> HubError:
    """The Hub could not be asked, failed while answering, or refused."""
    causes = list(_causes(error))
    status = next((code for code in map(_status, causes) if code is not None), None)
    reason = _first_line(causes[-1]) or type(causes[-1]).__name__
    if status in (401, 403):
        remedy = "Check the token (token=..., HF_TOKEN, `hf auth login`)."
    elif status == 429 or (status or 0) >= 500:
        remedy = "The Hub is busy or down; try again later."
    else:
        remedy = "Check the connection, and that HF_HUB_OFFLINE is unset; a later call starts the file again."
    answered = "" if status is None else f" (HTTP {status})"
    return HubError(f"{repo_id} could not be fetched{answered}: {reason} {remedy}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _status(error: BaseException) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None)


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), "")
