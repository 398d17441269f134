"""Publishing: one commit, what stood there kept, nothing sent that does not verify."""

import dataclasses
import errno

import pytest
import torch
from conftest import REPO, files_of, make_encoder

import skelrep
from skelrep.errors import ConfigError, HubError, OutputError, VerificationError, WeightsError
from skelrep.hub import ModelCard, Target, card_metadata
from skelrep.publish import push_folder

# The client's own call of its HTTP library.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
NEW = "acme/new"
WRITE = {"token": "hf_write"}
CARD = ModelCard(name="Squats", license="mit", training_data=("UI-PRMD",))
COMMITS = r"/commit/"


@pytest.fixture(autouse=True)
def quick(no_pauses, hub):
    """Every test has an empty Hub, and no pauses."""


def small(seed=0):
    """One view is enough here, and quick."""
    return make_encoder(views=("joint",), seed=seed)


@pytest.fixture
def tiny():
    return small()


def head(hub, repo=NEW, ref="main"):
    return hub.repos[repo].commits[hub.repos[repo].refs[ref]]


def test_a_new_repo_in_one_commit(hub, tiny, load):
    pushed = tiny.push_to_hub(NEW, commit_message="First", private=True, card=CARD, **WRITE)
    assert hub.count(COMMITS) == 1
    assert hub.repos[NEW].private
    assert sorted(head(hub)) == [".gitattributes", "README.md", "config.json", "model.safetensors"]
    assert hub.repos[NEW].messages[pushed.commit_hash] == "First"
    assert pushed.url.endswith(f"/{NEW}/commit/{pushed.commit_hash}")
    assert (pushed.pull_request, pushed.card_kept) == (None, False)
    model = load(NEW, revision=pushed.commit_hash, token="hf_write")
    x = torch.randn(2, 3, 12, 25, 2)
    assert torch.equal(model(x), tiny(x))
    assert model.commit_hash == pushed.commit_hash
    assert b'load_pretrained("acme/new")' in head(hub)["README.md"]


def test_a_card_that_stands_there_is_kept_unless_one_is_given(hub, tiny, tmp_path):
    hub.add_repo(REPO, {"README.md": b"# written by hand\n", "notes.txt": b"mine"})
    assert tiny.push_to_hub(REPO, **WRITE).card_kept
    assert head(hub, REPO)["README.md"] == b"# written by hand\n"
    assert head(hub, REPO)["notes.txt"] == b"mine"
    assert not tiny.push_to_hub(REPO, card=CARD, **WRITE).card_kept
    assert b"# Squats" in head(hub, REPO)["README.md"]
    (tmp_path / "card.md").write_text("# from a file\n")
    tiny.push_to_hub(REPO, card=tmp_path / "card.md", **WRITE)
    assert head(hub, REPO)["README.md"] == b"# from a file\n"
    with pytest.raises(ConfigError, match=r"the card .*none\.md cannot be read"):
        tiny.push_to_hub(REPO, card=tmp_path / "none.md", **WRITE)


def test_a_folder_keeps_its_card_too(hub, tiny, tmp_path):
    tiny.save_pretrained(tmp_path / "mine", card=CARD)
    written = (tmp_path / "mine" / "README.md").read_bytes()
    assert b"# Squats" in written
    small(seed=1).save_pretrained(tmp_path / "mine", card=dataclasses.replace(CARD, name="Lunges"))
    assert (tmp_path / "mine" / "README.md").read_bytes() == written
    push_folder(tmp_path / "mine", Target(repo_id=NEW, **WRITE))
    assert files_of(tmp_path / "mine").items() <= head(hub).items()  # byte for byte


def test_a_branch_is_made_where_missing(hub, tiny, load):
    first = tiny.push_to_hub(NEW, **WRITE)
    second = small(seed=1).push_to_hub(NEW, revision="dev", **WRITE)
    third = small(seed=2).push_to_hub(NEW, revision="dev", **WRITE)
    assert hub.repos[NEW].refs == {"main": first.commit_hash, "dev": third.commit_hash}
    assert load(NEW).commit_hash == first.commit_hash
    assert load(NEW, revision="dev").commit_hash == third.commit_hash
    assert load(NEW, revision=second.commit_hash).commit_hash == second.commit_hash


def test_a_pull_request_leaves_the_branch_alone(hub, tiny, commit):
    pushed = small(seed=1).push_to_hub(REPO, create_pr=True, **WRITE)
    assert pushed.pull_request is not None
    assert pushed.pull_request.endswith(f"/{REPO}/discussions/1")
    assert hub.repos[REPO].refs == {"main": commit, "refs/pr/1": pushed.commit_hash}
    with pytest.raises(HubError, match="no branch 'none' to open a pull request against"):
        tiny.push_to_hub(REPO, create_pr=True, revision="none", **WRITE)


def test_pushing_the_same_again_makes_no_commit(hub, tiny):
    first = tiny.push_to_hub(NEW, **WRITE)
    assert tiny.push_to_hub(NEW, **WRITE).commit_hash == first.commit_hash
    assert hub.count(COMMITS) == 1


def test_nothing_is_sent_of_a_model_that_does_not_verify(hub, tiny, tmp_path, monkeypatch):
    broken = small()
    broken.state_dict()["encoders.joint.blocks.3.temporal.weight"].fill_(float("nan"))
    with pytest.raises(WeightsError, match="NaN"):
        broken.push_to_hub(NEW, **WRITE)
    tiny.save_pretrained(tmp_path / "mine")
    weights = tmp_path / "mine" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + bytes([weights.read_bytes()[-1] ^ 1]))
    with pytest.raises(WeightsError, match="is damaged"):
        push_folder(tmp_path / "mine", Target(repo_id=NEW, **WRITE))
    monkeypatch.setattr("skelrep.verification.TOLERANCE", -1.0)
    with pytest.raises(VerificationError):
        tiny.push_to_hub(NEW, **WRITE)
    assert hub.log == []


