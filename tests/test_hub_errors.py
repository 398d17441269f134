"""The client's whole tree of errors, and what its transport leaks, become ours, each with its remedy."""

import errno
import importlib

import pytest
from conftest import REPO
from huggingface_hub import errors
from huggingface_hub.utils import get_session

from skelrep.errors import ConfigError, HubError, SkelrepError, WeightsNotFoundError
from skelrep.hub.errors import translate, translate_upload

CONNECTION, TOKEN = "Check the connection", "Check the token"
NOT_FOUND = "neither a local folder nor a public repo"
# Class -> (our class, words of the remedy) on download, then on upload. A class that is not named takes the
# line of its nearest ancestor, so that a new one of a newer client is met by the line for Exception.
EXPECTED = {
    "GatedRepoError": ((HubError, "Ask for access"), (HubError, "may write to")),
    "RepositoryNotFoundError": ((WeightsNotFoundError, NOT_FOUND), (HubError, "may write to")),
    "HFValidationError": ((WeightsNotFoundError, NOT_FOUND), (ConfigError, "Pass 'owner/name'")),
    "RevisionNotFoundError": (
        (WeightsNotFoundError, "Pass a branch, tag or commit"),
        (HubError, "no branch"),
    ),
    "RemoteEntryNotFoundError": ((WeightsNotFoundError, "lacks a file"), (HubError, CONNECTION)),
    "LocalTokenNotFoundError": ((HubError, TOKEN), (HubError, f"{TOKEN}.*allowed to write")),
    "OfflineModeIsEnabled": ((HubError, "Unset HF_HUB_OFFLINE"), (HubError, "Unset HF_HUB_OFFLINE")),
    "Exception": ((HubError, CONNECTION), (HubError, CONNECTION)),
}


def transport():
    """The errors module of whatever the client talks HTTP with: httpx2, or httpx before it."""
    return importlib.import_module(type(get_session()).__module__.partition(".")[0])


def classes_below(*modules):
    found = {e for module in modules for e in vars(module).values() if isinstance(e, type)}
    return sorted((e for e in found if issubclass(e, Exception)), key=lambda e: e.__name__)


def expected_for(kind):
    return next(EXPECTED[base.__name__] for base in kind.__mro__ if base.__name__ in EXPECTED)


@pytest.mark.parametrize("kind", [*classes_below(errors, transport()), OSError, RuntimeError, ValueError])
def test_every_error_of_the_client_becomes_ours(kind):
    error = kind.__new__(kind)
    (down, down_words), (up, up_words) = expected_for(kind)
    found = translate(error, REPO, None, local_files_only=False)
    assert type(found) is down, kind
    found.args[0].index(REPO)
    assert_words(found, down_words)
    assert isinstance(translate(error, REPO, "v1", local_files_only=True), HubError | WeightsNotFoundError)
    found = translate_upload(error, REPO, "v1")
    assert type(found) is up, kind
    assert_words(found, up_words)


def assert_words(error, words):
    assert isinstance(error, SkelrepError)
    with pytest.raises(type(error), match=words):
        raise error
    assert len(str(error)) < 600


def test_the_tree_was_walked():
    names = {kind.__name__ for kind in classes_below(errors, transport())}
    assert set(EXPECTED) - {"Exception"} <= names
    assert {"ConnectTimeout", "RemoteProtocolError", "ReadError", "ProxyError", "HTTPStatusError"} <= names
    assert len(names) > 50


@pytest.mark.parametrize(
    ("status", "down", "up"),
    [
        (401, TOKEN, f"{TOKEN}.*allowed to write"),
        (403, TOKEN, f"{TOKEN}.*allowed to write"),
        (409, "at the same time", "push again"),
        (412, "at the same time", "push again"),
        (413, "The Hub refused this", "The Hub refused this"),
        (429, "busy or down", "push again: nothing arrives twice"),
        (500, "starts the file again", "push again: nothing arrives twice"),
        (503, "starts the file again", "push again: nothing arrives twice"),
    ],
)
def test_every_status_has_its_remedy(status, down, up):
    http = transport()
    response = http.Response(status, request=http.Request("GET", "http://localhost/"))
    error = errors.HfHubHTTPError("the reason", response=response)
    for ours, words in (
        (translate(error, REPO, None, local_files_only=False), down),
        (translate_upload(error, REPO, None), up),
    ):
        assert type(ours) is HubError
        assert f"(HTTP {status}): the reason" in str(ours)
        assert_words(ours, words)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "The disk is full. Free space"),
        (errno.EDQUOT, "The disk is full. Free space"),
        (errno.EACCES, "The cache cannot be written"),
        (errno.EROFS, "The cache cannot be written"),
    ],
)
def test_what_the_disk_says_is_found_below_other_errors(code, words):
    outer = RuntimeError("the download failed")
    outer.__cause__ = OSError(code, "what the system says", "/the/cache")
    for error in (outer, outer.__cause__):
        ours = translate(error, REPO, None, local_files_only=False)
        assert_words(ours, f"what the system says.*{words}.*cache_dir=")
        assert "cache_dir" not in str(translate_upload(error, REPO, None))
    outer.__cause__ = OSError(errno.EACCES, "the firewall says no")
    assert_words(translate(outer, REPO, None, local_files_only=False), CONNECTION)


def test_a_cache_that_cannot_be_one(commit, tmp_path, load):
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(HubError, match=r"The cache cannot be written.*cache_dir="):
        load()
