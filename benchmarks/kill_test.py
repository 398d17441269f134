"""Kill trainings at random moments, start them again, and compare with one that was never stopped.

    python benchmarks/kill_test.py --runs 100 [--json benchmarks/results/kill_test.json]
    python benchmarks/kill_test.py --runs 20 --processes 2 --json benchmarks/results/kill_test_2.json
    python benchmarks/kill_test.py --docs benchmarks/results/kill_test.json   # fills docs/reliability.md

Each run is a process that is killed (SIGKILL) one to five times and started again; at the end weights,
queues, optimiser, log, model file and list of bad clips must be those of the uninterrupted run bit for bit,
and every step, also a repeated one, must have seen the same crops of the same clips in the same random state.
Half of the kills come at any moment, half when a checkpoint's file is seen half-written; to hit that moment
more often, the disk is made slower (SLOW_DISK seconds a flush). How often checkpoints are written changes
from start to start, as it may.

With two processes or more, one of them (chosen at random) is killed, and the others get what torchrun sends
them then: SIGTERM, and after a while SIGKILL.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import socket
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from pages import fill
from records import provenance, table, write_json

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from watched_training import SCENARIOS, clips_of, differences, train_watched  # noqa: E402

LIMIT = 600.0  # seconds after which a training counts as hung
SLOW_DISK = 0.1
TORCHRUN_WAITS = 30.0  # seconds between SIGTERM and SIGKILL
MAX_KILLS = 5
PRELOADED = ["watched_training", "torch._dynamo"]  # the optimiser imports the second when it is made
HEADER = ("scenario", "runs", "kills", "while writing", "repeated steps", "identical")


class Training(Protocol):
    """A training in other processes; `multiprocessing.Process` is one."""

    def start(self) -> None:
        """Begin."""

    def kill(self) -> None:
        """Send SIGKILL to all of it."""

    def is_alive(self) -> bool:
        """Whether any of it still runs."""

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end."""


@dataclass
class Outcome:
    """One run, from its first start to the comparison.

    Attributes:
        kills: how each was timed, whether it came before the end, and left a half-written checkpoint.
        repeated: steps that were taken more than once.
        differences: from the uninterrupted run; none is what is promised.
    """

    scenario: str
    seed: int
    kills: list[dict[str, object]] = field(default_factory=list)
    repeated: int = 0
    differences: list[str] = field(default_factory=list)