def test_private_weights_never_go_to_a_public_repo(hub, tiny, commit):
    with pytest.raises(HubError, match="acme/tiny is public, and private=True was given; nothing was pushed"):
        tiny.push_to_hub(REPO, private=True, **WRITE)
    assert hub.repos[REPO].refs == {"main": commit}


def test_somebody_who_pushes_at_the_same_time_is_not_overwritten(hub, tiny, commit, monkeypatch):
    from huggingface_hub import HfApi

    create_commit = HfApi.create_commit

    def after_another(*args, **options):
        hub.add_repo(REPO, {"README.md": b"theirs"})
        return create_commit(*args, **options)

    monkeypatch.setattr(HfApi, "create_commit", after_another)
    with pytest.raises(HubError, match=r"\(HTTP 412\).*at the same time; look at it, then push again"):
        small(seed=1).push_to_hub(REPO, **WRITE)
    assert head(hub, REPO) == {"README.md": b"theirs"}


@pytest.mark.parametrize("repo_id", ["no id", "a/b/c", "acme/na--me", ""])
def test_ids_that_cannot_be(hub, tiny, repo_id):
    with pytest.raises(ConfigError, match="Pass 'owner/name'"):
        tiny.push_to_hub(repo_id, **WRITE)
    assert hub.log == []


def test_refusals(hub, tiny, commit, monkeypatch):
    with pytest.raises(HubError, match=r"\(HTTP 401\).*Check the token"):
        tiny.push_to_hub(NEW)
    with pytest.raises(HubError, match=r"\(HTTP 401\).*Check the token"):
        tiny.push_to_hub(NEW, token="hf_nonsense")
    with pytest.raises(HubError, match="Check the token"):
        tiny.push_to_hub(NEW, token=True)
    hub.readers.add("tester")
    with pytest.raises(HubError, match=r"\(HTTP 403\).*allowed to write"):
        tiny.push_to_hub(NEW, **WRITE)
    with pytest.raises(HubError, match=r"\(HTTP 403\).*allowed to write"):
        small(seed=1).push_to_hub(REPO, **WRITE)
    hub.readers.clear()
    hub.card_errors.append('"license" must be one of [...]')
    with pytest.raises(
        ConfigError, match=r'refuses the front matter of the card: .*"license" must be one of'
    ):
        tiny.push_to_hub(REPO, card=CARD, **WRITE)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="Unset HF_HUB_OFFLINE"):
        tiny.push_to_hub(NEW, **WRITE)
    assert hub.repos[REPO].refs == {"main": commit}


@pytest.mark.parametrize(
    "request_", ["POST /api/repos/create", "PUT /_lfs/", "POST .*/commit/", "POST .*lfs/objects"]
)
def test_a_hub_that_fails_is_named_and_keeps_what_it_had(hub, commit, request_):
    hub.fail(request_, times=100, status=500)
    with pytest.raises(HubError, match=f"{REPO} could not be pushed.*push again"):
        small(seed=1).push_to_hub(REPO, **WRITE)
    assert hub.repos[REPO].refs == {"main": commit}
    hub.faults.clear()
    assert small(seed=1).push_to_hub(REPO, **WRITE).commit_hash != commit


def test_an_answer_that_is_lost_costs_nothing(hub, commit):
    hub.fail("/commit/", times=100, cut_after=0)
    with pytest.raises(HubError, match="push again: nothing arrives twice"):
        small(seed=1).push_to_hub(REPO, **WRITE)
    hub.faults.clear()
    hub.log.clear()
    pushed = small(seed=1).push_to_hub(REPO, **WRITE)
    assert hub.count("^PUT /_lfs/") == 0  # it had arrived
    assert len(hub.repos[REPO].commits) == 2
    assert hub.repos[REPO].refs == {"main": pushed.commit_hash}


def test_a_full_disk_while_saving(hub, tiny, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        tiny.push_to_hub(NEW, **WRITE)
    assert hub.log == []


def test_the_token_is_not_shown():
    assert "hf_write" not in repr(Target(repo_id=NEW, **WRITE))


def test_a_classifier_goes_there_and_back(hub, tmp_path):
    from labelled import labelled_clips, small_encoder

    clips, labels = labelled_clips(each=4)
    classifier = skelrep.finetune(small_encoder(), clips, labels)
    pushed = classifier.push_to_hub(NEW, **WRITE)
    loaded = skelrep.load_classifier(NEW, revision=pushed.commit_hash, cache_dir=tmp_path / "cache")
    assert (loaded.predict_proba(clips) == classifier.predict_proba(clips)).all()
    assert loaded.encoder.commit_hash == pushed.commit_hash
    assert b'skelrep.load_classifier("acme/new")' in head(hub)["README.md"]
    assert skelrep.verify(NEW, cache_dir=tmp_path / "cache").passed
    (tmp_path / "README.md").write_bytes(head(hub)["README.md"])
    assert "classifier" in card_metadata(tmp_path / "README.md")["tags"]
    (tmp_path / "published.pt").touch()
    with pytest.raises(ConfigError, match="checkpoint of an encoder"):
        skelrep.load_classifier(tmp_path / "published.pt")
