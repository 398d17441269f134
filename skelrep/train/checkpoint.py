"""Checkpoints of a training run: whole or absent, verified by their name, refused to another run.

A file is called ``step-00000500-<first 12 hex digits of its SHA-256>.pt``: the name says which bytes belong
in it, so a damaged file is recognised before anything is read from it.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

import torch

from ..atomic import atomic_write
from ..errors import CheckpointError, DataWarning, OutputError
from ..regular_files import read_regular
from ..torch_files import load_plain

CHECKPOINT_VERSION = 1
FOLDER_NAME = "checkpoints"
NAME = re.compile(r"step-(\d{8,})-([0-9a-f]{12})\.pt")
FIELDS = {"version", "step", "run", "versions", "model", "optimizer", "monitor"}

# None of these changes a weight that was already trained; every other field does, and with it the meaning of
# "the same run". A run that a bad clip stopped may go on without it.
MAY_DIFFER = (
    "config.checkpoint_steps",
    "config.checkpoint_minutes",
    "config.keep_checkpoints",
    "config.on_bad_clip",
    "config.recompute",
)

# Fields that later versions added, with the value that does what earlier ones did: a run that one of those
# began goes on.
ADDED_FIELDS = {
    f"config.augment.{name}": 0.0
    for name in ("tilt", "speed", "amplitude", "jitter", "joint_mask", "axis_mask", "part_mix", "mirror")
}

MAX_DEPTH = 8  # of a configuration

State = dict[str, Any]


def find_checkpoints(folder: Path) -> list[Path]:
    """Checkpoints in `folder`, newest first."""
    if not folder.is_dir():
        return []
    return sorted((p for p in folder.iterdir() if NAME.fullmatch(p.name)), key=step_of, reverse=True)


def step_of(path: Path) -> int:
    """Steps finished when the checkpoint of this name was written."""
    match = NAME.fullmatch(path.name)
    return int(match.group(1)) if match else 0


def save_checkpoint(folder: Path, state: State, keep: int) -> Path:
    """Write a checkpoint, then remove all but the `keep` newest.

    Args:
        folder: made where missing.
        state: tensors and plain types under "step", "run" (what must be equal to go on), "versions" (of the
            libraries, for information), "model", "optimizer" and "monitor".
        keep: how many to leave, this one included.

    Raises:
        OutputError: it could not be written; those already there stay.
    """
    buffer = io.BytesIO()
    torch.save({"version": CHECKPOINT_VERSION, **state}, buffer)
    digest = hashlib.sha256(buffer.getbuffer()).hexdigest()[:12]
    path = folder / f"step-{state['step']:08d}-{digest}.pt"
    if path.is_dir():  # not skelrep's, and in the way of a file that a repeated step writes anew
        path.rename(path.with_name(f"{path.name}.folder"))
    with atomic_write(path) as file:
        file.write(buffer.getbuffer())
    prune(folder, path, keep)
    return path


def prune(folder: Path, newest: Path, keep: int) -> None:
    """Keep `newest` and the `keep - 1` before it; others go.

    Files of the same or a later step go too: they were found damaged, or the run would not be here.
    """
    before = [p for p in find_checkpoints(folder) if step_of(p) < step_of(newest)]
    kept = {newest, *before[: keep - 1]}
    stale = [path for path in find_checkpoints(folder) if path not in kept and path.is_file()]
    try:
        for path in stale:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot remove the old checkpoint {path}: {error.strerror or error}.") from error


def load_newest(folder: Path, run: Mapping[str, Any]) -> State | None:
    """The newest undamaged checkpoint of this very run; None where the folder holds none.

    Args:
        folder: of the checkpoints.
        run: plain types that say which run this is (configuration, data, first weights).

    Raises:
        CheckpointError: all of them are damaged, or they belong to another run; the error names the fields
            that differ.

    Warns:
        DataWarning: a damaged file was passed over.
    """
    paths = find_checkpoints(folder)
    for path in paths:
        state = read_checkpoint(path)
        if state is not None:
            check_same_run(state["run"], run, path)
            return state
        warnings.warn(
            f"checkpoint {path} is damaged: its bytes are not those its name promises, or cannot be read. It "
            "is passed over; the one before it is tried.",
            DataWarning,
            stacklevel=2,
        )
    if paths:
        raise CheckpointError(
            f"all {len(paths)} checkpoints in {folder} are damaged. Delete that folder to start again."
        )
    return None


def read_checkpoint(path: Path) -> State | None:
    """A checkpoint's content on the CPU, or None where it is damaged.

    Raises:
        CheckpointError: it is whole, but another version of skelrep wrote it.
    """
    match = NAME.fullmatch(path.name)
    try:
        data = read_regular(path)
    except OSError:  # a folder or a pipe of that name, or a failing disk
        return None
    if match is None or hashlib.sha256(data).hexdigest()[:12] != match.group(2):
        return None
    try:
        if not zipfile.is_zipfile(io.BytesIO(data)):  # raises for some that claim several disks
            return None
        state = load_plain(io.BytesIO(data))
    except Exception:  # bytes that torch did not write fail in as many ways as there are bytes
        return None
    if not is_state(state):
        raise CheckpointError(
            f"{path} is not a checkpoint of format {CHECKPOINT_VERSION}, which this skelrep reads. Continue "
            "the run with the version of skelrep that began it, or pass another output_dir."
        )
    return state


def is_state(state: object) -> TypeGuard[State]:
    """Whether an object is what `save_checkpoint` was given."""
    if not isinstance(state, dict) or set(state) != FIELDS or state["version"] != CHECKPOINT_VERSION:
        return False
    return isinstance(state["step"], int) and all(
        isinstance(state[n], dict) for n in ("run", "model", "optimizer")
    )


def check_same_run(saved: Mapping[str, Any], run: Mapping[str, Any], path: Path) -> None:
    """Raise `CheckpointError` naming every field in which a checkpoint's run is not this one."""
    old, new = flatten(saved if isinstance(saved, Mapping) else {"": saved}), flatten(run)
    old = {name: value for name, value in ADDED_FIELDS.items() if name in new} | old
    names = [n for n in dict.fromkeys([*old, *new]) if n not in MAY_DIFFER and old.get(n) != new.get(n)]
    if names:
        fields = "; ".join(f"{name}: {old.get(name)!r} there, {new.get(name)!r} now" for name in names)
        raise CheckpointError(
            f"{path} belongs to another run ({fields}). Continue with what it was begun with, or pass "
            "another output_dir; to go on from its model in another way, pass the finished model as init."
        )


def flatten(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted names; below `MAX_DEPTH` they stay, since one can hold itself.

    Example:
        >>> flatten({"config": {"epochs": 3, "encoder": {"views": ["joint"]}}})
        {'config.epochs': 3, 'config.encoder.views': ['joint']}
    """
    flat: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, Mapping) and prefix.count(".") < MAX_DEPTH:
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
