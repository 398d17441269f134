"""Which processes there are, by the environment and by what the caller has set up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
import torch.distributed as dist
from hypothesis import given
from hypothesis import strategies as st

from skelrep.augment import augment
from skelrep.config import AugmentConfig
from skelrep.errors import ConfigError
from skelrep.train.distributed import Group
from skelrep.train.launch import own_device, process_group
from skelrep.train.sampler import Share

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def no_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def group_of_the_caller() -> Iterator[None]:
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.parametrize("environment", [{}, {"WORLD_SIZE": "1", "RANK": "0"}, {"WORLD_SIZE": "2"}])
def test_a_process_on_its_own(environment, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with process_group(CPU) as group:
        assert group == Group.single()
        assert not dist.is_initialized()


def test_an_incomplete_environment(monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match=r"MASTER_ADDR.*torchrun"), process_group(CPU):
        pass


@pytest.mark.usefixtures("group_of_the_caller")
def test_a_group_of_the_caller():
    with process_group(CPU) as group:
        assert (group.rank, group.size, group.main) == (0, 1, True)
    assert dist.is_initialized()
    with pytest.raises(ConfigError, match="cannot carry tensors on xla"), process_group(torch.device("xla")):
        pass


def test_cuda_is_that_of_this_process(monkeypatch):
    assert own_device("cuda") == "cuda"
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert own_device("cuda") == "cuda:3"
    assert own_device("cuda:1") == "cuda:1"
    assert own_device("cpu") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert own_device(None) == "cuda:3"


@given(total=st.integers(0, 40), size=st.integers(1, 9))
def test_shares_make_the_batch(total, size):
    shares = [Share(total=total, rank=rank, size=size) for rank in range(size)]
    clips = list(range(total))
    assert [clip for share in shares for clip in clips[share.here]] == clips
    assert max(shares[0].sizes) - min(shares[0].sizes) <= 1
    assert [len(clips[share.here]) for share in shares] == list(shares[0].sizes)


def test_a_share_gets_the_crops_of_the_batch():
    x = torch.randn(5, 3, 12, 25, 1, generator=torch.Generator().manual_seed(0))
    config = AugmentConfig(rotation=30.0, bone_scale=0.2)

    def crop(first: int, stop: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(7)
        return augment(x[first:stop], config, generator, total=5, first=first)

    whole = augment(x, config, torch.Generator().manual_seed(7))
    torch.testing.assert_close(torch.cat((crop(0, 2), crop(2, 2), crop(2, 5))), whole, rtol=0, atol=1e-6)
