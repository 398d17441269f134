"""Read the sets of real motion that the benchmarks use: ragged ``.npz`` archives with columns a clip.

An archive holds ``dq`` (sum_T, 25, 3) int16 first differences in time of positions in steps of ``scale``
metres about ``origin`` (N, 3); ``offsets`` (N + 1); and columns such as ``subject`` with ``subject_names``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import skelrep


@dataclass(frozen=True, eq=False)
class Archive:
    """Clips in the order of the file, and one array a column.

    Attributes:
        name: the file's stem.
        clips: one body each, world frame of the source.
        columns: name to (N,) array; a column with names holds names.
        sha256: of the file.
    """

    name: str
    clips: list[skelrep.Clip]
    columns: dict[str, NDArray]
    sha256: str

    @property
    def labels(self) -> NDArray:
        return self.columns["action"]

    @property
    def subjects(self) -> NDArray:
        return self.columns["subject"]


def read_archive(path: str | Path) -> Archive:
    """Read one archive; `Clip.label` is the action's number, the column ``action`` its name."""
    path = Path(path)
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    if "joints" in arrays:
        return converted(path, arrays)
    columns = {
        key: arrays[f"{key}_names"][arrays[key]] if f"{key}_names" in arrays else arrays[key]
        for key in arrays
        if arrays[key].shape == arrays["names"].shape
    }
    clips = skelrep.read_clips(path)
    return Archive(path.stem, clips, columns, hashlib.sha256(path.read_bytes()).hexdigest())


def converted(path: Path, arrays: dict[str, NDArray]) -> Archive:
    """What `shared/tools/convert_actions.py` writes: ``joints`` (sum_T, M, 25, 3), ``labels``, and more."""
    offsets, names = arrays["offsets"], arrays["names"]
    clips = [
        skelrep.Clip(data=arrays["joints"][start:stop].transpose(3, 0, 2, 1).copy(), name=str(name))
        for start, stop, name in zip(offsets, offsets[1:], names, strict=False)
    ]
    columns = {"action": arrays["label_names"][arrays["labels"]], "subject": arrays["subjects"]}
    return Archive(path.stem, clips, columns, hashlib.sha256(path.read_bytes()).hexdigest())
