"""Faults of checkpoints: damaged ones, foreign ones, and such as would run code."""

from __future__ import annotations

import functools
import hashlib
import io
import os
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from faults import fault, told
from small_training import SAME, compared, in_step, stop, train
from tiny_training import tiny_config

from skelrep.train.checkpoint import find_checkpoints

FALLS_BACK = "DataWarning; goes on from the one before; ends as if it had not happened"


class Bomb:
    """A pickle that makes a folder when it is loaded."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(Path(tempfile.gettempdir()) / "skelrep-bomb"),)


def flip_a_bit(path: Path) -> None:
    """One bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def replace_with_folder(path: Path) -> None:
    """A folder of that name."""
    path.unlink()
    path.mkdir()


def under_its_digest(data: bytes) -> Callable[[Path], None]:
    """Other bytes, under the name that promises them."""

    def put(path: Path) -> None:
        path.unlink()
        path.with_name(f"{path.name[:14]}{hashlib.sha256(data).hexdigest()[:12]}.pt").write_bytes(data)

    return put


def zip_with_code() -> bytes:
    """What torch.save makes of a `Bomb`."""
    buffer = io.BytesIO()
    torch.save({"model": Bomb()}, buffer)
    return buffer.getvalue()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut to half its length": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: os.truncate(path, 0),
    "as long, all zero": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "one bit flipped": flip_a_bit,
    "a folder of its name": replace_with_folder,
    "garbage of the right digest": under_its_digest(b"PK\3\4" + bytes(range(256)) * 99),
    "a pickle that runs code, of the right digest": under_its_digest(pickle.dumps(Bomb())),
    "a torch file that runs code, of the right digest": under_its_digest(zip_with_code()),
}


def with_damage(damage: Callable[[Path], object], folder: Path) -> str:
    """Stop after 5 steps, damage the newest of two checkpoints, go on."""
    in_step(6, stop, lambda: train(folder))
    damage(find_checkpoints(folder / "checkpoints")[0])
    said = told(lambda: train(folder))
    if (Path(tempfile.gettempdir()) / "skelrep-bomb").exists():
        return "code was run"
    for path in folder.glob("checkpoints/*/"):
        path.rmdir()
    return f"{said} / {compared(folder)}"


for name, damage in DAMAGES.items():
    fault(
        "checkpoint", f"the newest: {name}", how="after step 5 of 6", expected=FALLS_BACK,
        observed=rf"^DataWarning: checkpoint .* is damaged.*/ {SAME}$",
    )(functools.partial(with_damage, damage))  # fmt: skip


@fault(
    "checkpoint", "all damaged", how="a bit of each flipped", expected="CheckpointError, nothing is trained",
    observed="CheckpointError: all 2 checkpoints",
)  # fmt: skip
def all_damaged(folder: Path) -> str:
    in_step(6, stop, lambda: train(folder))
    for path in find_checkpoints(folder / "checkpoints"):
        flip_a_bit(path)
    return told(lambda: train(folder)).split("; ")[-1]


@fault(
    "checkpoint", "of another run", how="other epochs", expected="CheckpointError names the field",
    observed=r"^CheckpointError: .*config\.epochs: 3 there, 4 now",
)  # fmt: skip
def of_another_run(folder: Path) -> str:
    in_step(3, stop, lambda: train(folder))
    return told(lambda: train(folder, config=tiny_config(epochs=4)))
