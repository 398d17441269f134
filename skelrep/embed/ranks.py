"""The processes that `torchrun` starts, and how they wait for each other."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import ConfigError, OutputError

PATIENCE = datetime.timedelta(days=7)  # a rank may have far more to do than another


@dataclass(frozen=True)
class Ranks:
    """This process among those of one run.

    Attributes:
        rank: its number, from 0.
        size: how many there are.
        wait: returns when all have called it.
    """

    rank: int
    size: int
    wait: Callable[[], None]


def world_size() -> int:
    """Processes of this run, by the environment that `torchrun` sets.

    Raises:
        ConfigError: the environment holds something else than a number.
    """
    text = os.environ.get("WORLD_SIZE", "1")
    if not text.isdigit() or not int(text):
        raise ConfigError(f"the environment has WORLD_SIZE={text!r}; expected a number, as torchrun sets it.")
    return int(text)


@contextmanager
def all_ranks() -> Iterator[Ranks]:
    """The ranks of this run; a process group is made for the block where there is none.

    Raises:
        ConfigError: the other processes cannot be reached.
    """
    if world_size() == 1:
        yield Ranks(0, 1, lambda: None)
        return
    import torch.distributed as dist

    own = not dist.is_initialized()
    try:
        if own:
            dist.init_process_group("gloo", timeout=PATIENCE)
        # A group of its own: the caller's may be NCCL, which waits on a GPU.
        group = None if own else dist.new_group(backend="gloo", timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise ConfigError(
            f"WORLD_SIZE is {world_size()}, and the other processes cannot be reached ({error}). Start "
            "all of them with torchrun, or unset WORLD_SIZE."
        ) from error

    def wait() -> None:
        try:
            dist.barrier(group)
        except RuntimeError as error:
            raise OutputError(
                f"another process of this run has stopped ({error}). Finished rows are kept; run all again."
            ) from error

    try:
        yield Ranks(dist.get_rank(), dist.get_world_size(), wait)
    finally:
        dist.destroy_process_group(None if own else group)
