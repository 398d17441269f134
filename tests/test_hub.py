"""Loading from a Hub: a live loopback server, and assertions on what it was asked."""

import concurrent.futures
import errno
import subprocess
import sys

import pytest
import torch
from conftest import REPO, files_of, make_encoder

from skelrep.errors import ConfigError, HubError, WeightsNotFoundError

DOWNLOADS = r"/resolve/|/_cdn/"
SMALL_FILES = 2  # config.json and README.md are not sent as LFS objects


def left_over(tmp_path):
    return list((tmp_path / "cache").rglob("*.incomplete"))


def test_load_and_load_again(hub, commit, load, tiny):
    model = load()
    assert model.commit_hash == commit
    assert not model.training
    x = torch.randn(2, 3, 12, 25, 2)
    assert torch.equal(model(x), tiny(x))
    hub.log.clear()
    assert load().commit_hash == commit
    # Which commit is it now? One request for both files; a HEAD a file would be two, perhaps of two commits.
    assert hub.log == [f"GET /api/models/{REPO} 200"]
    hub.log.clear()
    assert load(revision=commit).commit_hash == commit
    assert hub.log == []


def test_the_model_goes_where_it_is_asked_to(commit, load):
    model = load(device="meta")
    assert model.device.type == "meta"
    assert not model.training
    with pytest.raises(ConfigError, match="device 'abacus' cannot be used"):
        load(device="abacus")


def test_threads_that_load_at_once_download_once(hub, commit, load):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        models = list(pool.map(lambda _: load(revision=commit), range(8)))
    assert {model.commit_hash for model in models} == {commit}
    first = models[0].state_dict()
    assert all(torch.equal(first[k], v) for model in models for k, v in model.state_dict().items())
    assert hub.count("^GET /_cdn/") == len(hub.repos[REPO].commits[commit]) - SMALL_FILES
    hub.log.clear()
    load(revision=commit)
    assert hub.log == []


def test_new_commit_reuses_unchanged_file(hub, commit, load, tiny_folder):
    load()
    newer = hub.add_repo(REPO, files_of(tiny_folder) | {"README.md": b"a card"})
    hub.log.clear()
    assert load().commit_hash == newer
    assert hub.count("^GET " + DOWNLOADS) == 0
    assert load(revision=commit).commit_hash == commit


def test_both_files_come_from_one_commit(hub, commit, load, tiny, tmp_path, monkeypatch):
    from huggingface_hub import HfApi

    make_encoder(pooling="mean_std", seed=1).save_pretrained(tmp_path / "other")
    download = HfApi.hf_hub_download

    def push_after_each_file(*args, **options):
        path = download(*args, **options)
        hub.add_repo(REPO, files_of(tmp_path / "other"))
        return path

    monkeypatch.setattr(HfApi, "hf_hub_download", push_after_each_file)
    model = load()
    assert model.commit_hash == commit
    assert model.config == tiny.config
    monkeypatch.undo()
    assert load().embedding_dim == 2 * tiny.embedding_dim


def test_tags_branches_and_missing_revision(hub, commit, load):
    hub.repos[REPO].refs["v1"] = commit
    hub.add_repo(REPO, {"README.md": b"emptied"})
    assert load(revision="v1").commit_hash == commit
    assert load(revision=commit[:10]).commit_hash == commit
    with pytest.raises(WeightsNotFoundError, match="has no revision 'v2'"):
        load(revision="v2")
    with pytest.raises(WeightsNotFoundError, match=r"revision '0{40}'"):
        load(revision="0" * 40)


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_missing_file(hub, tiny_folder, load, missing):
    files = files_of(tiny_folder)
    files.pop(missing)
    hub.add_repo(REPO, files)
    with pytest.raises(WeightsNotFoundError, match=f"lacks a file: .*{missing}"):
        load()


def test_missing_private_and_gated_repos(hub, tiny_folder, load):
    with pytest.raises(WeightsNotFoundError, match="'acme/none' is neither a local folder nor a public repo"):
        load("acme/none")
    hub.add_repo("acme/private", files_of(tiny_folder), private=True)
    with pytest.raises(WeightsNotFoundError, match="for a private repo pass token="):
        load("acme/private")
    assert load("acme/private", token="hf_write").views == ("joint", "motion", "bone")
    hub.add_repo("acme/gated", files_of(tiny_folder), gated=True)
    with pytest.raises(HubError, match=r"acme/gated is gated. Ask for access"):
        load("acme/gated")
    hub.granted.add(("tester", "acme/gated"))
    assert load("acme/gated", token="hf_write").embedding_dim == 24


def test_wrong_token(commit, load):
    with pytest.raises(HubError, match=r"\(HTTP 401\).*Check the token"):
        load(token="hf_nonsense")


def test_offline(hub, commit, load, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match=r"could not be fetched.*HF_HUB_OFFLINE"):
        load()
    with pytest.raises(HubError, match=r"could not be fetched.*HF_HUB_OFFLINE"):
        load(revision=commit)
    monkeypatch.undo()
    load()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    hub.log.clear()
    assert load().commit_hash == commit
    assert load(revision=commit).commit_hash == commit
    with pytest.raises(HubError, match="offline"):
        load(force_download=True)
    assert hub.log == []


def test_cache_only(hub, commit, load):
    with pytest.raises(WeightsNotFoundError, match=r"not in the cache. Load it once"):
        load(local_files_only=True)
    with pytest.raises(WeightsNotFoundError, match=r"not in the cache. Load it once"):
        load(local_files_only=True, revision=commit)
    with pytest.raises(ConfigError, match="pass one"):
        load(local_files_only=True, force_download=True)
    assert hub.log == []
    load()
    hub.log.clear()
    assert load(local_files_only=True).commit_hash == commit
    assert hub.log == []


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 500}, {"cut_after": 0}])
def test_hub_that_fails_serves_from_the_cache(hub, commit, load, fault):
    hub.fail("GET /api/models", times=100, **fault)
    with pytest.raises(HubError, match=f"{REPO} could not be fetched"):
        load()
    hub.faults.clear()
    load()
    hub.fail("GET /api/models", times=100, **fault)
    assert load().commit_hash == commit


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"status": 500}, r"\(HTTP 500\).*try again later"),
        ({"status": 503}, r"\(HTTP 503\).*try again later"),
        ({"status": 403}, r"\(HTTP 403\).*Check the token"),
        ({"cut_after": 500}, "a later call starts the file again"),
    ],
)
def test_failing_download_leaves_nothing(hub, commit, load, tmp_path, fault, message):
    hub.fail("GET /_cdn/", times=100, **fault)
    with pytest.raises(HubError, match=message) as caught:
        load()
    assert caught.value.__cause__ is not None
    assert left_over(tmp_path) == []
    hub.faults.clear()
    assert load().embedding_dim == 24


def test_failing_head_is_named(hub, commit, load):
    hub.fail("HEAD", times=100, status=503)
    with pytest.raises(HubError, match=r"\(HTTP 503\)"):
        load()


def test_full_disk(commit, load, tmp_path, monkeypatch):
    def full(*args, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.move", full)
        patch.setattr("os.replace", full)
        with pytest.raises(HubError, match=r"The disk is full.*cache_dir="):
            load()
    assert left_over(tmp_path) == []
    assert load().embedding_dim == 24


def test_import_leaves_the_client_alone():
    code = "import sys, skelrep.pretrained; sys.exit('huggingface_hub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
