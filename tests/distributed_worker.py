"""What torchrun starts in the tests of distributed training: `distributed_worker.py MODE FOLDER`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from tiny_training import tiny_config, walks

from skelrep.cli import main
from skelrep.clips import Clip
from skelrep.config import PreprocessConfig, PretrainConfig
from skelrep.errors import PeerError, SkelrepError
from skelrep.read import ClipStore, as_clips
from skelrep.train import KnnMonitor, train_crossclr
from skelrep.train.data import as_store
from skelrep.train.distributed import Group
from skelrep.train.optim import build_optimizer
from skelrep.train.run import Run, own_random_state

CPU = torch.device("cpu")
# Recipe, views, clips a batch, steps; stage 2 begins with the second epoch of nine clips.
CASES = {
    "fixed, 3 views": ("fixed", ("joint", "motion", "bone"), 9, 3),
    "faithful, 3 views": ("faithful", ("joint", "motion", "bone"), 9, 2),
    "faithful, 1 view": ("faithful", ("joint",), 5, 3),
    "fixed, a process without clips": ("fixed", ("joint",), 1, 2),
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


def take_steps(config: PretrainConfig, steps: int, group: Group) -> dict[str, Any]:
    """State and losses after some steps in float64."""
    with own_random_state(CPU):
        run = Double(as_store(mixed_clips(), config.recipe_name), config, CPU, None, group)
        records = [run.step() for _ in range(steps)]
    return run.state() | {"losses": [r.losses for r in records], "accuracy": [r.accuracy for r in records]}


def compare_cases(pair: Group) -> dict[str, Any]:
    """Case -> what one process and what two have come to."""
    found = {}
    for name, (recipe, views, batch_size, steps) in CASES.items():
        short = PreprocessConfig(recipe_name=recipe, frames=8)
        config = tiny_config(recipe, views=views, batch_size=batch_size, preprocess=short)
        two = take_steps(config, steps, pair)
        one = take_steps(config, steps, Group.single()) if pair.main else None
        found[name] = {"one": one, "two": two}
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


def config_of_run() -> PretrainConfig:
    """One view with dropout, and a checkpoint every second of six steps."""
    return tiny_config("faithful", views=("joint",), batch_size=5, checkpoint_steps=2)


def save_inputs(folder: Path) -> None:
    """Clips, labelled clips and configuration as files."""
    ClipStore.from_clips(as_clips(mixed_clips())).save(folder / "clips")
    labelled = [Clip(data=data, name=f"{n}", label=n // 2) for n, data in enumerate(walks(4, seed=2))]
    ClipStore.from_clips(labelled).save(folder / "labelled")
    (folder / "config.json").write_text(json.dumps(config_of_run().to_dict()))


def train(folder: Path, inputs: Path) -> None:
    """The run that the tests stop, kill and restart."""
    watched = ClipStore.open(inputs / "labelled")
    monitor = KnnMonitor(clips=watched, labels=watched.labels, patience=9)
    clips = ClipStore.open(inputs / "clips")
    train_crossclr(clips, config_of_run(), output_dir=folder, monitor=monitor, device="cpu")


def signal_at(done: int, number: int) -> None:
    """Send this process a signal before the step after `done` steps, once."""
    step = Run.step

    def step_after_signal(run: Run) -> Any:
        if run.done == done:
            Run.step = step  # type: ignore[method-assign]
            os.kill(os.getpid(), number)
        return step(run)

    Run.step = step_after_signal  # type: ignore[method-assign]


def stop_and_go_on(pair: Group, folder: Path) -> str:
    """How the run ended when one process was asked to stop; a copy of it then goes on to its end."""
    if pair.rank == 1:
        signal_at(3, signal.SIGTERM)
    try:
        train(folder / "stopped", folder)
    except SystemExit as error:
        ended = f"{type(error).__name__} {error.code}"
    if pair.main:
        shutil.copytree(folder / "stopped", folder / "gone on")
    train(folder / "gone on", folder)
    return ended


def compare(folder: Path) -> None:
    """What is looked at later goes into FOLDER/rank-N.pt."""
    dist.init_process_group("gloo")
    pair = Group(rank=dist.get_rank(), size=dist.get_world_size(), device=CPU)
    if pair.main:
        save_inputs(folder)
    found = {"cases": compare_cases(pair), "errors": fail_in_one(pair)}
    train(folder / "run", folder)
    found["ended"] = stop_and_go_on(pair, folder)
    found["group left alone"] = dist.is_initialized()
    if pair.rank == 1:
        torch.save(found, folder / "rank-1.pt")
        os._exit(0)
    try:
        pair.any(flag=False)
    except PeerError as error:
        found["alone"] = str(error)
    torch.save(found, folder / "rank-0.pt")


def killed(folder: Path, inputs: Path) -> int:
    """`skelrep train`, where the second process dies without warning; torchrun starts both again."""
    if os.environ["RANK"] == "1" and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
        signal_at(3, signal.SIGKILL)
    options = ["--config", inputs / "config.json", "--monitor", inputs / "labelled", "--patience", 9]
    return main(["train", *map(str, [inputs / "clips", "-o", folder, "--device", "cpu", *options])])


if __name__ == "__main__":
    torch.set_num_threads(1)
    mode, *folders = sys.argv[1:]
    if mode == "compare":
        compare(Path(folders[0]))
    else:
        sys.exit(killed(Path(folders[0]), Path(folders[1])))
