"""What the Hub client raises, said in our words, each with its remedy."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from ..errors import ConfigError, HubError, SkelrepError, WeightsNotFoundError

FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)
TOKEN = "Check the token (token=..., HF_TOKEN, `hf auth login`)"
DOWNLOAD, UPLOAD = "could not be fetched", "could not be pushed"
# A push is one commit: it is there or it is not, and files that arrived are not sent again.
AGAIN = {DOWNLOAD: "a later call starts the file again", UPLOAD: "push again: nothing arrives twice"}


def translate(
    error: Exception, repo_id: str, revision: str | None, *, local_files_only: bool
) -> HubError | WeightsNotFoundError:
    """Our error for one that the client raised while fetching.

    Args:
        error: whatever the client raised.
        repo_id, revision: what was asked for.
        local_files_only: whether the Hub was left out on purpose.

    Returns:
        An error to raise `from` the given one.
    """
    return _not_to_be_had(error, repo_id, revision, local_files_only) or _failure(error, repo_id, DOWNLOAD)


def translate_upload(error: Exception, repo_id: str, revision: str | None) -> SkelrepError:
    """Our error for one that the client raised while pushing; see `translate`."""
    return _not_to_be_written(error, repo_id, revision) or _failure(error, repo_id, UPLOAD)


def _not_to_be_had(
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


def _not_to_be_written(error: Exception, repo_id: str, revision: str | None) -> SkelrepError | None:
    """The target or the card is not acceptable; None for every other error."""
    from huggingface_hub import errors as hub

    match error:
        case hub.HFValidationError():
            return ConfigError(f"{repo_id!r} is no repo id ({_first_line(error)}). Pass 'owner/name'.")
        case hub.RepositoryNotFoundError():
            return HubError(
                f"there is no repo {repo_id} that this token may write to. {TOKEN}; it must be allowed to "
                "write."
            )
        case hub.RevisionNotFoundError():
            return HubError(
                f"{repo_id} has no branch {revision!r} to open a pull request against. Leave revision "
                "out, or push to the branch without create_pr."
            )
        case ValueError() if "README.md" in str(error):
            return ConfigError(
                f"the Hub refuses the front matter of the card: {' '.join(str(error).split())} Repair "
                "README.md, or pass another card."
            )
    return None


def _failure(error: Exception, repo_id: str, what: str) -> HubError:
    """The Hub could not be asked, failed while answering, or refused; or this disk did."""
    causes = list(_causes(error))
    status = next((code for code in map(_status, causes) if code is not None), None)
    reason = _first_line(causes[-1]).rstrip(".") or type(causes[-1]).__name__
    answered = "" if status is None else f" (HTTP {status})"
    return HubError(f"{repo_id} {what}{answered}: {reason}. {_remedy(causes, status, what)}.")


def _remedy(causes: list[BaseException], status: int | None, what: str) -> str:
    from huggingface_hub.errors import LocalTokenNotFoundError, OfflineModeIsEnabled

    system = [error for error in causes if isinstance(error, OSError)]
    elsewhere = ", or pass another cache_dir=" if what == DOWNLOAD else ""
    if any(error.errno in FULL for error in system):
        return f"The disk is full. Free space{elsewhere}"
    # With a file's name, for a network can refuse with the same numbers.
    if any(error.errno in FORBIDDEN and error.filename for error in system):
        return f"The cache cannot be written. Check its permissions{elsewhere}"
    if any(isinstance(error, OfflineModeIsEnabled) for error in causes):
        return "Unset HF_HUB_OFFLINE, or load something that is in the cache"
    if status in (401, 403) or any(isinstance(error, LocalTokenNotFoundError) for error in causes):
        return TOKEN if what == DOWNLOAD else f"{TOKEN}; it must be allowed to write"
    if status in (409, 412):
        return "Somebody else wrote to the repo at the same time; look at it, then push again"
    if status == 429 or (status or 0) >= 500:
        return f"The Hub is busy or down; try again later: {AGAIN[what]}"
    if status is not None:
        return "The Hub refused this; its answer says why"
    return f"Check the connection; {AGAIN[what]}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _status(error: BaseException) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None)


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), "")
