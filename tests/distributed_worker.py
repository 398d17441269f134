"""What torchrun starts in the tests of distributed training: `distributed_worker.py MODE FOLDER`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from tiny_training import tiny_config, walks

from skelrep.config import PretrainConfig
from skelrep.errors import SkelrepError
from skelrep.train import KnnMonitor, train_crossclr
from skelrep.train.data import as_store
from skelrep.train.distributed import Group
from skelrep.train.optim import build_optimizer
from skelrep.train.run import Run, own_random_state

CPU = torch.device("cpu")
CASES = {
    "fixed, 3 views": ("fixed", ("joint", "motion", "bone"), 4),
    "faithful, 3 views": ("faithful", ("joint", "motion", "bone"), 4),
    "faithful, 1 view": ("faithful", ("joint",), 5),
    "fixed, a process without clips": ("fixed", ("joint",), 1),
}


def mixed_clips() -> list[Any]:
    """Nine clips: bodies differ from process to process, and nine do not divide by two."""
    return walks(5, bodies=2) + walks(4, seed=1)


class Double(Run):
    """A run in float64, where what differs by more than rounding shows."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.model.double()
        self.optimizer = build_optimizer(self.model.named_parameters(), self.config)
        for group in self.optimizer.param_groups:
            # A bias before a norm has a gradient of rounding alone; Adam would divide it by its own size.
            group["eps"] = 1e-4 if "eps" in group else None

    def _two_crops(self, *arguments: Any) -> tuple[torch.Tensor, torch.Tensor]:
        x_q, x_k = super()._two_crops(*arguments)
        return x_q.double(), x_k.double()


def take_steps(config: PretrainConfig, group: Group) -> dict[str, Any]:
    """State and losses after a whole float64 run."""
    with own_random_state(CPU):
        run = Double(as_store(mixed_clips(), config.recipe_name), config, CPU, None, group)
        records = [run.step() for _ in range(run.total)]
    return run.state() | {"losses": [r.losses for r in records], "accuracy": [r.accuracy for r in records]}


def compare(pair: Group) -> dict[str, Any]:
    """Case -> what one process and what two have come to."""
    found = {}
    for name, (recipe, views, batch_size) in CASES.items():
        config = tiny_config(recipe, views=views, batch_size=batch_size, epochs=2)
        two = take_steps(config, pair)
        found[name] = {"one": take_steps(config, Group.single()) if pair.main else None, "two": two}
    return found


def fail_in_one(pair: Group) -> dict[str, str]:
    """The errors of this process where one of the two fails."""

    def bad_clip() -> None:
        with pair.together():
            if pair.rank == 1:
                raise ValueError("clip 7 is bad")

    def broken_checkpoint() -> None:
        pair.from_main(lambda: [].pop())

    def other_config() -> None:
        pair.check_equal({"config": {"seed": pair.rank, "epochs": 3}})

    errors = {}
    for attempt in (bad_clip, broken_checkpoint, other_config):
        try:
            attempt()
        except (SkelrepError, ValueError, IndexError) as error:
            errors[attempt.__name__] = f"{type(error).__name__}: {error}"
    return errors


def train(folder: Path, **changes: Any) -> None:
    """The run that the tests stop, kill and restart."""
    config = tiny_config("faithful", batch_size=5, checkpoint_steps=2, **changes)
    monitor = KnnMonitor(clips=walks(4, seed=2), labels=list("aabb"), patience=3)
    train_crossclr(mixed_clips(), config, output_dir=folder, monitor=monitor, device="cpu")


def suffer(folder: Path) -> None:
    """Die without warning at first; after torchrun's restart be asked to stop; then go on to the end."""
    attempt, rank = int(os.environ["TORCHELASTIC_RESTART_COUNT"]), os.environ["RANK"]
    step = Run.step

    def step_or_suffer(run: Run) -> Any:
        if rank == "1" and attempt == 0 and run.done == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        if rank == "1" and attempt == 1 and run.done == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return step(run)

    Run.step = step_or_suffer  # type: ignore[method-assign]
    train(folder)


def main(mode: str, folder: Path) -> None:
    """Run one mode; what is to be looked at goes into FOLDER/rank-N.pt."""
    torch.set_num_threads(1)
    if mode == "suffer":
        suffer(folder)
        return
    dist.init_process_group("gloo")
    pair = Group(rank=dist.get_rank(), size=dist.get_world_size(), device=CPU)
    found = {"cases": compare(pair), "errors": fail_in_one(pair)}
    train(folder / "run")
    found["group left alone"] = dist.is_initialized()
    torch.save(found, folder / f"rank-{pair.rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
