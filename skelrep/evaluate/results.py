"""`EvaluationRecord`: one result and all that is needed to get it again; as JSON, strictly.

Axes: R runs, K classes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from ..atomic import atomic_write
from ..errors import ConfigError, FormatError
from ..record import Record, check_fields, short

FORMAT_VERSION = 1
Contender = Literal["model", "random encoder", "raw joints", "from scratch"]


@dataclass(frozen=True, kw_only=True)
class ModelSource(Record):
    """What made the vectors.

    Attributes:
        name: what was given to `load_pretrained`, or what else it is called.
        commit: of the Hub; empty where the weights do not come from there.
        weights_sha256: of all tensors; empty where the runs' seeds made them, or there are none.
        config: of the model; empty for raw joints.
    """

    name: str
    commit: str = ""
    weights_sha256: str = ""
    config: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, kw_only=True)
class DataSource(Record):
    """What was evaluated on.

    Attributes:
        name: what people call the set.
        sha256: of the clips that take part and their labels, in order.
        clips: how many take part.
    """

    name: str
    sha256: str
    clips: int

    def __post_init__(self) -> None:
        check_fields(self, positive=("clips",))


@dataclass(frozen=True, kw_only=True)
class SplitSource(Record):
    """Who learned and who was tested.

    Attributes:
        description: in words, such as ``"subjects:ann,bob"``.
        sha256: of the masks.
        folds: how many.
        train: training clips a fold, rounded mean.
        test: test clips of all folds together.
    """

    description: str
    sha256: str
    folds: int
    train: int
    test: int

    def __post_init__(self) -> None:
        check_fields(self, positive=("folds", "train", "test"))


@dataclass(frozen=True, kw_only=True)
class EvaluationRecord(Record):
    """One contender under one protocol, on one split.

    Attributes:
        contender: ``"model"``, or the baseline that it is.
        protocol: its title.
        parameters: of the protocol.
        model, data, split: what was evaluated, on what.
        seeds: (R,) one a run; empty where nothing is random, and there is one run.
        top_1: (R,) share of the test clips of all folds that were found, 0 to 1.
        top_5: (R,) share whose class is among the best five; empty for five classes or fewer.
        classes: K, sorted.
        per_class: class (as text) to mean share found; classes without a test clip are left out.
        confusion: (K, K) counts [true, called], summed over folds and runs.
        versions, machine, created: where and when.

    Example:
        >>> record = EvaluationRecord(
        ...     contender="model", protocol="1-NN", parameters={"k": 1}, model=ModelSource(name="default"),
        ...     data=DataSource(name="gym", sha256="", clips=9),
        ...     split=SplitSource(description="kfold:3", sha256="", folds=3, train=6, test=9),
        ...     seeds=(0, 1), top_1=(0.5, 0.75),
        ... )
        >>> EvaluationRecord.from_dict(record.to_dict()) == record, record.mean
        (True, 0.625)
    """  # fmt: skip

    contender: Contender
    protocol: str
    parameters: dict[str, object]
    model: ModelSource
    data: DataSource
    split: SplitSource
    seeds: tuple[int, ...]
    top_1: tuple[float, ...]
    top_5: tuple[float, ...] = ()
    classes: tuple[object, ...] = ()
    per_class: dict[str, float] = field(default_factory=dict)
    confusion: tuple[tuple[int, ...], ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)
    created: str = ""
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        check_fields(self)
        if self.format_version != FORMAT_VERSION:
            raise ConfigError(
                f"format_version is {short(self.format_version)}; this skelrep reads {FORMAT_VERSION}. "
                "Upgrade skelrep."
            )
        runs, classes = len(self.top_1), len(self.classes)
        if not runs or len(self.seeds) not in ((0, 1) if runs == 1 else (runs,)):
            raise ConfigError(f"top_1 has {runs} values and seeds {len(self.seeds)}; expected one a run.")
        if len(self.top_5) not in (0, runs):
            raise ConfigError(f"top_5 has {len(self.top_5)} values; expected none or {runs}, one a run.")
        if not all(0 <= share <= 1 for share in (*self.top_1, *self.top_5, *self.per_class.values())):
            raise ConfigError("top_1, top_5 and per_class hold a share that is not from 0 to 1.")
        if self.confusion and {len(self.confusion), *map(len, self.confusion)} != {classes}:
            raise ConfigError(f"confusion is not {classes} x {classes}, one row and column a class.")

    @property
    def mean(self) -> float:
        """Mean top-1 over the runs."""
        return float(np.mean(self.top_1))

    @property
    def deviation(self) -> float | None:
        """Sample deviation of top-1 over the runs; None for one run."""
        return float(np.std(self.top_1, ddof=1)) if len(self.top_1) > 1 else None


def write_records(path: str | os.PathLike[str], records: Iterable[EvaluationRecord]) -> None:
    """Write records as JSON, whole or not at all.

    Raises:
        OutputError: the file cannot be written; whatever stood there stays.
    """
    data = {"format_version": FORMAT_VERSION, "records": [record.to_dict() for record in records]}
    text = json.dumps(data, indent=1, ensure_ascii=True, allow_nan=False)
    with atomic_write(path) as file:
        file.write(text.encode() + b"\n")


def read_records(path: str | os.PathLike[str]) -> list[EvaluationRecord]:
    """Read what `write_records` wrote, strictly.

    Raises:
        FormatError: no such file, not JSON, or not records of this version; the error names the field.
    """
    try:
        data = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is not JSON ({error}); expected what write_records wrote.") from error
    if not isinstance(data, dict) or set(data) != {"format_version", "records"}:
        raise FormatError(f"{path} is no file of evaluation records; expected what write_records wrote.")
    if data["format_version"] != FORMAT_VERSION or not isinstance(data["records"], list):
        raise FormatError(
            f"{path} has format_version {short(data['format_version'])}; this skelrep reads {FORMAT_VERSION}."
        )
    return [_read(one, f"{path}: records[{place}]") for place, one in enumerate(data["records"])]


def _read(data: object, where: str) -> EvaluationRecord:
    try:
        return EvaluationRecord.from_dict(data, where)
    except ConfigError as error:
        raise FormatError(str(error) if str(error).startswith(where) else f"{where}: {error}") from error
    except TypeError as error:  # a field without a default is missing
        raise FormatError(f"{where} lacks a field ({error}).") from error
