"""Which processes there are: found in torchrun's environment, or in the caller's process group."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from ..errors import ConfigError
from .distributed import Group


def own_device(device: str | torch.device | None) -> str | torch.device:
    """A device by name; CUDA without a number is this process's own, by torchrun's LOCAL_RANK."""
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    local = os.environ.get("LOCAL_RANK")
    return f"cuda:{local}" if str(device) == "cuda" and local is not None else device


@contextmanager
def process_group(device: torch.device) -> Iterator[Group]:
    """The group this process belongs to.

    A process group that the caller initialised is used and left as it is. Otherwise one is made from
    torchrun's environment, and taken down at the end; without that environment the process is on its own.

    Raises:
        ConfigError: the environment is incomplete, or the caller's group cannot carry tensors of `device`.
    """
    selected = torch.cuda.device(device if device.type == "cuda" else -1)  # -1 selects none
    if dist.is_available() and dist.is_initialized():
        if device.type not in dist.get_backend_config():
            raise ConfigError(
                f"the process group ({dist.get_backend_config()}) cannot carry tensors on {device}. "
                "Initialise it with 'gloo' for the CPU or 'nccl' for CUDA, or leave that to train_crossclr."
            )
        with selected:
            yield Group(rank=dist.get_rank(), size=dist.get_world_size(), device=device)
        return
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or "RANK" not in os.environ:
        yield Group.single()
        return
    initialise(device)
    try:
        with selected:
            yield Group(rank=dist.get_rank(), size=dist.get_world_size(), device=device)
    finally:
        dist.destroy_process_group()


def initialise(device: torch.device) -> None:
    """Make the default process group from torchrun's environment."""
    cuda = device.type == "cuda"
    try:
        store, rank, size = next(rendezvous("env://"))
    except ValueError as error:
        raise ConfigError(
            f"WORLD_SIZE is {os.environ['WORLD_SIZE']}, but no process group can be made: {error}. Start the "
            "processes with torchrun, or unset RANK and WORLD_SIZE to train with one."
        ) from error
    if os.environ.get("GROUP_WORLD_SIZE") == "1":
        # After a restart torchrun's store still holds addresses of processes that are dead (pytorch issue
        # 135712). On one machine the restarts are numbered; on several each machine counts its own.
        store = PrefixStore(f"restart-{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)
    dist.init_process_group(
        "nccl" if cuda else "gloo",
        store=store,
        rank=rank,
        world_size=size,
        device_id=device if cuda else None,
    )
