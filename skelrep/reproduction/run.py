"""`reproduce`: the stages of a reproduction, one after another, each done once."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..config import PretrainConfig, Recipe
from ..datasets import Split, find_split, take_inventory
from ..embed.workers import loaded
from ..errors import ConfigError
from ..evaluate import EvaluationRecord, read_records, write_records
from ..models import SkeletonEncoder
from ..read import ClipStore
from ..train import estimate_training_time, train_crossclr
from ..train.lock import folder_lock
from ..train.setup import resolve_device
from .evaluation import contenders, evaluate_vectors, published_trial
from .gather import Gathered, gather, remove_gathering
from .prepare import check_space, prepare, time_text
from .published import method_name
from .recording import RecordingReader
from .settings import Views, choose_config, identity_of
from .stages import Stages, claim_folder, write_text
from .table import reproduction_table
from .vectors import compute_vectors

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """What a reproduction found.

    Attributes:
        split: name of the split.
        records: results of the model (linear evaluation first) and of the baselines.
        table: they and the published number, as Markdown.
        folder: of the run.
    """

    split: str
    records: tuple[EvaluationRecord, ...]
    table: str
    folder: Path


def reproduce(
    split: str,
    data: str | os.PathLike[str],
    *,
    output_dir: str | os.PathLike[str],
    recipe: Recipe | None = None,
    views: Views | None = None,
    config: PretrainConfig | None = None,
    device: str | torch.device | None = None,
    progress: bool | None = None,
    report: Report | None = None,
) -> Reproduction:
    """Reproduce a published linear evaluation from the raw files of a data set.

    Four stages: raw files to a memory-mapped store (`output_dir`/clips), pretraining on its training clips
    without labels (`output_dir`/pretraining), frozen vectors, and linear evaluation of the last epoch's model
    on the test clips, whose labels nothing has used before. A stage that is finished is not done again; one
    that was stopped, by Ctrl-C, a kill or a full disk, goes on where it stood when the same call is made
    again, with the same result.

    Args:
        split: ``"ntu60-xsub"``, ``"ntu60-xview"``, ``"ntu120-xsub"``, ``"ntu120-xset"``, or ``"xsub"`` and
            ``"xview"`` of ``"pkummd1"`` and ``"pkummd2"``.
        data: folder of the raw files: `.skeleton` files, or PKU-MMD's recordings, labels and lists.
        output_dir: made where missing; receives all stages, `records.json` and `table.md`.
        recipe: ``"faithful"`` (default) repeats the published code, ``"fixed"`` repairs it.
        views: ``"all"`` (default) is 3s-CrosSCLR, ``"joint"`` SkeletonCLR.
        config: of the pretraining, in place of `recipe` and `views`.
        device: default CUDA where there is one.
        progress: show bars; None shows them in a terminal.
        report: is called with a line before each stage: sizes, times, files with notes.

    Returns:
        Records and table; they are in `output_dir` as well.

    Raises:
        EvaluationError: no such split, or a list or labels that are missing.
        ClipsNotFoundError: no such folder, or no recordings of a side.
        FormatError: a damaged file.
        ConfigError: an impossible configuration or device.
        OutputError: `output_dir` holds something else, is in use, cannot be written, or is too small.
        TrainingDivergedError: see `train_crossclr`.

    Source:
        Li et al., "3D Human Action Representation Learning via Cross-View Consistency Pursuit", CVPR 2021.

    Example:
        >>> reproduce("ntu60-xvew", "raw", output_dir="run")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        skelrep.errors.EvaluationError: there is no split 'ntu60-xvew'; ... Did you mean 'ntu60-xview'?
    """
    chosen, plan, folder = find_split(split), choose_config(recipe, views, config), Path(output_dir)
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise ConfigError(
            "reproduce runs in one process, and WORLD_SIZE is set. Start it without torchrun; to pretrain in "
            "several, run `torchrun -m skelrep train` on the data yourself."
        )
    target = resolve_device(device)
    inventory = take_inventory(chosen, data)
    identity = identity_of(inventory, plan)
    with folder_lock(folder):
        claim_folder(folder, identity)
        stages = Stages(folder, identity)
        job = _Job(chosen, plan, folder, stages, target, progress, report)
        gathered = job.gather(RecordingReader(inventory, plan.recipe_name))
        job.pretrain(gathered)
        job.compute_vectors()
        return job.evaluate(gathered)


@dataclass(frozen=True)
class _Job:
    """The stages with what they share; each method does nothing where its stage is finished."""

    split: Split
    config: PretrainConfig
    folder: Path
    stages: Stages
    device: torch.device
    progress: bool | None
    report: Report | None

    @property
    def store(self) -> ClipStore:
        return ClipStore.open(self.folder / "clips")

    def model(self) -> SkeletonEncoder:
        return loaded(str(self.folder / "pretraining")).to(self.device)

    def gather(self, reader: RecordingReader) -> Gathered:
        """Stage 1."""
        found, folder = self.stages.finished("clips"), self.folder / "clips"
        if found is None:
            preparation = prepare(reader.inventory, self.config.recipe_name)
            self.say(preparation.text())
            if not folder.exists():
                check_space(self.folder, preparation.disc_bytes)
            done = gather(folder, reader, self.progress)
            found = self.stages.finish("clips", sorted(folder.glob("*-*.npy")), dataclasses.asdict(done))
            self.say(_gathered_text(done, reader.inventory.missing))
        remove_gathering(folder)
        return Gathered(**found)

    def pretrain(self, gathered: Gathered) -> None:
        """Stage 2."""
        folder = self.folder / "pretraining"
        if self.stages.finished("pretraining") is not None:
            return
        clips = first_clips(self.store, gathered.train)
        if self.report is not None and not (folder / "checkpoints").exists():
            self.report(self._training_text(clips))
        train_crossclr(clips, self.config, output_dir=folder, device=self.device, progress=self.progress)
        files = [folder / "config.json", folder / "model.safetensors"]
        self.stages.finish("pretraining", files, {"epochs": self.config.epochs})

    def compute_vectors(self) -> None:
        """Stage 3."""
        if self.stages.finished("vectors") is None:
            self.say("vectors of all clips: the model's, a random encoder's, and raw joints")
            folder = self.folder / "vectors"
            files = compute_vectors(folder, self.store, self.model(), self.config.seed, self.progress)
            self.stages.finish("vectors", files, {})

    def evaluate(self, gathered: Gathered) -> Reproduction:
        """Stage 4, a contender at a time; records and table hold those that are done."""
        records, table = self.folder / "records.json", self.folder / "table.md"
        if self.stages.finished("evaluation") is None:
            found: list[EvaluationRecord] = []
            for each in self._evaluated(gathered):
                found += each
                write_records(records, found)
                write_text(table, reproduction_table(self.split, self.config, found, gathered))
            self.stages.finish("evaluation", [records, table], {})
        return Reproduction(
            split=self.split.name,
            records=tuple(read_records(records)),
            table=table.read_text(encoding="utf-8").rstrip("\n"),
            folder=self.folder,
        )

    def _evaluated(self, gathered: Gathered) -> Iterator[list[EvaluationRecord]]:
        """The records of each contender; what an interrupted call has evaluated is read."""
        trial = published_trial(self.store, gathered.train, self.split)
        name = f"{method_name(self.config.encoder.views)} ({self.config.recipe_name})"
        for frozen in contenders(self.folder / "vectors", self.model(), name):
            stage = f"evaluation-{frozen.contender.replace(' ', '-')}"
            path = self.folder / "stages" / f"{stage}-records.json"
            if self.stages.finished(stage) is None:
                self.say(f"evaluation of the vectors: {frozen.contender}")
                write_records(path, evaluate_vectors(trial, frozen, self.config.seed))
                self.stages.finish(stage, [path], {})
            yield read_records(path)

    def say(self, text: str) -> None:
        """Report a line, where somebody listens."""
        if self.report is not None:
            self.report(text)

    def _training_text(self, clips: ClipStore) -> str:
        seconds = estimate_training_time(clips, self.config, device=self.device)
        what = f"{method_name(self.config.encoder.views)} on {len(clips)} clips, {self.config.epochs} epochs"
        return f"pretraining: {what}: about {time_text(seconds)}, by a few steps that were timed"


def first_clips(store: ClipStore, count: int) -> ClipStore:
    """The first clips of a store as a store, without copying frames."""
    stop = int(store.offsets[count])
    columns: list[list[Any]] = [store.names, store.labels, store.fps, store.prepared]
    return ClipStore(store.frames[:stop], store.offsets[: count + 1], *(column[:count] for column in columns))


def _gathered_text(done: Gathered, missing: int) -> str:
    text = f"{done.train} training and {done.test} test clips"
    if missing:
        text += f"; {missing} files of the data set's list of missing skeletons passed over"
    if done.notes:
        name, note = next(iter(done.notes.items()))
        text += f"; {len(done.notes)} files with a note, such as {name}: {note}"
    return text
