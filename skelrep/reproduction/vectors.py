"""Third stage: frozen vectors of all clips, of the model and of what it has to beat, as `.npy` files.

Axes: N clips, D numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from ..atomic import atomic_write
from ..clips import MAX_BODIES
from ..embed import encode_to_file
from ..evaluate import random_encoder, raw_joints
from ..models import SkeletonEncoder
from ..read import ClipStore

BLOCK_CLIPS = 2048
JOINT_FRAMES = 32

MODEL, RANDOM, JOINTS = "model.npy", "random-encoder.npy", "raw-joints.npy"


def compute_vectors(
    folder: Path, store: ClipStore, model: SkeletonEncoder, seed: int, progress: bool | None
) -> list[Path]:
    """Write the vectors of all contenders; what is there whole is kept, an encoding goes on where it stopped.

    Args:
        folder: receives the files.
        store: all clips, training first.
        model: in eval mode, on the device where it is to compute.
        seed: of the random encoder.
        progress: show bars.

    Returns:
        The three files.
    """
    if not (folder / MODEL).exists():
        encode_to_file(folder / MODEL, store, model, progress=progress)
    if not (folder / RANDOM).exists():
        random = random_encoder(model.config, seed).to(model.device)
        encode_to_file(folder / RANDOM, store, random, progress=progress)
    if not (folder / JOINTS).exists():
        write_raw_joints(folder / JOINTS, store, progress)
    return [folder / name for name in (MODEL, RANDOM, JOINTS)]


def write_raw_joints(path: Path, store: ClipStore, progress: bool | None) -> None:
    """`raw_joints` of all clips, block by block: float32 (N, 32 * M=2 * 25 * 3)."""
    hidden = None if progress is None else not progress
    with atomic_write(path) as file, tqdm(total=len(store), desc="raw joints", disable=hidden) as bar:
        header = {
            "descr": "<f4",
            "fortran_order": False,
            "shape": (len(store), JOINT_FRAMES * MAX_BODIES * 75),
        }
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(store), BLOCK_CLIPS):
            clips = store[start : start + BLOCK_CLIPS]
            file.write(_joints_of_two(clips).astype("<f4").tobytes())
            bar.update(len(clips))


def _joints_of_two(clips: list[Any]) -> NDArray[np.float32]:
    """(N, D) of one D: `raw_joints` leaves the second body out where no clip given has one."""
    rows = raw_joints(clips, frames=JOINT_FRAMES).reshape(len(clips), JOINT_FRAMES, -1, 75)
    whole = np.zeros((len(clips), JOINT_FRAMES, MAX_BODIES, 75), dtype=np.float32)
    whole[:, :, : rows.shape[2]] = rows
    return whole.reshape(len(clips), -1)