class Several:
    """The processes of one training, with the environment that torchrun would give them.

    Args:
        members: not yet started.
        victim: the one that `kill` kills.
    """

    def __init__(self, members: list[multiprocessing.Process], victim: int) -> None:
        self._members, self._victim = members, members[victim]

    def start(self) -> None:
        """Begin."""
        for member in self._members:
            member.start()

    def kill(self) -> None:
        """Send SIGKILL to one; the others end as torchrun ends them."""
        self._victim.kill()
        for end in (lambda member: member.terminate(), lambda member: member.kill()):
            for member in self._members:
                end(member)
            self.join(TORCHRUN_WAITS)

    def is_alive(self) -> bool:
        """Whether any of them still runs."""
        return any(member.is_alive() for member in self._members)

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end of all."""
        deadline = None if timeout is None else time.monotonic() + timeout
        for member in self._members:
            member.join(None if deadline is None else max(deadline - time.monotonic(), 0))


def train_as(environment: dict[str, str], folder: Path, *rest: object) -> None:
    """`train_watched` as one of several processes."""
    os.environ |= environment
    train_watched(folder, *rest)  # type: ignore[arg-type]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def begin(folder: Path, scenario: str, cadence: int, processes: int, slow_disk: float = 0) -> Training:
    """Start a training as `processes` processes."""
    context = multiprocessing.get_context("forkserver")  # torch is imported once, in the server
    clips_of(scenario, folder)  # a store is made once, not by each process
    environment = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": str(processes)}
    members = [
        context.Process(
            target=train_as,
            args=({**environment, "RANK": str(rank)}, folder, scenario, cadence, slow_disk),
        )
        for rank in range(processes)
    ]
    training = Several(members, random.randrange(processes))  # type: ignore[arg-type]
    training.start()
    return training


def run_to_the_end(folder: Path, scenario: str, processes: int, cadence: int = 2) -> float:
    """Train without a kill; the seconds it took."""
    began = time.monotonic()
    training = begin(folder, scenario, cadence, processes)
    training.join(LIMIT)
    if training.is_alive() or not (folder / "model.safetensors").exists():
        training.kill()
        raise SystemExit(f"{scenario} in {folder} did not end well; see above.")
    return time.monotonic() - began


def half_written(folder: Path) -> bool:
    """Whether a checkpoint is being written, or was when its process died."""
    return any((folder / "checkpoints").glob(".step-*.tmp"))


def kill_once(training: Training, folder: Path, rng: random.Random, seconds: float) -> dict[str, object]:
    """Kill at a random moment, or at a random moment of the writing of a checkpoint."""
    writing = rng.random() < 0.5
    deadline = time.monotonic() + (LIMIT if writing else rng.uniform(0, seconds))
    while time.monotonic() < deadline and training.is_alive():
        if writing and half_written(folder):
            time.sleep(rng.uniform(0, 1.5 * SLOW_DISK))
            break
        time.sleep(0.0005)
    running = training.is_alive()
    training.kill()
    training.join()
    timed = "writing" if writing else "any"
    return {"timed": timed, "running": running, "left half-written": half_written(folder)}


def one_run(reference: Path, scenario: str, seed: int, seconds: float, processes: int) -> Outcome:
    """Kill, start again, let it end, compare."""
    rng, outcome = random.Random(seed), Outcome(scenario=scenario, seed=seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        for _ in range(rng.randint(1, MAX_KILLS)):
            training = begin(folder, scenario, rng.randint(1, 3), processes, SLOW_DISK)
            outcome.kills.append(kill_once(training, folder, rng, seconds))
        run_to_the_end(folder, scenario, processes, rng.randint(1, 3))
        outcome.differences, outcome.repeated = differences(folder, reference)
    return outcome


def measure(runs: int, processes: int, seed: int) -> list[Outcome]:
    """All runs, the scenarios in turn."""
    os.environ["PYTHONPATH"] = os.pathsep.join([*sys.path, os.environ.get("PYTHONPATH", "")])
    multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOADED)
    outcomes = []
    with tempfile.TemporaryDirectory() as name:
        seconds = {s: run_to_the_end(Path(name) / s, s, processes) for s in [*SCENARIOS][:runs]}
        for n in range(runs):
            scenario = [*SCENARIOS][n % len(SCENARIOS)]
            outcome = one_run(Path(name) / scenario, scenario, seed + n, seconds[scenario], processes)
            outcomes.append(outcome)
            print(f"{n + 1}/{runs} {scenario}: {len(outcome.kills)} kills, {outcome.differences or 'same'}")
    return outcomes


def rows_of(outcomes: list[dict]) -> list[list[str]]:
    """A row a scenario, and their sum."""
    rows = []
    for name in [*dict.fromkeys(o["scenario"] for o in outcomes), "all"]:
        mine = [o for o in outcomes if name in (o["scenario"], "all")]
        kills = [kill for o in mine for kill in o["kills"] if kill["running"]]
        numbers = [len(mine), len(kills), sum(bool(k["left half-written"]) for k in kills)]
        same = sum(not o["differences"] for o in mine)
        rows.append([name, *map(str, numbers), str(sum(o["repeated"] for o in mine)), f"{same}/{len(mine)}"])
    return rows


def write_docs(record: Path) -> None:
    """Put the table into docs/reliability.md."""
    found = json.loads(record.read_text())
    lines = [HEADER, ("---",) * len(HEADER), *rows_of(found["runs"])]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
    marker = "kills" if found["processes"] == 1 else f"kills, {found['processes']} processes"
    fill(ROOT / "docs" / "reliability.md", marker, text)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--add", action="store_true", help="to the runs of the record; take other seeds")
    parser.add_argument("--json", type=Path, default=ROOT / "benchmarks" / "results" / "kill_test.json")
    parser.add_argument("--docs", type=Path, metavar="RECORD", help="only fill the page from this record")
    args = parser.parse_args()
    if args.docs:
        write_docs(args.docs)
        return
    before = json.loads(args.json.read_text())["runs"] if args.add else []
    outcomes = before + [asdict(outcome) for outcome in measure(args.runs, args.processes, args.seed)]
    print(table(HEADER, rows_of(outcomes)))
    write_json(args.json, {**provenance(), "processes": args.processes, "runs": outcomes})
    sys.exit(any(outcome["differences"] for outcome in outcomes))


if __name__ == "__main__":
    main()
